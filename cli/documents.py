"""`./tenure documents`: whether each can be made again, to the byte, and how one looks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from adapters.papers import Papers
from adapters.programme_files import load
from adapters.remaking import differences
from adapters.samples import names, previewed
from cli.preparation import PROGRAMMES, opened
from runtime.settings import Settings, settings
from storage import documents

app = typer.Typer(name="documents", help="Documents: made again and compared, or previewed.", no_args_is_help=True)


@app.command()
def check(
    contract: Annotated[str | None, typer.Argument(help="A contract; all of them where none is given.")] = None,
) -> None:
    """Make every kept document again from what it was made from; exits with 1 where one differs."""
    count, found = asyncio.run(_checked(settings(), contract))
    console = Console(soft_wrap=True, highlight=False)
    for difference in found:
        console.print(difference, markup=False)
    if found:
        console.print(f"{len(found)} of {count} documents differ.", style="red")
        raise typer.Exit(1)
    console.print(f"{count} documents are what they were made from.", style="green")


@app.command()
def preview(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(names())}; or one of the programme's own.")],
    *,
    language: Annotated[str, typer.Option(help="en, fr or ja.")] = "en",
    programme: Annotated[str, typer.Option(help="Whose letterhead and templates.")] = "HPG",
    lines: Annotated[int, typer.Option(min=1, max=1000, help="How many lines it has.")] = 2,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("preview.pdf"),
    folder: Annotated[Path, typer.Option(help="Where the programmes are.")] = PROGRAMMES,
) -> None:
    """Print a document with sample data (programmes/common/papers/sample.yaml)."""
    terms = load(folder / programme.lower()).terms
    output.write_bytes(previewed(name, Papers(folder), terms, language, lines))
    print(output)


async def _checked(read: Settings, contract: str | None) -> tuple[int, list[str]]:
    async with opened(read) as database, database.read() as connection:
        keys = await documents.keys(connection, contract)
        return len(keys), [difference async for difference in differences(connection, keys)]
