"""`./tenure clock`: test clocks from the command line, through the running API."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.status import Status
from rich.table import Table

from runtime.settings import settings

app = typer.Typer(help="Test clocks, through the running API; needs a key.", no_args_is_help=True)

Key = Annotated[str, typer.Option("--key", envvar="TENURE_API_KEY", help="An API key: ./tenure keys create NAME.")]
WAIT = 60


class ApiRefusedError(Exception):
    """The API said no; the message is its reason."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    key: Key,
    now: Annotated[str | None, typer.Option(help="Its time, such as 2027-01-10T09:00:00Z; now by default.")] = None,
) -> None:
    """Make a test clock and print its id; contracts are put on it when they are quoted."""
    print(_ask(key, "POST", "/test-clocks", {"name": name, "now": now})["id"])


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
        state = _ask(key, "POST", f"/test-clocks/{clock}/advance", body, wait=WAIT)
        while state["status"] == "advancing":
            state = _ask(key, "GET", f"/test-clocks/{clock}", wait=WAIT)
    print(f"{clock} stands at {state['now']}; next: {state['next_happening'] or 'nothing'}")


@app.command(name="list")
def listing(key: Key) -> None:
    """The test clocks that there are."""
    table = Table("id", "name", "now", "status")
    cursor: dict[str, Any] = {}
    while True:
        page = _ask(key, "GET", "/test-clocks", **cursor)
        for item in page["items"]:
            table.add_row(item["id"], item["name"], item["now"], item["status"])
        if page["next_cursor"] is None:
            break
        cursor = {"page": page["next_cursor"]}
    Console().print(table)


@app.command()
def delete(clock: Annotated[str, typer.Argument(help="Its id.")], key: Key) -> None:
    """Delete a clock; contracts that still live on it end as void."""
    _ask(key, "DELETE", f"/test-clocks/{clock}")
    print(f"{clock} is deleted.")


def _ask(key: str, method: str, path: str, body: dict[str, Any] | None = None, **params: Any) -> Any:
    url = f"{settings().public_url}/v1{path}"
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"cli-{secrets.token_hex(8)}"}
    sent = {name: value for name, value in body.items() if value is not None} if body is not None else None
    try:
        response = httpx.request(method, url, json=sent, params=params, headers=headers, timeout=WAIT + 30)
    except httpx.TransportError as error:
        raise ApiRefusedError(
            f"No API answers at {settings().public_url} ({error}): start it with ./tenure up."
        ) from error
    if response.status_code >= 400:
        problem = response.json()
        hint = problem.get("allowed_from") or problem.get("allowed_when")
        raise ApiRefusedError(problem["detail"] + (f" (possible: {hint})" if hint else ""))
    return response.json()
