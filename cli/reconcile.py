"""`./tenure reconcile`: whether contracts, documents, books, payments and the payment provider tell the same story."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from cli.agreement import disagreements
from cli.preparation import opened
from runtime.settings import Settings, settings
from runtime.temporal import TemporalUnreachable, connect
from runtime.temporal_server import reach_running
from storage.database import Database
from storage.provider import mismatches
from storage.reconcile import Difference, differences
from worker import outside
from workflows.attributes import ALL


def reconcile(
    contract: Annotated[str | None, typer.Argument(help="A contract; all of them where none is given.")] = None,
) -> None:
    """Compare events, documents, books, payments, decider, provider and Temporal; exits with 1 where they differ."""
    found = asyncio.run(_read(settings(), contract))
    console = Console(soft_wrap=True, highlight=False)
    for difference in found:
        console.print(f"{difference.contract}  {difference.where}: {difference.what}", markup=False)
    if found:
        console.print(f"{len(found)} differences.", style="red")
        raise typer.Exit(1)
    console.print("Everything agrees.", style="green")


async def _read(read: Settings, contract: str | None) -> list[Difference]:
    async with opened(read) as database:
        async with database.read() as connection:
            found = [item async for item in differences(connection, only=contract)]
        found += await _at_providers(read, database, contract)
        return found + await _at_temporal(read, database, contract)


async def _at_temporal(read: Settings, database: Database, contract: str | None) -> list[Difference]:
    """What Temporal knows otherwise of the contracts that are open; nothing where this house has no Temporal yet."""
    if read.temporal_address is None and not (read.var_dir / "temporal.db").exists():
        return []
    try:
        async with reach_running(read, ALL) as reached:
            return await disagreements(await connect(reached), reached, database, only=contract)
    except TemporalUnreachable as unreachable:
        return [Difference(contract or "every contract", "Temporal", f"was not compared. {unreachable}")]


async def _at_providers(read: Settings, database: Database, contract: str | None) -> list[Difference]:
    """What the payment providers have, against what we wrote down of them."""
    found, providers = [], outside(read, database).payments
    try:
        for provider in providers.all():
            async with database.read() as connection:
                wrong = await mismatches(connection, provider.name, provider.held(contract=contract), contract=contract)
            found += [Difference(item.contract, f"provider {provider.name}", item.what) for item in wrong]
    finally:
        await providers.close()
    return found
