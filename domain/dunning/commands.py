"""What the payment provider or the bank says of money that it took back."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.envelope import Command
from domain.values import Text

Reversal = Literal["dispute", "returned"]
"""`dispute`: the customer has the payment charged back. `returned`: the bank did not honour a direct debit."""


class ReportReversal(Command):
    """Say that the payment of an invoice, named by its key, was taken back: ``amount`` of it, gross."""

    kind: Literal["report_reversal"] = "report_reversal"
    invoice: str
    amount: Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=4)]
    cause: Reversal
    reference: Text | None = None
    reason: Text | None = None
