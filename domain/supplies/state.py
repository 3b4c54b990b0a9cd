"""What a contract keeps of its supplies: little, whatever the number of orders."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.values import Amount, Carried, Text

KEPT_ORDERS = 10
"""Finished orders that are kept to answer questions; the trail has all."""

KEPT_CARTRIDGES = 4
"""Former cartridges of a supply that are remembered, so that one that is put back is not told of again."""

Told = Literal["low", "near_empty"]
OrderStatus = Literal["ordered", "late", "shipped", "delivered", "cancelled"]


class Item(Carried):
    """One kind of supply in an order; ``price`` is net, for one, in the contract's currency."""

    sku: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
    text: Text
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1
    price: Amount = Decimal(0)
    eligible: bool = True


class SupplyOrder(Carried):
    """One order of supplies for a device."""

    id: str
    line: str
    placed_at: datetime
    items: tuple[Item, ...]
    status: OrderStatus = "ordered"
    reference: str | None = None


class Kept(Carried):
    """How a line's cover stands: eligible supplies ordered, the last order's date, the warning for its window."""

    line: str
    counted: int = 0
    last_order: date | None = None
    warned: bool = False


class Cartridge(Carried):
    """The cartridge that is in a device, and the alerts that have gone out for it."""

    line: str
    supply: str
    cartridge: str
    told: tuple[Told, ...] = ()


class Supplies(Carried):
    """Everything about a contract's supplies."""

    orders: tuple[SupplyOrder, ...] = ()
    kept: tuple[Kept, ...] = ()
    cartridges: tuple[Cartridge, ...] = ()

    def of(self, line: str) -> Kept:
        """How a line's cover stands."""
        return next((item for item in self.kept if item.line == line), Kept(line=line))

    def order(self, order: str) -> SupplyOrder | None:
        """An order by its id, while it is kept."""
        return next((item for item in self.orders if item.id == order), None)

    def told(self, line: str, supply: str, cartridge: str) -> tuple[Told, ...]:
        """The alerts that have gone out for a cartridge."""
        for item in self.cartridges:
            if (item.line, item.supply, item.cartridge) == (line, supply, cartridge):
                return item.told
        return ()
