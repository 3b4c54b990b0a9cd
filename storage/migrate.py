"""Bringing a database to the tables that this code needs."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.database import Database

_HERE = Path(__file__).parent / "migrations"


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, bound to a connection."""
    made = Config()
    made.set_main_option("script_location", str(_HERE))
    made.attributes["connection"] = connection
    return made


async def upgrade(database: Database) -> None:
    """Apply every migration that the database does not have; nothing when it is current."""
    async with database.write() as connection:
        await connection.run_sync(lambda plain: command.upgrade(config(plain), "head"))


async def is_current(database: Database) -> bool:
    """Whether the database has every migration of this code."""
    async with database.read() as connection:
        return await connection.run_sync(_is_current)


def _is_current(connection: Connection) -> bool:
    heads = set(ScriptDirectory.from_config(config()).get_heads())
    return set(MigrationContext.configure(connection).get_current_heads()) == heads
