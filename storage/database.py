"""The database: one writer at a time where it is SQLite, and a transaction for everything that is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from time import monotonic
from typing import Any

from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine, ExceptionContext, make_url
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import Table

from storage.sqlite import READS, as_json
from storage.sqlite import engine as sqlite_engine

_PASSES = ("08", "40", "53", "57")
"""Classes of SQLSTATE that may pass: connection, rollback, resources, and an operator's stop or start."""
_TRUSTED_SECONDS = 5.0
"""How long a connection that was good is taken to be good: what breaks within is told to who asked, and sent again."""


class Database:
    """The tables of one URL: `sqlite+aiosqlite:///path` or `postgresql+asyncpg://...`."""

    def __init__(self, url: str, *, connections: int = 10) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = sqlite_engine(url) if self.is_sqlite else _postgresql(url, connections)
        # SQLite has one writer: waiting here is fair, waiting in the file is a spin.
        self._turn: AbstractAsyncContextManager[Any] = asyncio.Lock() if self.is_sqlite else nullcontext()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, undone by any error in it."""
        async with self._turn, self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent look that holds up no writer."""
        async with self.engine.connect() as plain:
            connection = await plain.execution_options(**READS)
            yield connection

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncConnection]:
        """A look by statements that stand each for itself: with PostgreSQL no transaction is begun and ended for it."""
        if self.is_sqlite:
            async with self.read() as connection:
                yield connection
            return
        async with self._plain() as connection:
            yield connection

    @asynccontextmanager
    async def at_once(self) -> AsyncIterator[AsyncConnection]:
        """Statements that each write for itself and are kept at once: with PostgreSQL without beginning and ending."""
        if self.is_sqlite:
            async with self.write() as connection:
                yield connection
            return
        async with self._plain() as connection:
            yield connection

    @asynccontextmanager
    async def _plain(self) -> AsyncIterator[AsyncConnection]:
        async with self.engine.connect() as plain:
            yield await plain.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


def insert(connection: AsyncConnection | str, table: Table) -> Any:
    """An insert in the words of a connection's database, or of a dialect's name; both know `ON CONFLICT`."""
    name = connection if isinstance(connection, str) else connection.dialect.name
    return (sqlite if name == "sqlite" else postgresql).insert(table)


def _postgresql(url: str, connections: int) -> AsyncEngine:
    made = create_async_engine(url, pool_size=connections, max_overflow=0, json_serializer=as_json)
    event.listen(made.sync_engine, "handle_error", _that_it_is_away)
    event.listen(made.sync_engine, "checkin", _left_alone)
    event.listen(made.sync_engine, "checkout", partial(_still_there, made.sync_engine))
    return made


def _left_alone(_: Any, record: ConnectionPoolEntry) -> None:
    record.info["since"] = monotonic()


def _still_there(engine: Engine, raw: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """Ask a connection whether it lives, but only one that nobody has used lately: that costs three turns."""
    if monotonic() - record.info.get("since", monotonic()) < _TRUSTED_SECONDS:
        return
    try:
        engine.dialect.do_ping(raw)
    except engine.dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


def _that_it_is_away(context: ExceptionContext) -> None:
    """Raise OperationalError for a server that is away, starts, or wants the transaction again.

    The driver has one error for these and for real mistakes: who catches what may pass could not tell them apart.
    """
    error = context.original_exception
    state = str(getattr(error, "sqlstate", None) or "")
    if context.is_pre_ping or isinstance(context.sqlalchemy_exception, OperationalError):
        return
    if context.is_disconnect or state.startswith(_PASSES):
        raise OperationalError(context.statement, None, error, connection_invalidated=context.is_disconnect) from error
