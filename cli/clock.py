"""`./tenure clock`: test clocks from the command line, through the running API."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.status import Status
from rich.table import Table

from cli.asking import WAIT, Key, ask

app = typer.Typer(help="Test clocks, through the running API; needs a key.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    key: Key,
    now: Annotated[str | None, typer.Option(help="Its time, such as 2027-01-10T09:00:00Z; now by default.")] = None,
) -> None:
    """Make a test clock and print its id; contracts are put on it when they are quoted."""
    print(ask(key, "POST", "/test-clocks", {"name": name, "now": now})["id"])


@app.command()
def advance(
    clock: Annotated[str, typer.Argument(help="Its id.")],
    key: Key,
    *,
    to: Annotated[str | None, typer.Option(help="An instant, such as 2028-01-01T00:00:00Z.")] = None,
    by: Annotated[str | None, typer.Option(help="A duration, such as P1M or P10D.")] = None,
    next_: Annotated[bool, typer.Option("--next", help="To the next thing that happens.")] = False,
) -> None:
    """Move a clock forward with all its contracts, and wait for it to arrive."""
    body = {name: value for name, value in (("to", to), ("by", by), ("next", next_)) if value}
    with Status(f"{clock} is on its way ...", console=Console(stderr=True)):
        state = ask(key, "POST", f"/test-clocks/{clock}/advance", body, wait=WAIT)
        while state["status"] == "advancing":
            state = ask(key, "GET", f"/test-clocks/{clock}", wait=WAIT)
    print(f"{clock} stands at {state['now']}; next: {state['next_happening'] or 'nothing'}")


@app.command(name="list")
def listing(key: Key) -> None:
    """The test clocks that there are."""
    table = Table("id", "name", "now", "status")
    cursor: dict[str, Any] = {}
    while True:
        page = ask(key, "GET", "/test-clocks", **cursor)
        for item in page["items"]:
            table.add_row(item["id"], item["name"], item["now"], item["status"])
        if page["next_cursor"] is None:
            break
        cursor = {"page": page["next_cursor"]}
    Console().print(table)


@app.command()
def delete(clock: Annotated[str, typer.Argument(help="Its id.")], key: Key) -> None:
    """Delete a clock; contracts that still live on it end as void."""
    ask(key, "DELETE", f"/test-clocks/{clock}")
    print(f"{clock} is deleted.")
