"""`./tenure campaign`: campaigns from the command line, through the running API."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from cli import campaign_schedule
from cli.asking import Key, ask, text_of

app = typer.Typer(help="Campaigns, through the running API; needs a key.", no_args_is_help=True)
app.add_typer(campaign_schedule.app, name="schedule")

Id = Annotated[str, typer.Argument(help="The campaign's id.")]
Reason = Annotated[str | None, typer.Option(help="Why.")]
Within = Annotated[int | None, typer.Option("--within", help="Terms that end within so many days.")]
After = Annotated[int, typer.Option("--after", help="... and not before so many days.")]
First = Annotated[str | None, typer.Option("--from", help="Terms that end on this day or later.")]
Until = Annotated[str | None, typer.Option("--until", help="Terms that end on this day or before.")]
Programme = Annotated[str | None, typer.Option(help="A programme's code.")]
Country = Annotated[str | None, typer.Option(help="The customers' country.")]
Level = Annotated[str | None, typer.Option(help="A level of service.")]
Reseller = Annotated[str | None, typer.Option(help="A reseller.")]
Customer = Annotated[str | None, typer.Option(help="A customer's id.")]
Clock = Annotated[str | None, typer.Option(help="The test clock whose contracts are meant.")]
_OVER = {"done", "cancelled"}


@app.command()
def preview(
    key: Key,
    *,
    within: Within = None,
    after: After = 0,
    first: First = None,
    until: Until = None,
    programme: Programme = None,
    country: Country = None,
    level: Level = None,
    reseller: Reseller = None,
    customer: Customer = None,
    clock: Clock = None,
    show: Annotated[int, typer.Option(help="How many contracts to show.", min=0, max=200)] = 20,
) -> None:
    """Whom a campaign would reach, and what each quote would be; nothing of it happens."""
    meant = _selection(locals())
    console = Console(soft_wrap=True)
    if show:
        page = ask(key, "POST", "/campaigns/preview", {"selection": meant}, limit=show)
        console.print(_contracts(page["items"]))
        if page["next_cursor"]:
            console.print("... and more.")
    totals = ask(key, "POST", "/campaigns/preview/totals", {"selection": meant})
    _sums(console, totals)


@app.command()
def start(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    key: Key,
    *,
    within: Within = None,
    after: After = 0,
    first: First = None,
    until: Until = None,
    programme: Programme = None,
    country: Country = None,
    level: Level = None,
    reseller: Reseller = None,
    customer: Customer = None,
    clock: Clock = None,
    batch: Annotated[int, typer.Option(help="Contracts of one batch.")] = 50,
    at_once: Annotated[int, typer.Option(help="Contracts that are asked at the same time.")] = 10,
    per_second: Annotated[int, typer.Option(help="Contracts that are asked in a second, at most.")] = 20,
    reason: Reason = None,
) -> None:
    """Begin a campaign and follow it to its end; Ctrl-C only ends the following."""
    pace = {"batch": batch, "at_once": at_once, "per_second": per_second}
    body = {"name": name, "selection": _selection(locals()), "pace": pace, "reason": reason}
    begun = ask(key, "POST", "/campaigns", body)
    print(begun["id"])
    _follow(key, begun["id"])


@app.command()
def watch(campaign: Id, key: Key) -> None:
    """Follow a campaign to its end; Ctrl-C only ends the following."""
    _follow(key, campaign)


@app.command(name="list")
def listing(key: Key) -> None:
    """Campaigns, the newest first."""
    table = Table("id", "name", "status", "contracts", "outcomes")
    for item in ask(key, "GET", "/campaigns", limit=50)["items"]:
        table.add_row(item["id"], item["name"], item["status"], str(item["selected"]), _told(item["outcomes"]))
    Console(soft_wrap=True).print(table)


@app.command()
def show(campaign: Id, key: Key) -> None:
    """A campaign, its sums, and the contracts that could not be asked or could not quote."""
    console = Console(soft_wrap=True)
    shown = ask(key, "GET", f"/campaigns/{campaign}")
    console.print(
        f"{shown['name']} ({shown['id']}) is {shown['status']}; begun {shown['created_at']}, by {shown['by']}"
    )
    _sums(console, shown)
    for outcome in ("failed", "hindered", "under_way"):
        if shown["outcomes"].get(outcome):
            page = ask(key, "GET", f"/campaigns/{campaign}/contracts", outcome=outcome, limit=50)
            console.print(_contracts(page["items"]))


@app.command()
def pause(campaign: Id, key: Key, reason: Reason = None) -> None:
    """Pause a campaign after the batch that it is on."""
    _steer(key, campaign, "pause", reason)


@app.command()
def resume(campaign: Id, key: Key, reason: Reason = None) -> None:
    """Let a paused campaign go on where it stopped."""
    _steer(key, campaign, "resume", reason)


@app.command()
def cancel(campaign: Id, key: Key, reason: Reason = None) -> None:
    """End a campaign: who has not been asked is left out."""
    _steer(key, campaign, "cancel", reason)


@app.command()
def retry(campaign: Id, key: Key) -> None:
    """Ask again who failed, was hindered or was under way, and follow it."""
    ask(key, "POST", f"/campaigns/{campaign}/retry")
    _follow(key, campaign)


@app.command()
def report(campaign: Id, key: Key) -> None:
    """The campaign's report as CSV, one line for each contract."""
    print(text_of(key, f"/campaigns/{campaign}/report"), end="")


def _steer(key: str, campaign: str, what: str, reason: str | None) -> None:
    shown = ask(key, "POST", f"/campaigns/{campaign}/{what}", {"reason": reason})
    print(f"{campaign} is {shown['status']}: {_told(shown['outcomes'])}")


def _selection(given: dict[str, Any]) -> dict[str, Any]:
    """The options as a selection: a window in days where `--within` is given, else in dates."""
    within = given["within"]
    window = (
        {"ends_from": given["first"], "ends_until": given["until"]}
        if within is None
        else {"ends_in_from": given["after"], "ends_in_until": within}
    )
    names = ("programme", "country", "level", "reseller", "customer")
    found = window | {name: given[name] for name in names} | {"test_clock": given["clock"]}
    return {name: value for name, value in found.items() if value is not None}


def _follow(key: str, campaign: str) -> None:
    console = Console(stderr=True, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(campaign)
        while (shown := ask(key, "GET", f"/campaigns/{campaign}"))["status"] not in _OVER:
            done = shown["selected"] - shown["outcomes"].get("waiting", 0)
            told = f"{shown['status']}: {_told(shown['outcomes'])}"
            progress.update(task, total=shown["selected"], completed=done, description=told)
            time.sleep(1)
    _sums(Console(soft_wrap=True), shown)


def _told(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(outcomes.items())) or "nobody"


def _sums(console: Console, shown: dict[str, Any]) -> None:
    console.print(f"{shown['selected']} contracts: {_told(shown['outcomes'])}")
    for item in shown["amounts"]:
        console.print(f"{item['quotes']} quotes of {item['term_net']} {item['currency']} net for their next terms")


def _contracts(items: list[dict[str, Any]]) -> Table:
    table = Table("contract", "customer", "outcome", "why", "next term, net")
    for item in items:
        net = f"{item['term_net']} {item['currency']}" if item["term_net"] is not None else ""
        table.add_row(item["contract"], item["customer"], item["outcome"], item["reason"] or "", net)
    return table
