"""`./tenure reconcile`: whether contracts, documents, books and payments tell the same story."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from cli.preparation import opened
from runtime.settings import Settings, settings
from storage.reconcile import Difference, differences


def reconcile(
    contract: Annotated[str | None, typer.Argument(help="A contract; all of them where none is given.")] = None,
) -> None:
    """Compare events, documents, books, payments and the decider; exits with 1 where anything differs."""
    found = asyncio.run(_read(settings(), contract))
    console = Console(soft_wrap=True, highlight=False)
    for difference in found:
        console.print(f"{difference.contract}  {difference.where}: {difference.what}", markup=False)
    if found:
        console.print(f"{len(found)} differences.", style="red")
        raise typer.Exit(1)
    console.print("Everything agrees.", style="green")


async def _read(read: Settings, contract: str | None) -> list[Difference]:
    async with opened(read) as database, database.read() as connection:
        return [item async for item in differences(connection, only=contract)]
