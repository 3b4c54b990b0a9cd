"""What people and systems may say of devices that are exchanged."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.envelope import Command
from domain.state import Cover
from domain.values import Carried, Name, Text


class NewDevice(Carried):
    """The device that takes another one's place, with the cover that it has."""

    serial: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
    model: Text
    cover: tuple[Cover, ...] = ()
    facts: dict[Name, bool] = Field(default_factory=dict)
    in_use_since: date | None = None
    support_ends: date | None = None


class ReplaceDevice(Command):
    """Exchange a device for another one, from a day on; ``in_fleet`` where it is one of the contract's fleet."""

    kind: Literal["replace_device"] = "replace_device"
    serial: str
    device: NewDevice
    on: date | None = None
    in_fleet: bool = False
    reason: Text | None = None
