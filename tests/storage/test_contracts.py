"""Contracts in lists: found by what they are, page by page."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from domain.state import Status, Term
from storage import contracts, records
from storage.contracts import Filters
from storage.database import Database
from tests.storage.samples import AT, record, row

TERM = Term(number=1, first=date(2026, 6, 1), last=date(2027, 5, 31), months=12)
SHELF: dict[str, dict[str, Any]] = {
    "A": {},
    "B": {"status": Status.ACTIVE, "term": TERM},
    "C": {"status": Status.ACTIVE, "reseller": "Papeterie", "attention": ("payment declined",)},
    "D": {"clock": "demo", "programme": "OTH"},
}


@pytest.fixture
async def shelf(database: Database) -> Database:
    """Four contracts, and one that has not started."""
    async with database.write() as connection:
        for number, changes in SHELF.items():
            await contracts.begin(connection, row(number))
            await records.write(connection, record(1, "quoted", number=number, **changes))
        await contracts.begin(connection, row("E"))
    return database


async def _numbers(database: Database, **filters: Any) -> str:
    async with database.read() as connection:
        found = await contracts.page(connection, Filters(**filters), after=None, limit=10)
    return "".join(view.number for view in found)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "ABCD"),
        ({"status": "Active"}, "BC"),
        ({"programme": "OTH"}, "D"),
        ({"customer": "c-1"}, "ABCD"),
        ({"customer": "c-2"}, ""),
        ({"reseller": "Papeterie"}, "C"),
        ({"attention": True}, "C"),
        ({"attention": False, "status": "Active"}, "B"),
        ({"clock": "demo"}, "D"),
        ({"serial": "SN1"}, "ABCD"),
        ({"serial": "SN2"}, ""),
        ({"ends_from": date(2027, 5, 31), "ends_until": date(2027, 5, 31)}, "B"),
        ({"ends_from": date(2027, 6, 1)}, ""),
        ({"ends_until": date(2027, 5, 30)}, ""),
    ],
)
async def test_filters_narrow(shelf: Database, filters: dict[str, Any], expected: str) -> None:
    """Each filter leaves just the contracts that it names; one that has not started is in no list."""
    assert await _numbers(shelf, **filters) == expected


async def test_pages_follow_each_other(shelf: Database) -> None:
    """Page after page gives every contract once, also when others come in between."""
    seen: list[str] = []
    while True:
        async with shelf.write() as connection:
            await contracts.begin(connection, row(f"0{len(seen)}"))
            await records.write(connection, record(1, "quoted", number=f"0{len(seen)}"))
            page = await contracts.page(connection, Filters(), after=seen[-1] if seen else "A", limit=2)
        if not page:
            break
        seen += [view.number for view in page]
    assert seen == ["B", "C", "D"]


async def test_a_contract_is_begun_once(database: Database) -> None:
    """A creation asked for many times at once leaves one row, with the first start."""

    async def begin(n: int) -> None:
        async with database.write() as connection:
            await contracts.begin(connection, row(f"N{n}", creation_key="same"))

    await asyncio.gather(*(begin(n) for n in range(8)))
    async with database.read() as connection:
        found = await contracts.created(connection, "same")
        waiting = await contracts.unstarted(connection, AT + timedelta(seconds=1))
    assert found is not None
    assert waiting == [found["number"]]


async def test_only_what_waits_for_its_start_is_unstarted(shelf: Database) -> None:
    """Contracts that have reported, and those written down just now, are left alone."""
    async with shelf.read() as connection:
        assert await contracts.unstarted(connection, AT + timedelta(seconds=1)) == ["E"]
        assert await contracts.unstarted(connection, AT) == []


async def test_what_is_unstarted_is_asked_for_some_at_a_time(database: Database) -> None:
    """By number, each once, however many wait; who has read the last begins again with the first."""
    async with database.write() as connection:
        for n in range(5):
            await contracts.begin(connection, row(f"N{n}", creation_key=f"key-{n}"))
    seen: list[list[str]] = []
    async with database.read() as connection:
        while not seen or seen[-1]:
            after = seen[-1][-1] if seen else None
            seen.append(await contracts.unstarted(connection, AT + timedelta(seconds=1), after=after, limit=2))
    assert seen == [["N0", "N1"], ["N2", "N3"], ["N4"], []]


async def test_only_an_unstarted_contract_is_abandoned(shelf: Database) -> None:
    """A contract that has started stays, whoever gives it up."""
    async with shelf.write() as connection:
        await contracts.abandon(connection, "A")
        await contracts.abandon(connection, "E")
        assert await contracts.read(connection, "A") is not None
        assert await contracts.created(connection, "create-E") is None
