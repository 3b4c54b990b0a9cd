"""What has become of entitlements."""

from __future__ import annotations

from datetime import date
from typing import Literal

from domain.envelope import Event


class EntitlementUsed(Event):
    """A use was planned; ``left`` is how many more the year has, none where it is free to use."""

    kind: Literal["entitlement_used"] = "entitlement_used"
    use: str
    item: str
    on: date
    line: str | None = None
    left: int | None = None
    note: str | None = None


class EntitlementReturned(Event):
    """A planned use was given back."""

    kind: Literal["entitlement_returned"] = "entitlement_returned"
    use: str
    item: str
    reason: str | None = None


class ObligationDue(Event):
    """Something that the contract includes fell due; it must be done by ``do_by``."""

    kind: Literal["obligation_due"] = "obligation_due"
    obligation: str
    item: str
    number: int
    due_on: date
    do_by: date
    line: str | None = None


class ObligationOverdue(Event):
    """What fell due was not done in time: a person must look at it."""

    kind: Literal["obligation_overdue"] = "obligation_overdue"
    obligation: str
    item: str


class ObligationMet(Event):
    """What fell due is done."""

    kind: Literal["obligation_met"] = "obligation_met"
    obligation: str
    item: str
    number: int
    late: bool = False
    note: str | None = None
