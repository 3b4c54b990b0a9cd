"""What is to come for some contracts: their states brought up to date, their deadlines thought out."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from domain.deadlines import Deadline, deadlines
from domain.forecast.asked import Selection
from domain.forecast.future import Programmes, agreed
from domain.forecast.kept import Kept, brought_up, unpacked
from domain.forecast.suppose import Answers
from storage import states
from storage.database import Database
from storage.states import Behind

_AT_A_TIME = 50


async def upcoming(
    database: Database, selection: Selection, *, now: datetime, days: int, most: int
) -> tuple[Deadline, ...]:
    """The deadlines of so many days, of at most so many contracts: those that do something soonest."""
    async with database.read() as connection:
        programmes = await states.programmes(connection)
    await _bring_up(database, selection, programmes)
    async with database.read() as connection:
        rows = await states.soonest(connection, selection, most)
    found: list[Deadline] = []
    for start in range(0, len(rows), _AT_A_TIME):
        # In slices, so that a large house's calendar never holds up another request for long.
        found += await asyncio.to_thread(_thought, rows[start : start + _AT_A_TIME], programmes, now, days)
    return tuple(sorted(found, key=lambda item: (item.on, item.contract, item.kind, item.occurrence)))


async def _bring_up(database: Database, selection: Selection, programmes: Programmes) -> None:
    after = ""
    while True:
        async with database.read() as connection:
            some = await states.behind(connection, selection, after=after, limit=_AT_A_TIME)
        if not some:
            return
        after = some[-1].number
        kept = await asyncio.to_thread(_followed, some, programmes)
        async with database.write() as connection:
            await states.keep(connection, kept)


def _followed(some: list[Behind], programmes: Programmes) -> list[Kept]:
    return [brought_up(item.row, item.entries, programmes.of(item.programme)) for item in some]


def _thought(rows: list[tuple[str, Kept]], programmes: Programmes, now: datetime, days: int) -> list[Deadline]:
    worlds = agreed(programmes, Answers()).worlds
    found: list[Deadline] = []
    for programme, row in rows:
        contract = unpacked(row, programmes.of(programme))
        contract = contract.model_copy(update={"at": max(contract.at, now)})
        found += deadlines(contract, worlds[programme], now + timedelta(days=days))
    return found
