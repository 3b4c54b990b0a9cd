"""Bringing a database to the tables that this code needs."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from storage.database import Database

_HERE = Path(__file__).parent / "migrations"


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, bound to a connection."""
    made = Config()
    made.set_main_option("script_location", str(_HERE))
    made.attributes["connection"] = connection
    return made


async def upgrade(database: Database) -> None:
    """Apply every migration that the database does not have; nothing when it is current, or ahead of this build."""
    async with database.write() as connection:
        if not await connection.run_sync(_is_current):
            await connection.run_sync(lambda plain: command.upgrade(config(plain), "head"))


async def is_current(database: Database) -> bool:
    """Whether the database has every migration of this code.

    One that a newer build has brought further has them too: migrations add, so that the older build goes on with it,
    and a rollback needs none.
    """
    async with database.read() as connection:
        return await connection.run_sync(_is_current)


async def is_empty(database: Database) -> bool:
    """Whether the database has no tables at all."""
    async with database.read() as connection:
        return not await connection.run_sync(lambda plain: inspect(plain).get_table_names())


def _is_current(connection: Connection) -> bool:
    script = ScriptDirectory.from_config(config())
    applied, known = set(MigrationContext.configure(connection).get_current_heads()), _known(script)
    return bool(applied) and (applied == set(script.get_heads()) or not applied <= known)


def _known(script: ScriptDirectory) -> set[str]:
    return {revision.revision for revision in script.walk_revisions()}
