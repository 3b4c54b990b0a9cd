"""The tables as the migrations make them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, MetaData, Table, select, text

from activities.messages import message_id
from storage.database import Database
from storage.migrate import config, is_current, upgrade
from storage.tables import message, metadata, programme_version


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


async def test_a_database_that_a_newer_build_has_migrated_is_good_enough(database: Database) -> None:
    """A build that is rolled back to goes on with the tables of the build that came after it, and leaves them alone."""
    newer = text("UPDATE alembic_version SET version_num = 'of_a_newer_build'")
    async with database.write() as connection:
        await connection.execute(newer)
    assert await is_current(database)
    await upgrade(database)
    async with database.read() as connection:
        assert (
            await connection.execute(text("SELECT version_num FROM alembic_version"))
        ).scalar() == "of_a_newer_build"


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


def _a_mail_of_before(connection: Connection) -> None:
    """A mail as the eighth migration knew it."""
    command.upgrade(config(connection), "0008")
    now = datetime.now(UTC)
    known = {
        "key": "SMP-1/1/message/quote-1",
        "contract": "SMP-1",
        "name": "quote",
        "recipient": "a@b.example",
        "language": "fr",
        "subject": "s",
        "body": "b",
        "sha256": "x",
        "documents": {},
        "rule": "SMP-1",
        "due_at": now,
        "composed_at": now,
        "sent_at": now,
        "outcome": "sent",
    }
    columns = [message.c[name] for name in known]
    before = Table("message", MetaData(), *(Column(column.name, column.type) for column in columns))
    connection.execute(before.insert(), known)


async def test_mail_that_went_out_before_is_known_when_it_comes_back(database_url: str) -> None:
    """It has the id that it was sent with, so that a report about it still finds it."""
    old = Database(database_url)
    try:
        async with old.write() as connection:
            await connection.run_sync(_a_mail_of_before)
            await connection.run_sync(lambda plain: command.upgrade(config(plain), "head"))
            row = (await connection.execute(select(message.c.key, message.c.message_id))).one()
            assert row.message_id == message_id(row.key)
    finally:
        await old.close()
