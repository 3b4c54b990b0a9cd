"""The trail and the read model."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from domain.state import Status
from storage import contracts, records
from storage.database import Database
from storage.tables import audit_entry
from tests.storage.samples import CONTRACT, record, row, shown


@pytest.fixture(autouse=True)
async def _begun(database: Database) -> None:
    async with database.write() as connection:
        await contracts.begin(connection, row())


async def test_a_record_is_written_once(database: Database) -> None:
    """However often a record arrives, and from how many sides at once, each entry is there once."""

    async def write() -> None:
        async with database.write() as connection:
            await records.write(connection, record(2, "quoted", "quote_accepted"))

    await asyncio.gather(*(write() for _ in range(5)))
    async with database.read() as connection:
        found = await contracts.entries(connection, CONTRACT, after=0, limit=10)
    assert found == list(record(2, "quoted", "quote_accepted").entries)


async def test_the_view_only_moves_forward(database: Database) -> None:
    """A record that arrives late adds its entries and leaves the newer view."""
    async with database.write() as connection:
        await records.write(connection, record(3, "order_placed", status=Status.DRAFT))
        await records.write(connection, record(2, "quoted", "quote_accepted"))
    async with database.read() as connection:
        kept = await contracts.read(connection, CONTRACT)
        count = await connection.scalar(select(func.count()).select_from(audit_entry))
    assert kept == shown(3, status=Status.DRAFT)
    assert count == 3


async def test_another_story_is_not_written(database: Database) -> None:
    """What differs from the trail at the same place is refused whole: it comes from a backup of another age.

    What is new in it is not written either, nor its view; and a repeat with something new is no other story.
    """
    async with database.write() as connection:
        await records.write(connection, record(2, "quoted", "quote_accepted"))
    with pytest.raises(records.AnotherStoryError, match=r"entry 2 of .* is `quote_accepted` .* tells of `rejected`"):
        async with database.write() as connection:
            await records.write(connection, record(4, "quoted", "rejected", "a", "b"))
    async with database.write() as connection:
        await records.write(connection, record(3, "quoted", "quote_accepted", "order_placed"))
    async with database.read() as connection:
        found = await contracts.entries(connection, CONTRACT, after=0, limit=10)
    assert [item.kind for item in found] == ["quoted", "quote_accepted", "order_placed"]


async def test_the_trail_is_never_changed(database: Database) -> None:
    """Nobody changes or deletes what has been written."""
    async with database.write() as connection:
        await records.write(connection, record(1, "quoted"))
    for forbidden in (update(audit_entry).values(by="nobody"), delete(audit_entry)):
        with pytest.raises(DBAPIError, match="written once"):
            async with database.write() as connection:
                await connection.execute(forbidden)


async def test_the_trail_has_pages(database: Database) -> None:
    """A page begins after the entry that the last one ended with."""
    async with database.write() as connection:
        await records.write(connection, record(5, "quoted", "a", "b", "c", "d"))
    async with database.read() as connection:
        first = await contracts.entries(connection, CONTRACT, after=0, limit=3)
        second = await contracts.entries(connection, CONTRACT, after=first[-1].seq, limit=3)
    assert [item.kind for item in (*first, *second)] == ["quoted", "a", "b", "c", "d"]
