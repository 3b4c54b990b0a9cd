"""Where a test clock stands, whoever says so late: it never turns back, and never goes to where it has been."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storage import clocks
from storage.database import Database
from tests.domain.samples import utc

BEGUN, SPRING, SUMMER = utc(2027, 1, 1), utc(2027, 4, 1), utc(2027, 7, 1)


async def _made(database: Database) -> None:
    async with database.write() as connection:
        await clocks.add(connection, "c", "a clock", BEGUN)


async def _stands(database: Database) -> tuple[Any, Any]:
    async with database.read() as connection:
        row = await clocks.find(connection, "c")
    assert row is not None
    return row["now"], row["target"]


async def _go(database: Database, *steps: tuple[str, datetime]) -> None:
    for name, at in steps:
        async with database.write() as connection:
            await getattr(clocks, name)(connection, "c", at)


async def test_a_clock_that_has_arrived_is_not_sent_there_again(database: Database) -> None:
    """A move whose end was not heard is repeated: meanwhile the clock is ready, as it was said to be."""
    await _made(database)
    await _go(database, ("aim", SPRING), ("arrive", SPRING), ("aim", SPRING))
    assert await _stands(database) == (SPRING, None)


async def test_a_late_move_neither_stops_nor_turns_the_clock(database: Database) -> None:
    """Somebody who was asked for an earlier move, and comes late, changes nothing about where the clock is going."""
    await _made(database)
    await _go(database, ("aim", SPRING), ("arrive", SPRING), ("aim", SUMMER), ("aim", SPRING), ("arrive", SPRING))
    assert await _stands(database) == (SPRING, SUMMER)
    await _go(database, ("arrive", SUMMER), ("arrive", SPRING))
    assert await _stands(database) == (SUMMER, None)
