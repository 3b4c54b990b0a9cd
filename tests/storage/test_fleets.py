"""Fleets as rows: replaced as a whole, read in chunks, counted as they are at one moment."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from domain.fleet.census import FleetDevice, census
from domain.fleet.terms import FleetTerms
from domain.state import Cover
from storage import fleets
from storage.database import Database
from storage.tables import fleet_device
from tests.storage.samples import AT

DAY = date(2027, 3, 1)
TERMS = FleetTerms.model_validate(
    {
        "rule": "SMP-2",
        "audit_rule": "SMP-6",
        "excluded_rule": "SMP-8",
        "kinds": {"desktop": "pc", "printer": "printer"},
        "covered_by": ["warranty"],
    }
)


@pytest.fixture(autouse=True)
async def _fleets(database: Database) -> None:
    async with database.write() as connection:
        for name in ("F-1", "F-2"):
            await fleets.create(
                connection, {"id": name, "customer": "c-1", "programme": "SMP", "created_at": AT, "imported_at": None}
            )


def some(number: int, kind: str = "desktop", *, included: bool = True) -> Iterator[FleetDevice]:
    """So many devices, each made when it is asked for."""
    for n in range(number):
        yield FleetDevice(
            serial=f"{kind[0]}-{n:06d}",
            kind=kind,
            model="Modèle",
            country="FR",
            included=included,
            cover=(Cover(kind="warranty", last_day=date(2027, 3, 1 + n % 2)),),
        )


async def imported(database: Database, devices: Iterator[FleetDevice], name: str = "F-1") -> int:
    """The devices as a fleet's, in a transaction of their own."""
    async with database.write() as connection:
        return await fleets.replace(connection, name, devices, AT)


async def rows(database: Database) -> int:
    """How many devices all fleets have."""
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(fleet_device)) or 0


async def test_a_fleet_is_replaced_as_a_whole(database: Database) -> None:
    """A second import leaves nothing of the first one, and another fleet alone."""
    await imported(database, some(3, "printer"), "F-2")
    assert await imported(database, some(2500)) == 2500
    assert await imported(database, some(10)) == 10
    async with database.read() as connection:
        assert await fleets.totals(connection, "F-1") == {"desktop": {True: 10}}
        assert await fleets.totals(connection, "F-2") == {"printer": {True: 3}}
        found = await fleets.find(connection, "F-1")
    assert found is not None
    assert found["imported_at"] == AT


async def test_nothing_is_half_imported(database: Database) -> None:
    """A serial number that comes twice, far behind, undoes the whole import; what was there stays."""
    await imported(database, some(5))

    def broken() -> Iterator[FleetDevice]:
        yield from some(2500)
        yield from some(1)

    with pytest.raises(IntegrityError):
        await imported(database, broken())
    assert await rows(database) == 5


async def test_devices_come_back_as_they_went(database: Database) -> None:
    """Page by page, in order; one by its serial number; none of another fleet."""
    await imported(database, some(7))
    async with database.read() as connection:
        first = await fleets.page(connection, "F-1", after=None, limit=5)
        rest = await fleets.page(connection, "F-1", after=first[-1].serial, limit=5)
        one = await fleets.device(connection, "F-1", "d-000003")
        other = await fleets.device(connection, "F-2", "d-000003")
    assert [*first, *rest] == list(some(7))
    assert (one, other) == (first[3], None)


async def test_a_census_is_what_memory_would_count(database: Database) -> None:
    """Over several chunks the count is that of the devices themselves; the day decides who is covered."""
    await imported(database, some(2501))
    async with database.read() as connection:
        found = await fleets.census(connection, "F-1", TERMS, date(2027, 3, 2))
    assert found == census(TERMS, some(2501), date(2027, 3, 2))
    assert (found.counted, found.uncovered) == ({"pc": 1250}, 1251)


async def test_a_census_sees_one_moment(database: Database) -> None:
    """A fleet that is replaced while it is read is counted as it was when the count began."""
    await imported(database, some(1500))
    async with database.read() as connection:
        reading = fleets.devices(connection, "F-1")
        seen = [await anext(reading)]
        await imported(database, some(4000, "printer"))
        seen += [item async for item in reading]
    assert len(seen) == 1500
    assert {item.kind for item in seen} == {"desktop"}


async def test_two_imports_take_turns(database: Database) -> None:
    """Of two imports at the same moment one is what remains, whole."""
    await asyncio.gather(imported(database, some(1200)), imported(database, some(1100, "printer")))
    async with database.read() as connection:
        assert list((await fleets.totals(connection, "F-1")).values()) in ([{True: 1200}], [{True: 1100}])


async def test_twenty_thousand_devices_take_little_memory(database: Database) -> None:
    """An import and a count hold a chunk at a time, however many there are."""
    tracemalloc.start()
    try:
        await imported(database, some(20_000))
        async with database.read() as connection:
            found = await fleets.census(connection, "F-1", TERMS, DAY)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.counted == {"pc": 20_000}
    assert peak < 16 * 1024 * 1024
