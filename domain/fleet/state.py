"""What a contract keeps of its fleet: counts and a few serial numbers, however many devices there are."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from domain.values import Carried, Name

NAMED = 20
"""How many devices, at most, a count names; the others it counts."""

MOST_KINDS = 10
"""How many kinds of device that are not eligible, at most, a count names."""

FleetId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
Many = Annotated[int, Field(ge=0, le=10_000_000)]
Named = Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")], ...], Field(max_length=NAMED)]
ByClass = Annotated[dict[Name, Many], Field(max_length=20)]


class Census(Carried):
    """The devices of an installed base, counted on a local date.

    ``counted`` are eligible, included and validly covered, by class; ``missing`` are the ones like them that are not
    included; ``uncovered`` and ``ineligible`` are included and should not be.
    """

    on: date
    devices: Many = 0
    counted: ByClass = Field(default_factory=dict)
    with_device: Many = 0
    uncovered: Many = 0
    uncovered_serials: Named = ()
    ineligible: Many = 0
    ineligible_kinds: Annotated[tuple[Name, ...], Field(max_length=MOST_KINDS)] = ()
    missing: Many = 0
    missing_serials: Named = ()


class Agreement(Carried):
    """What both sides last agreed upon: devices by class, and how many too few or left out that was accepted with."""

    counted: ByClass = Field(default_factory=dict)
    shortfall: ByClass = Field(default_factory=dict)
    missing: Many = 0


class Adjustment(Carried):
    """A difference between the fleet and what was agreed, which people must settle."""

    id: str
    opened_on: date
    shortfall: ByClass = Field(default_factory=dict)
    excess: ByClass = Field(default_factory=dict)
    missing: Many = 0


class FleetState(Carried):
    """A contract's fleet: where its devices are kept, what was agreed, and what the last count found.

    ``audited_months`` is how far after activation the periodic audits have come, ``audited_term`` the last term whose
    renewal had one.
    """

    fleet: FleetId
    agreed: Agreement
    last: Census
    adjustment: Adjustment | None = None
    adjustments: int = 0
    audited_months: int = 0
    audited_term: int = 0


def listed(serials: tuple[str, ...], total: int) -> str:
    """Serial numbers for a sentence: those that are named, and how many more there are."""
    more = f" and {total - len(serials)} more" if total > len(serials) else ""
    return ", ".join(serials) + more


def by_class(counts: dict[str, int]) -> str:
    """Numbers of devices by class for a sentence."""
    return " and ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "none"
