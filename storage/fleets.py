"""Fleets: thousands of devices as rows, read in chunks, replaced all at once or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.fleet.census import Count, FleetDevice
from domain.fleet.state import Census
from domain.fleet.terms import FleetTerms
from domain.state import Cover
from storage.database import insert
from storage.tables import fleet, fleet_device

CHUNK = 1000


async def create(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Write a fleet down; one that is there stays as it is."""
    await connection.execute(insert(connection, fleet).on_conflict_do_nothing(), values)


async def find(connection: AsyncConnection, fleet_id: str) -> dict[str, Any] | None:
    """A fleet by id, without its devices."""
    row = (await connection.execute(select(fleet).where(fleet.c.id == fleet_id))).mappings().first()
    return dict(row) if row else None


async def replace(connection: AsyncConnection, fleet_id: str, devices: Iterable[FleetDevice], at: datetime) -> int:
    """Put these devices in the place of all that the fleet had; answers how many they are.

    They are taken one chunk after the other. Whatever goes wrong undoes all of it with the transaction.
    """
    # Two imports of one fleet take turns: the second waits for the first one's end.
    await connection.execute(fleet.update().where(fleet.c.id == fleet_id), {"imported_at": at})
    await connection.execute(fleet_device.delete().where(fleet_device.c.fleet == fleet_id))
    count = 0
    for rows in _chunks(as_row(fleet_id, device) for device in devices):
        await connection.execute(fleet_device.insert(), rows)
        count += len(rows)
        await asyncio.sleep(0)  # others of this process have their turn
    return count


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def as_row(fleet_id: str, device: FleetDevice) -> dict[str, Any]:
    """A device as its row in a fleet."""
    return {
        "fleet": fleet_id,
        "serial": device.serial,
        "kind": device.kind,
        "model": device.model,
        "country": device.country,
        "included": device.included,
        "cover": {cover.kind: cover.last_day.isoformat() for cover in device.cover},
        "dates": {name: day.isoformat() for name, day in device.dates.items()},
    }


async def device(connection: AsyncConnection, fleet_id: str, serial: str) -> FleetDevice | None:
    """One device of a fleet, if it has it."""
    query = select(fleet_device).where(fleet_device.c.fleet == fleet_id, fleet_device.c.serial == serial)
    row = (await connection.execute(query)).first()
    return as_device(row) if row else None


async def page(connection: AsyncConnection, fleet_id: str, *, after: str | None, limit: int) -> list[FleetDevice]:
    """One page of a fleet's devices by serial number."""
    query = select(fleet_device).where(fleet_device.c.fleet == fleet_id).order_by(fleet_device.c.serial).limit(limit)
    if after is not None:
        query = query.where(fleet_device.c.serial > after)
    return [as_device(row) for row in await connection.execute(query)]


async def devices(connection: AsyncConnection, fleet_id: str) -> AsyncIterator[FleetDevice]:
    """Every device of a fleet by serial number, read in chunks, as they all were at one moment.

    It must be the first that the connection is asked for.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    last: str | None = None
    while chunk := await page(connection, fleet_id, after=last, limit=CHUNK):
        for item in chunk:
            yield item
        last = chunk[-1].serial
        await asyncio.sleep(0)  # others of this process have their turn


async def census(connection: AsyncConnection, fleet_id: str, terms: FleetTerms, on: date) -> Census:
    """A fleet's devices counted as the terms ask, on a date. It must be the first that the connection is asked for."""
    count = Count(terms, on)
    async for item in devices(connection, fleet_id):
        count.add(item)
    return count.census()


async def totals(connection: AsyncConnection, fleet_id: str) -> dict[str, dict[bool, int]]:
    """How many devices of each kind a fleet has, included and not."""
    query = (
        select(fleet_device.c.kind, fleet_device.c.included, func.count())
        .where(fleet_device.c.fleet == fleet_id)
        .group_by(fleet_device.c.kind, fleet_device.c.included)
        .order_by(fleet_device.c.kind)
    )
    found: dict[str, dict[bool, int]] = {}
    for kind, included, count in await connection.execute(query):
        found.setdefault(kind, {})[bool(included)] = count
    return found


def as_device(row: Any) -> FleetDevice:
    """A row as a device: it was checked when it came in."""
    cover = tuple(
        Cover.model_construct(kind=kind, last_day=date.fromisoformat(last)) for kind, last in row.cover.items()
    )
    return FleetDevice.model_construct(
        serial=row.serial,
        kind=row.kind,
        model=row.model,
        country=row.country,
        included=row.included,
        cover=cover,
        dates={name: date.fromisoformat(day) for name, day in row.dates.items()},
    )
