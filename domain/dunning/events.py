"""What makes an invoice unpaid again, and what has been done about an unpaid one."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from domain.dunning.commands import Reversal
from domain.dunning.terms import Act
from domain.envelope import Event


class Dunned(Event):
    """A step was taken about an unpaid invoice; ``days`` is for how long it has been unpaid."""

    kind: Literal["dunned"] = "dunned"
    invoice: str
    step: int
    do: Act
    days: int


class PaymentReversed(Event):
    """A payment was taken back after it had come in: ``amount`` of its invoice, gross, is unpaid again."""

    kind: Literal["payment_reversed"] = "payment_reversed"
    invoice: str
    amount: Decimal
    cause: Reversal
    reference: str | None = None
    reason: str | None = None
