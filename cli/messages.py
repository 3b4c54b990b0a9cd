"""`./tenure messages`: how one looks, and the list of them all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.message_list import CannotPreviewMessage, previewed, reference
from cli.preparation import PROGRAMMES
from runtime.settings import settings

app = typer.Typer(name="messages", help="Messages to customers: previewed and listed.", no_args_is_help=True)


@app.command()
def preview(
    name: Annotated[str, typer.Argument(help="A message, such as renewal_quote; docs/messages.md lists them.")],
    *,
    language: Annotated[str, typer.Option(help="en, fr or ja.")] = "en",
    programme: Annotated[str, typer.Option(help="Whose texts and layout.")] = "HPG",
    html: Annotated[bool, typer.Option("--html", help="The page instead of the text.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the programmes are.")] = PROGRAMMES,
) -> None:
    """Print a message with sample data (programmes/common/texts/sample.yaml)."""
    try:
        shown = previewed(folder, programme, language, name, settings().public_url)
    except CannotPreviewMessage as error:
        raise typer.BadParameter(str(error)) from error
    content = shown.html if html else f"Subject: {shown.subject}\n\n{shown.text}"
    if output is None:
        print(content, end="")
        return
    output.write_text(content, encoding="utf-8")
    print(output)


@app.command("list")
def listing(folder: Annotated[Path, typer.Option(help="Where the programmes are.")] = PROGRAMMES) -> None:
    """Print the list of all messages, by programme, as in docs/messages.md."""
    print(reference(folder), end="")
