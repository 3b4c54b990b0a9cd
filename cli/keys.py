"""`./tenure keys`: who may use the API."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.preparation import opened
from runtime.settings import Settings, settings
from storage import keys
from storage.migrate import upgrade

app = typer.Typer(help="API keys: made, listed, revoked.", no_args_is_help=True)

Scopes = Annotated[list[str] | None, typer.Option("--scope", help=f"One of {', '.join(keys.SCOPES)}; all when none.")]


@app.command()
def create(name: Annotated[str, typer.Argument(help="Who or what will use it.")], scope: Scopes = None) -> None:
    """Make a key and print its secret, which is shown this once and not kept."""
    scopes = tuple(scope or keys.SCOPES)
    if unknown := sorted(set(scopes) - set(keys.SCOPES)):
        raise typer.BadParameter(f"there is no scope {', '.join(unknown)}; there are {', '.join(keys.SCOPES)}")
    print(asyncio.run(_create(settings(), name, scopes)))


@app.command(name="list")
def listing() -> None:
    """Every key with its scopes, revoked ones too; never a secret."""
    table = Table("id", "name", "scopes", "made", "revoked")
    for row in asyncio.run(_listed(settings())):
        table.add_row(*row)
    Console().print(table)


@app.command()
def revoke(key: Annotated[str, typer.Argument(help="Its id, as `keys list` shows it.")]) -> None:
    """Make a key useless from now on."""
    if not asyncio.run(_revoke(settings(), key)):
        raise typer.BadParameter(f"there is no key {key} that could be revoked")
    print(f"{key} is revoked.")


async def _create(read: Settings, name: str, scopes: tuple[str, ...]) -> str:
    async with opened(read) as database:
        await upgrade(database)
        async with database.write() as connection:
            _, secret = await keys.create(connection, name, scopes)
    return secret


async def _listed(read: Settings) -> list[tuple[str, ...]]:
    async with opened(read) as database:
        await upgrade(database)
        async with database.read() as connection:
            rows = await keys.listed(connection)
    return [
        (row["id"], row["name"], " ".join(row["scopes"]), _day(row["created_at"]), _day(row["revoked_at"]))
        for row in rows
    ]


async def _revoke(read: Settings, key: str) -> bool:
    async with opened(read) as database:
        await upgrade(database)
        async with database.write() as connection:
            return await keys.revoke(connection, key)


def _day(at: object) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
