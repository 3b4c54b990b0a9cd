"""Devices as they are looked up: one, or very many at once."""

from __future__ import annotations

from typing import Any

from storage import people
from storage.database import Database

MANY = 40_000


async def test_very_many_devices_are_looked_up_at_once(database: Database) -> None:
    """More than a database takes parameters for; only those that are known are found."""
    row: dict[str, Any] = {"model": "M1", "device_type": "printer", "country": "FR", "cover": [], "facts": {}}
    row |= {"in_use_since": None, "support_ends": None}
    async with database.write() as connection:
        await people.keep_new_devices(connection, [row | {"serial": serial} for serial in ("SN-7", "SN-39999")])
        await people.keep_new_devices(connection, [row | {"serial": "SN-7", "model": "M2"}])
    async with database.read() as connection:
        found = await people.find_devices(connection, [f"SN-{number}" for number in range(MANY)])
    assert {serial: device["model"] for serial, device in found.items()} == {"SN-7": "M1", "SN-39999": "M1"}
