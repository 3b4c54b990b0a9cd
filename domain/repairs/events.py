"""What has become of repairs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from domain.bill import Bill
from domain.envelope import Event


class RepairDone(Event):
    """A repair was done; ``bill`` holds what it costs outside cover."""

    kind: Literal["repair_done"] = "repair_done"
    case: str
    serial: str
    hours: Decimal
    bill: Bill | None = None


class RepairQuoted(Event):
    """The customer was quoted what a repair outside cover would cost: ``offer`` is what would be billed."""

    kind: Literal["repair_quoted"] = "repair_quoted"
    case: str
    serial: str
    number: int
    offer: Bill
    answer_by: date


class RepairQuoteAnswered(Event):
    """The quote of a repair was accepted or declined; no answer in time declines it."""

    kind: Literal["repair_quote_answered"] = "repair_quote_answered"
    case: str
    number: int
    accepted: bool
    reason: str | None = None


class RepairDisputed(Event):
    """The customer says that a repair should not have been billed."""

    kind: Literal["repair_disputed"] = "repair_disputed"
    case: str
    serial: str
    machine_type: str
    reason: str


class DisputeDecided(Event):
    """Who is right about a repair's charge; ``credit`` gives it back where the customer is."""

    kind: Literal["dispute_decided"] = "dispute_decided"
    case: str
    upheld: bool
    reason: str | None = None
    credit: Bill | None = None
