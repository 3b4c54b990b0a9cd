"""What stands about a device: the device itself, the fleets that it is in, and the contracts that speak of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.fleet.census import FleetDevice
from domain.replacement.history import Spell
from storage import replacements
from storage.tables import contract, contract_device, device


class Spoken(NamedTuple):
    """A contract that speaks of a device, at a version of its read model; ``fleet`` is the one by which it does."""

    number: str
    version: int
    fleet: str | None


class Known(NamedTuple):
    """Everything that stands about a serial number."""

    device: dict[str, Any] | None
    in_fleets: dict[str, FleetDevice]
    contracts: list[Spoken]
    days: Spell = Spell()


# Made once: building a statement costs as much as running it.
_DEVICE = select(device).where(device.c.serial == bindparam("asked"))
_SPEAKING = (
    select(contract.c.number, contract.c.version, contract_device.c.serial)
    .join(contract_device, contract_device.c.contract == contract.c.number)
    .where(contract_device.c.serial.in_(bindparam("serials", expanding=True)), contract.c.view.is_not(None))
    .order_by(contract.c.number)
)
_ON_TIME = _SPEAKING.where(contract.c.clock.is_(None))
_ON_CLOCK = _SPEAKING.where(contract.c.clock == bindparam("clock"))


async def known(connection: AsyncConnection, serial: str, clock: str | None) -> Known:
    """What stands about a serial number, with its real contracts, or those that live on a test clock."""
    own = (await connection.execute(_DEVICE, {"asked": serial})).mappings().first()
    days, left = await replacements.of(connection, serial)
    fleets = left | await replacements.in_fleets(connection, serial)
    # A fleet stands on its contract under its own id, in the place of a serial number.
    query = _ON_TIME if clock is None else _ON_CLOCK
    asked = {"serials": [serial, *fleets]} | ({} if clock is None else {"clock": clock})
    spoken = [
        Spoken(row.number, row.version, None if row.serial == serial else row.serial)
        for row in await connection.execute(query, asked)
    ]
    return Known(dict(own) if own else None, fleets, spoken, days)
