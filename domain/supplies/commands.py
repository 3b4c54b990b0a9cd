"""What may be asked and said about supplies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from domain.envelope import Command
from domain.supplies.state import Item
from domain.values import Name, Text

OrderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
CartridgeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,60}$")]


class OrderSupply(Command):
    """Order supplies for a device; ``method`` is the payment provider's token, or none to pay on account."""

    kind: Literal["order_supply"] = "order_supply"
    order: OrderId
    serial: str
    items: tuple[Item, ...] = Field(min_length=1, max_length=50)
    method: Text | None = None


class ReportShipment(Command):
    """Say how an order of supplies stands."""

    kind: Literal["report_shipment"] = "report_shipment"
    order: OrderId
    status: Literal["shipped", "delivered", "cancelled"]
    reference: Text | None = None


class ReportLevel(Command):
    """Say how full a device's cartridge is, in percent."""

    kind: Literal["report_level"] = "report_level"
    serial: str
    supply: Name
    cartridge: CartridgeId
    percent: Annotated[int, Field(ge=0, le=100)]


class ReportForeignSupply(Command):
    """Say that a device has a supply in it that was not ordered through the programme, genuine or not."""

    kind: Literal["report_foreign_supply"] = "report_foreign_supply"
    serial: str
    supply: Name
    genuine: bool = False
