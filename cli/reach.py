"""`./tenure programme reach`: whom the newest version of a programme reaches, and when."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.preparation import opened
from domain.reach import Reach
from runtime.settings import Settings, settings
from storage.database import Database
from storage.programmes import latest
from storage.reach import reached

SHOWN = 200


def reach(code: Annotated[str, typer.Argument(help="The programme's code.")]) -> None:
    """Running contracts under older versions: from when the newest one holds for each; nothing else needs to run."""
    version, found = asyncio.run(_read(settings(), code))
    if version is None:
        raise typer.BadParameter(f"there is no programme {code}")
    console = Console(soft_wrap=True)
    if not found:
        console.print(f"Every running contract of {code} lives under version {version}.")
        return
    table = Table(title=f"{code}: from older versions to version {version}")
    for column in ("Contract", "Customer", "Version", "From", "How"):
        table.add_column(column)
    for item in found[:SHOWN]:
        table.add_row(item.number, item.customer, str(item.version), str(item.on or ""), item.how)
    console.print(table)
    if len(found) > SHOWN:
        console.print(f"... and {len(found) - SHOWN} more.")
    for how, count in Counter(item.how for item in found).most_common():
        console.print(f"{count}: {how}", markup=False)


async def _read(read: Settings, code: str) -> tuple[int | None, list[Reach]]:
    async with opened(read) as database:
        return await _found(database, code)


async def _found(database: Database, code: str) -> tuple[int | None, list[Reach]]:
    async with database.read() as connection:
        newest = await latest(connection, code)
        if newest is None:
            return None, []
        version = int(newest["version"])
        return version, [item async for item in reached(connection, code, version)]
