"""What has happened to a contract's supplies and to the cover that they keep."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from domain.bill import Bill
from domain.envelope import Event
from domain.supplies.state import Item, Told


class SupplyOrdered(Event):
    """Supplies were ordered for a line's device; ``counted`` of them keep its cover."""

    kind: Literal["supply_ordered"] = "supply_ordered"
    order: str
    line: str
    on: date
    items: tuple[Item, ...]
    counted: int
    ship_by: AwareDatetime
    method: str | None = None
    bill: Bill


class SupplyMoved(Event):
    """An order of supplies was shipped, delivered or cancelled."""

    kind: Literal["supply_moved"] = "supply_moved"
    order: str
    status: Literal["shipped", "delivered", "cancelled"]
    reference: str | None = None
    credit: Bill | None = None


class SupplyLate(Event):
    """An order had not shipped in time."""

    kind: Literal["supply_late"] = "supply_late"
    order: str


class SupplyAlert(Event):
    """A cartridge was found low, or near empty."""

    kind: Literal["supply_alert"] = "supply_alert"
    line: str
    supply: str
    cartridge: str
    level: Told
    percent: int


class ContinuityWarned(Event):
    """The window closes soon in which an order keeps the cover alive."""

    kind: Literal["continuity_warned"] = "continuity_warned"
    line: str
    last_day: date


class CoverLost(Event):
    """A line's cover ended, and why."""

    kind: Literal["cover_lost"] = "cover_lost"
    line: str
    last_day: date
    reason: Literal["gap", "foreign", "age", "support_ended"]
