"""SQLite without a thread: a statement takes microseconds, the hops to a driver's thread and back take far more.

The engine asks its driver for a connection that speaks aiosqlite's language; this one answers at once. Only the turn to
write, which another process may have, is waited for, and that without holding up the loop.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, Self

from pydantic_core import to_json
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

READS = {"tenure_reads": True}
_CONNECTIONS = 16
_PATIENCE_SECONDS = 30.0
_PAUSE_SECONDS = 0.002
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")


def engine(url: str) -> AsyncEngine:
    """An engine for `sqlite+aiosqlite:///path`, whose transactions say at their beginning whether they will write."""
    path = make_url(url).database or ""
    made = create_async_engine(
        url, async_creator=lambda: _open(path), pool_size=_CONNECTIONS, max_overflow=0, json_serializer=as_json
    )
    event.listen(made.sync_engine, "begin", _begin)
    return made


def as_json(value: Any) -> str:
    """A value of a column, as JSON, by pydantic, which takes half the time that Python does."""
    return to_json(value).decode()


def _begin(connection: Any) -> None:
    # A transaction that will write takes its turn at once: one that only finds out later would fail.
    reads = connection.get_execution_options().get("tenure_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


async def _open(path: str) -> _Connection:
    # Transactions are begun by us, not by the driver; waiting in SQLite would hold up the loop.
    plain = sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)
    connection = _Connection(plain)
    for pragma in _PRAGMAS:
        await connection.cursor().execute(f"PRAGMA {pragma}")
    return connection


async def _patiently(act: Callable[[], Any]) -> Any:
    """Do it, again and again while another process has its turn to write. Raises what is still wrong after 30 s."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE_SECONDS
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            # A snapshot that has grown old (another code) will not get better by waiting.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or loop.time() > until:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)


class _Connection:
    """As much of an aiosqlite connection as SQLAlchemy's dialect uses."""

    def __init__(self, plain: sqlite3.Connection) -> None:
        self._connection: sqlite3.Connection | None = plain  # the dialect asks whether it is still there

    @property
    def _plain(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ValueError("no active connection")
        return self._connection

    def cursor(self) -> _Cursor:
        return _Cursor(self._plain.cursor())

    async def commit(self) -> None:
        await _patiently(self._plain.commit)

    async def rollback(self) -> None:
        self._plain.rollback()

    async def create_function(self, *words: Any, **named: Any) -> None:
        self._plain.create_function(*words, **named)

    async def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Cursor:
    """As much of an aiosqlite cursor as SQLAlchemy's dialect uses."""

    def __init__(self, plain: sqlite3.Cursor) -> None:
        self._plain = plain

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._plain.close()

    @property
    def description(self) -> Any:
        return self._plain.description

    @property
    def rowcount(self) -> int:
        return self._plain.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._plain.lastrowid

    async def execute(self, sql: str, values: Any = ()) -> Self:
        await _patiently(lambda: self._plain.execute(sql, values))
        return self

    async def executemany(self, sql: str, rows: Any) -> Self:
        await _patiently(lambda: self._plain.executemany(sql, rows))
        return self

    async def fetchall(self) -> list[Any]:
        return self._plain.fetchall()

    async def close(self) -> None:
        self._plain.close()
