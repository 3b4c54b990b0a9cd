"""What has happened to devices that were exchanged."""

from __future__ import annotations

from datetime import date
from typing import Literal

from domain.envelope import Event
from domain.replacement.commands import NewDevice
from domain.state import Start


class DeviceReplaced(Event):
    """Another device took one's place on ``on``; its line goes on for it, and a start that waits for cover moved.

    ``lines`` are those that served it; none where it is one of the contract's fleet.
    """

    kind: Literal["device_replaced"] = "device_replaced"
    serial: str
    device: NewDevice
    on: date
    lines: tuple[str, ...] = ()
    starts: tuple[Start, ...] = ()
    reason: str | None = None
