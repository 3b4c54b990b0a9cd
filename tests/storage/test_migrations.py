"""The tables as the migrations make them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, select

from storage.database import Database
from storage.migrate import config, is_current, upgrade
from storage.tables import metadata, programme_version


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


def _before(connection: Connection) -> None:
    """A device and a catalogue as the third migration knew them."""
    command.upgrade(config(connection), "0003")
    old = {"services": [{"id": "s", "printer_type": "large_format"}]}
    row = {"code": "OLD", "version": 1, "terms": {}, "catalogue": old, "sha256": "x", "loaded_at": datetime.now(UTC)}
    connection.execute(programme_version.insert(), row)


async def test_what_was_kept_before_is_readable_after(database_url: str) -> None:
    """Catalogues of before say the type of a device by its new name; going back brings the old one."""
    old = Database(database_url)
    try:
        async with old.write() as connection:
            await connection.run_sync(_before)
            await connection.run_sync(lambda plain: command.upgrade(config(plain), "head"))
            query = select(programme_version.c.catalogue)
            assert (await connection.execute(query)).scalar() == {
                "services": [{"id": "s", "device_type": "large_format"}]
            }
            await connection.run_sync(lambda plain: command.downgrade(config(plain), "0003"))
            assert "printer_type" in str((await connection.execute(query)).scalar())
    finally:
        await old.close()
