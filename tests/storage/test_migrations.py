"""The tables as the migrations make them."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from storage.database import Database
from storage.migrate import is_current, upgrade
from storage.tables import metadata


def _differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_migrations_make_the_tables(database: Database) -> None:
    """All migrations from an empty database give just the tables that the code names."""
    async with database.write() as connection:
        assert await connection.run_sync(_differences) == []


async def test_upgrade_is_repeatable(database: Database) -> None:
    """A database that is up to date stays as it is."""
    await upgrade(database)
    assert await is_current(database)


async def test_an_empty_database_is_not_current(database_url: str) -> None:
    """A database without tables says so."""
    empty = Database(database_url)
    try:
        assert not await is_current(empty)
    finally:
        await empty.close()
