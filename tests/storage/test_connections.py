"""Connections of a pool: one that broke while nobody used it is noticed, and looks need no transaction."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from storage import database as module
from storage.database import Database
from storage.tables import counter


async def test_a_connection_that_broke_while_it_was_idle_is_replaced(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes next gets one that works; where it cannot break, it is simply used again."""
    monkeypatch.setattr(module, "_TRUSTED_SECONDS", 0.0)
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
        other = Database(str(database.engine.url.render_as_string(hide_password=False)))
        if not database.is_sqlite:
            mine = await connection.scalar(text("SELECT pg_backend_pid()"))
    if not database.is_sqlite:
        async with other.write() as killer:
            await killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
    await other.close()
    async with database.glance() as connection:
        assert await connection.scalar(text("SELECT 2")) == 2


async def test_a_glance_leaves_the_connection_as_it_was(database: Database) -> None:
    """Looks before and after a write; what the write undoes is undone whole."""
    row = {"scope": "glanced", "value": 1}

    async def failing() -> None:
        async with database.write() as connection:
            await connection.execute(counter.insert(), row)
            raise ZeroDivisionError

    async with database.glance() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    with pytest.raises(ZeroDivisionError):
        await failing()
    async with database.glance() as connection:
        assert (await connection.execute(select(counter))).first() is None
