"""Devices that were exchanged: by what and when, and the rows of their fleets before and after it."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.fleet.census import FleetDevice
from domain.replacement.history import Spell
from storage import fleets
from storage.database import insert
from storage.tables import device_replacement, fleet_device

# Made once: they are asked whenever somebody asks for a device.
_EXCHANGES = (
    select(device_replacement)
    .where(
        or_(device_replacement.c.serial == bindparam("asked"), device_replacement.c.replaced_by == bindparam("asked"))
    )
    .order_by(device_replacement.c.on)
)
_FLEETS = select(fleet_device).where(fleet_device.c.serial == bindparam("asked"))


async def note(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Write down that a device was replaced; one that had been replaced by it before is in service again."""
    again = device_replacement.delete().where(device_replacement.c.serial == values["replaced_by"])
    await connection.execute(again)
    made = insert(connection, device_replacement).values(values)
    changes = {name: value for name, value in values.items() if name != "serial"}
    await connection.execute(made.on_conflict_do_update(index_elements=["serial"], set_=changes))


async def of(connection: AsyncConnection, serial: str) -> tuple[Spell, dict[str, FleetDevice]]:
    """The days of a device between its exchanges, and what the fleets knew of it that it has left."""
    rows = list(await connection.execute(_EXCHANGES, {"asked": serial}))
    left = next((row for row in rows if row.serial == serial), None)
    came = next((row for row in reversed(rows) if row.replaced_by == serial), None)
    days = Spell(
        since=came.on if came else None,
        replaces=came.serial if came else None,
        until=left.on if left else None,
        replaced_by=left.replaced_by if left else None,
    )
    was = left.was if left else {}
    return days, {fleet: FleetDevice.model_validate(known) for fleet, known in was.items()}


async def in_fleets(connection: AsyncConnection, serial: str) -> dict[str, FleetDevice]:
    """What each fleet that has a device knows of it."""
    rows = await connection.execute(_FLEETS, {"asked": serial})
    return {row.fleet: fleets.as_device(row) for row in rows}


async def exchange_in_fleet(connection: AsyncConnection, fleet: str, serial: str, device: FleetDevice) -> None:
    """Put another device in the place of one of a fleet; nothing changes the second time."""
    gone = fleet_device.delete().where(fleet_device.c.fleet == fleet, fleet_device.c.serial == serial)
    await connection.execute(gone)
    row = fleets.as_row(fleet, device)
    await connection.execute(insert(connection, fleet_device).values(row).on_conflict_do_nothing())


def values(serial: str, replaced_by: str, on: date, was: dict[str, FleetDevice], **more: Any) -> dict[str, Any]:
    """The row of an exchange."""
    known = {fleet: device.model_dump(mode="json") for fleet, device in was.items()}
    return {"serial": serial, "replaced_by": replaced_by, "on": on, "was": known} | more
