"""`./tenure campaign schedule`: campaigns that begin by themselves."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.asking import Key, ask

app = typer.Typer(help="Campaigns that begin by themselves.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The schedule's id, such as weekly-renewals.")]
Reason = Annotated[str, typer.Option(help="Why; it is noted on the schedule.")]
_PATH = "/campaign-schedules"


@app.command(name="set")
def put(
    schedule: Id,
    name: Annotated[str, typer.Argument(help="What its campaigns are called.")],
    key: Key,
    *,
    reason: Reason,
    within: Annotated[int, typer.Option("--within", help="Terms that end within so many days of the run's day.")],
    after: Annotated[int, typer.Option("--after", help="... and not before so many days.")] = 0,
    cron: Annotated[list[str] | None, typer.Option(help='Such as "0 10 * * 1": Mondays at ten.')] = None,
    every_hours: Annotated[int | None, typer.Option(help="Instead of --cron.")] = None,
    zone: Annotated[str, typer.Option(help="The time zone, such as Europe/Paris.")] = "UTC",
    programme: Annotated[str | None, typer.Option(help="A programme's code.")] = None,
    overlap: Annotated[str, typer.Option(help="skip, buffer_one, buffer_all or allow_all.")] = "skip",
    catch_up_hours: Annotated[int, typer.Option(help="How late a run may begin.")] = 6,
    jitter_seconds: Annotated[int, typer.Option(help="Spread over so much time.")] = 0,
    paused: Annotated[bool, typer.Option(help="Begin nothing until it is resumed.")] = False,
) -> None:
    """Make a schedule, or change the one that is there."""
    meant = {"ends_in_from": after, "ends_in_until": within} | ({"programme": programme} if programme else {})
    body = {
        "name": name,
        "selection": meant,
        "zone": zone,
        "cron": cron or [],
        "every_hours": every_hours,
        "overlap": overlap,
        "catch_up_hours": catch_up_hours,
        "jitter_seconds": jitter_seconds,
        "paused": paused,
        "reason": reason,
    }
    _print(ask(key, "PUT", f"{_PATH}/{schedule}", body))


@app.command(name="list")
def listing(key: Key) -> None:
    """The schedules that there are."""
    table = Table("id", "name", "when", "next", "runs", "missed", "paused")
    for item in ask(key, "GET", _PATH):
        when = ", ".join(item["cron"]) or f"every {item['every_hours']} hours"
        upcoming = item["upcoming"][0] if item["upcoming"] and not item["paused"] else ""
        row = (item["id"], item["name"], f"{when} {item['zone']}", upcoming, str(item["runs"]), str(item["missed"]))
        table.add_row(*row, "yes" if item["paused"] else "")
    Console(soft_wrap=True).print(table)


@app.command()
def show(schedule: Id, key: Key) -> None:
    """A schedule with its latest campaigns and its next times."""
    _print(ask(key, "GET", f"{_PATH}/{schedule}"))


@app.command()
def pause(schedule: Id, key: Key, *, reason: Reason) -> None:
    """Begin nothing until it is resumed."""
    _change(key, schedule, "pause", reason)


@app.command()
def resume(schedule: Id, key: Key, *, reason: Reason) -> None:
    """Begin campaigns again."""
    _change(key, schedule, "resume", reason)


@app.command()
def trigger(schedule: Id, key: Key, *, reason: Reason) -> None:
    """Begin a campaign now."""
    _change(key, schedule, "trigger", reason)


@app.command()
def backfill(
    schedule: Id,
    key: Key,
    *,
    since: Annotated[str, typer.Option(help="An instant, such as 2027-01-01T00:00:00Z.")],
    until: Annotated[str, typer.Option(help="An instant.")],
    reason: Reason,
) -> None:
    """Make up for the times between two instants, one after another."""
    _change(key, schedule, "backfill", reason, since=since, until=until)


@app.command()
def delete(schedule: Id, key: Key) -> None:
    """Delete a schedule; its campaigns stay."""
    ask(key, "DELETE", f"{_PATH}/{schedule}")
    print(f"{schedule} is deleted.")


def _change(key: str, schedule: str, what: str, reason: str, **more: Any) -> None:
    _print(ask(key, "POST", f"{_PATH}/{schedule}/{what}", {"reason": reason} | more))


def _print(shown: dict[str, Any]) -> None:
    console = Console(soft_wrap=True)
    when = ", ".join(shown["cron"]) or f"every {shown['every_hours']} hours"
    state = "paused" if shown["paused"] else "running"
    console.print(f"{shown['id']}: {shown['name']}, {when} ({shown['zone']}), {state}", markup=False)
    console.print(f"overlap {shown['overlap']}, at most {shown['catch_up_hours']} hours late; note: {shown['note']}")
    console.print(f"{shown['runs']} runs, {shown['missed']} missed, {shown['skipped']} skipped")
    for run in shown["recent"]:
        console.print(f"  {run['planned_at']}: {run['campaign']}", markup=False)
    for at in shown["upcoming"][:3]:
        console.print(f"  next {at}", markup=False)
