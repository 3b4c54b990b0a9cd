"""`./tenure import` and `./tenure export`: contracts in from elsewhere, and out again, in one format."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.console import Console
from rich.table import Table
from temporalio.service import RPCError

from adapters.message_list import Messages
from adapters.papers import Papers
from api.bringing import bring, giving
from api.bringing.bring import Checked, Source
from api.bringing.filling import Defaults
from api.bringing.records import Form
from api.problems import ProblemError
from api.services import Services
from api.starts import now_on
from cli.preparation import PROGRAMMES, opened
from cli.serve import refuse_old
from runtime.progress import narration
from runtime.settings import Settings, settings
from runtime.temporal import connect
from storage.contracts import Filters
from storage.database import Database

_SHOWN = 1000


def import_(
    file: Annotated[Path, typer.Argument(help="Contracts as CSV (.csv) or JSON.", exists=True, dir_okay=False)],
    *,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The day as of which they stand, where the file says none.")
    ] = None,
    source: Annotated[
        str, typer.Option(help="The system that they come from, where the file says none.")
    ] = "elsewhere",
    clock: Annotated[str | None, typer.Option(help="The test clock to live on; real time without one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Bring in what is right, though something is wrong.")
    ] = False,
    rate: Annotated[float | None, typer.Option(min=0.01, help="Contracts to start in a second, at most.")] = None,
) -> None:
    """Go on with contracts that have lived elsewhere; exits with 1 where a line is wrong, and does nothing then."""
    defaults = Defaults(now=datetime.now(UTC), as_of=_day(as_of), source=source, by="./tenure import")
    asyncio.run(_import(settings(), file, defaults, clock, dry_run=dry_run, partial=partial, rate=rate))


def form_of(path: Path) -> Form:
    """What a file of that name is."""
    return "csv" if path.suffix.lower() == ".csv" else "json"


async def _import(
    read: Settings,
    path: Path,
    defaults: Defaults,
    clock: str | None,
    *,
    dry_run: bool,
    partial: bool,
    rate: float | None,
) -> None:
    console = Console(soft_wrap=True, highlight=False)
    async with opened(read) as database:
        await refuse_old(database)
        with path.open("rb") as file:
            source = await _source(database, file, form_of(path), defaults, clock)
            with narration() as tell:
                checked = await bring.check(database, source, lambda what, count: tell(f"{count} contracts {what} ..."))
            _tell(console, checked)
            if checked.findings.total and not partial:
                console.print("Nothing was brought in.", style="red")
                raise typer.Exit(1)
            if dry_run:
                return
            services = Services(database, await connect(read), read, Papers(PROGRAMMES), Messages(PROGRAMMES))
            if rate:
                # What waits to be started for long would be started by the API's own watch, at any rate.
                source = replace(source, chunk=max(1, min(source.chunk, int(rate * 10))))
            run = await bring.begin_run(services, path.name, file, defaults.by)
            await _bring(console, services, source, run, rate)
    if checked.findings.total:
        raise typer.Exit(1)


async def _source(database: Database, file: IO[bytes], form: Form, defaults: Defaults, clock: str | None) -> Source:
    if clock is None:
        return Source(file, form, defaults)
    try:
        async with database.read() as connection:
            now = await now_on(connection, clock)
    except ProblemError as problem:
        raise typer.BadParameter(problem.detail, param_hint="--clock") from None
    return Source(file, form, replace(defaults, now=now), clock)


def _tell(console: Console, checked: Checked) -> None:
    findings = checked.findings
    for error in findings.errors[:_SHOWN]:
        rule = f" ({error['rule']})" if "rule" in error else ""
        where = f"line {error['line']}, {error['field']}"
        console.print(f"{where}: {error['reason']}{rule}; {error['remedy']}", style="red", markup=False)
    if findings.total > len(findings.errors):
        console.print(f"... and {findings.total - len(findings.errors)} more errors.", style="red")
    if findings.total:
        console.print(f"{findings.total} errors on {findings.wrong_lines} lines.", style="red")
    for known in checked.differences:
        console.print(
            f"line {known.line}, {known.reference}: {known.contract} is there, and {known.why}; it is left as it is",
            markup=False,
        )
    console.print(
        f"{checked.new} contracts to bring in, {checked.known} are there, {checked.differing} are there and differ."
    )
    if checked.new:
        _figures(console, checked)


def _figures(console: Console, checked: Checked) -> None:
    out = checked.figures.out()
    statuses = ", ".join(f"{count} {status}" for status, count in out.by_status.items())
    console.print(f"{out.lines} lines; {statuses}.")
    money = Table("Programme", "Contracts", "Net a month", "", title="Recurring")
    for item in out.recurring:
        money.add_row(item.programme, str(item.contracts), f"{item.monthly:,}", item.currency)
    console.print(money)
    upcoming = Table("Month", "What", "Contracts", title="What happens next")
    for happening in out.next:
        upcoming.add_row(happening.month, happening.what, str(happening.contracts))
    console.print(upcoming)


async def _bring(console: Console, services: Services, source: Source, run: str, rate: float | None) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        with narration() as tell:
            numbers = bring.bring(services, source, run, lambda what, count: tell(f"{count} contracts {what} ..."))
            count = await bring.start(services, numbers, rate=rate)
    except* (RPCError, OSError) as failed:
        console.print(
            f"Temporal does not answer ({failed.exceptions[0]}). Nothing is lost: run the same command again.",
            style="red",
            markup=False,
        )
        raise typer.Exit(1) from failed
    seconds = max(loop.time() - began, 0.001)
    console.print(
        f"{count} contracts started in {seconds:.1f} s ({count / seconds:.0f} a second). Import {run}.",
        style="green",
    )


def export(
    file: Annotated[Path, typer.Argument(help="Where to write them: CSV (.csv) or JSON, a contract a line.")],
    *,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The day on which the other system goes on; tomorrow without it.")
    ] = None,
    programme: Annotated[str | None, typer.Option(help="Only contracts of a programme, by its code.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only contracts of a customer, by its id.")] = None,
    reseller: Annotated[str | None, typer.Option(help="Only contracts of a reseller.")] = None,
) -> None:
    """Give contracts out as a file that `./tenure import` takes: as they stand, or stood, when a day begins."""
    filters = Filters(programme=programme, customer=customer, reseller=reseller)
    asyncio.run(_export(settings(), file, filters, _day(as_of)))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter("write year, month and day, such as 2027-03-15", param_hint="--as-of") from None


async def _export(read: Settings, path: Path, filters: Filters, as_of: date | None) -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    async with opened(read) as database:
        await refuse_old(database)
        given = [item async for item in giving.given_out(database, filters, as_of, datetime.now(UTC))]
    write = giving.write_csv if form_of(path) == "csv" else giving.write_json
    with path.open("w", encoding="utf-8", newline="") as out:
        write(out, [item.record for item in given])
    for item in given:
        for remark in item.remarks():
            console.print(f"{item.contract.number}: {remark}", style="yellow", markup=False)
    day = as_of or "tomorrow"
    console.print(f"{len(given)} contracts as of {day}, in {path}.", style="green", markup=False)
