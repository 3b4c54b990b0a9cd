"""A moment in which nobody writes: held while copies are made that must be of one age."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.database import Database
from storage.tables import metadata

PATIENCE = timedelta(seconds=60)
_PAUSE_SECONDS = 0.05


class NeverQuiet(Exception):
    """Somebody was writing all the time."""


@asynccontextmanager
async def held(database: Database, patience: timedelta = PATIENCE) -> AsyncIterator[None]:
    """While the block lasts nothing is committed to the database by anybody; reading goes on.

    Whoever wants to write waits, so the block should be short. Raises NeverQuiet where no moment is found.
    """
    if database.is_sqlite:
        # SQLite's one turn to write is the whole lock.
        async with database.write():
            yield
        return
    names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
    until = asyncio.get_running_loop().time() + patience.total_seconds()
    while True:
        async with database.engine.connect() as connection:
            try:
                # Not waiting for one table while holding another: two who do that would wait for each other.
                await connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE NOWAIT"))
            except DBAPIError as error:
                if asyncio.get_running_loop().time() > until:
                    raise NeverQuiet(f"the database was being written to all the time: {error.orig}") from error
            else:
                yield
                return
        await asyncio.sleep(_PAUSE_SECONDS)


async def begin_numbers_later(database: Database, scope: str, by: int) -> None:
    """Let sequences whose scope begins so go on that much later: numbers that were given since are not given again."""
    later = text("UPDATE counter SET value = value + :by WHERE scope LIKE :scope")
    async with database.write() as connection:
        await connection.execute(later, {"by": by, "scope": f"{scope}%"})
