"""What a contract must know of its money to give back what is not owed."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from domain.values import Carried


class Account(Carried):
    """Gross amounts in the contract's currency; kept only where the terms settle credits or go after what is unpaid.

    ``open`` is what is still to be paid of invoices, by their keys, the oldest first; ``credit`` what was credited and
    is neither refunded nor set off; ``set_off`` what credit has paid of the latest event's bill, by its key;
    ``applied`` what the latest credit has paid of invoices that were open.
    """

    open: dict[str, Decimal] = Field(default_factory=dict)
    credit: Decimal = Decimal(0)
    set_off: dict[str, Decimal] = Field(default_factory=dict)
    applied: dict[str, Decimal] = Field(default_factory=dict)

    @property
    def favour(self) -> Decimal:
        """What stands in the customer's favour: credited, less what is still owed."""
        return max(Decimal(0), self.credit - sum(self.open.values(), Decimal(0)))
