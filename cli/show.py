"""`./tenure show`: what a contract has done, where it stands, and what it will do next."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from cli.preparation import opened
from cli.timeline import rows, table
from domain.view import Entry, View
from runtime.settings import Settings, settings
from storage import contracts

PAGE = 500


def show(contract: Annotated[str, typer.Argument(help="The contract's number.")]) -> None:
    """The timeline of a contract, from the database; nothing else needs to run."""
    view, entries = asyncio.run(_read(settings(), contract))
    if view is None:
        raise typer.BadParameter(f"there is no contract {contract}")
    console = Console()
    console.print(table(f"{view.number}, {view.customer.name}: {view.status.value}", rows(entries), view.currency))
    for line in _standing(view):
        console.print(line, markup=False, soft_wrap=True)


async def _read(read: Settings, number: str) -> tuple[View | None, list[Entry]]:
    entries: list[Entry] = []
    async with opened(read) as database, database.read() as connection:
        view = await contracts.read(connection, number)
        while page := await contracts.entries(connection, number, after=len(entries), limit=PAGE):
            entries += page
    return view, entries


def _standing(view: View) -> list[str]:
    upcoming = view.next
    lines = [
        f"Next: {upcoming.what}, {upcoming.at:%Y-%m-%d %H:%M} UTC ({upcoming.rule})" if upcoming else "Next: nothing"
    ]
    if view.clock:
        lines.append(f"It lives on {view.clock}, where it is {view.now:%Y-%m-%d %H:%M} UTC.")
    allowed = [item.command + (f" from {item.since}" if item.since else "") for item in view.allowed]
    lines.append(f"May be asked: {', '.join(allowed) or 'nothing'}")
    return lines + [f"Needs attention: {item}" for item in view.attention]
