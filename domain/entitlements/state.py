"""What a contract keeps of its entitlements: what fell due and is not done, and what was used in this year."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from domain.values import Carried


class Obligation(Carried):
    """Something that fell due and must be done by a day, included; ``number`` counts from activation."""

    id: str
    item: str
    number: int
    due_on: date
    do_by: date
    line: str | None = None
    overdue: bool = False


class Use(Carried):
    """One use of an entitlement, planned for a day."""

    id: str
    item: str
    on: date
    line: str | None = None


class Entitled(Carried):
    """Open obligations, the last day on which each item fell due, and the uses that still count."""

    open: tuple[Obligation, ...] = ()
    last_due: dict[str, date] = Field(default_factory=dict)
    used: tuple[Use, ...] = ()
    use_count: int = 0
