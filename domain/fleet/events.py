"""What has happened to a contract's fleet."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.envelope import Event
from domain.fleet.state import ByClass, Census, Named


class AuditDue(Event):
    """The time to count the fleet came: so many months after activation, or because the term's renewal was opened."""

    kind: Literal["audit_due"] = "audit_due"
    occasion: Literal["periodic", "renewal"]
    months: int | None = None
    term: int | None = None


class FleetAudited(Event):
    """The fleet was counted and compared with the minimum of its level and with what was agreed."""

    kind: Literal["fleet_audited"] = "fleet_audited"
    census: Census
    shortfall: ByClass = Field(default_factory=dict)
    excess: ByClass = Field(default_factory=dict)


class AdjustmentOpened(Event):
    """The fleet differs from what was agreed: people must settle it, nothing is changed or billed meanwhile."""

    kind: Literal["adjustment_opened"] = "adjustment_opened"
    adjustment: str
    shortfall: ByClass = Field(default_factory=dict)
    excess: ByClass = Field(default_factory=dict)
    missing: int = 0
    missing_serials: Named = ()


class AdjustmentSettled(Event):
    """A difference between the fleet and what was agreed was settled; ``census`` is what counts from now on."""

    kind: Literal["adjustment_settled"] = "adjustment_settled"
    adjustment: str
    how: Literal["true_up", "level_change", "dismissed"]
    reason: str
    census: Census | None = None
    shortfall: ByClass = Field(default_factory=dict)
