"""`./tenure forecast`: what the portfolio will bill, renew and lose, and what it would if; no contract is touched."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table

from adapters.programme_files import read
from api.forecasts import as_csv
from cli.preparation import opened
from domain.forecast.asked import Asked, Forecast, Progress, Selection
from domain.forecast.suppose import Answers, SupposedError, WhatIf
from domain.forecast.tally import Figures
from runtime.settings import settings
from storage import clocks, portfolio

_PHASES = {"waiting": "begins", "reading": "states are brought up to date", "living": "futures", "done": "done"}


def forecast(
    *,
    months: Annotated[int, typer.Option(min=1, max=60, help="How many months to look ahead.")] = 12,
    what_if: Annotated[Path | None, typer.Option(help="A what-if file (docs/operating.md).", exists=True)] = None,
    programme: Annotated[list[str] | None, typer.Option(help="Only this programme; may be given again.")] = None,
    clock: Annotated[str | None, typer.Option(help="The contracts of this test clock, from where it stands.")] = None,
    renew: Annotated[str, typer.Option(help="The share of customers that says yes to a renewal quote: 0 to 1.")] = "0",
    decline: Annotated[str, typer.Option(help="The share that says no.")] = "0",
    seed: Annotated[int, typer.Option(help="Which ones: another number draws others.")] = 0,
    csv: Annotated[Path | None, typer.Option(help="Write the rows to this file.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the whole answer to this file.")] = None,
) -> None:
    """Forecast billing, renewals and lapses by month over all contracts; with a what-if, beside what it would be."""
    try:
        asked = Asked(
            months=months,
            select=Selection(programmes=tuple(programme or ()), clock=clock),
            assume=Answers(renew=Decimal(renew), decline=Decimal(decline), seed=seed),
            what_if=read(what_if, WhatIf) if what_if else None,
        )
        found = asyncio.run(_made(asked))
    except (SupposedError, ArithmeticError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    if csv:
        csv.write_text(as_csv(found), encoding="utf-8")
    if json:
        json.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    show(found)


async def _made(asked: Asked) -> Forecast:
    async with opened(settings()) as database:
        as_of = datetime.now(UTC)
        if asked.select.clock:
            async with database.read() as connection:
                row = await clocks.find(connection, asked.select.clock)
            if row is None:
                raise ValueError(f"there is no test clock {asked.select.clock}")
            as_of = row["now"]
        with Bar(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("begins", total=None)

            async def tell(progress: Progress) -> None:
                bar.update(task, description=_PHASES[progress.phase], total=progress.of, completed=progress.done)

            return await portfolio.forecast(database, asked, as_of=as_of, tell=tell)


def show(found: Forecast) -> None:
    """Print a forecast: a line for each month and currency, and what it comes to."""
    console = Console(soft_wrap=True, highlight=False)
    sides = ("base", "what_if", "difference") if any(row.what_if for row in found.rows) else ("base",)
    table = Table(title=f"{found.contracts} contracts ({found.shapes} different futures), {found.months} months")
    for name in ("month", "", *(f"{_TITLES[side]}{name}" for side in sides for name in _SHOWN)):
        table.add_column(name, justify="left" if name in {"month", ""} else "right")
    months: dict[tuple[str, str], dict[str, list[Decimal]]] = {}
    for row in found.rows:
        sums = months.setdefault((row.month, row.currency), {side: [Decimal(0)] * len(_SHOWN) for side in sides})
        for side in sides:
            sums[side] = [total + more for total, more in zip(sums[side], _numbers(getattr(row, side)), strict=True)]
    for (month, currency), by_side in sorted(months.items()):
        table.add_row(month, currency, *(f"{number:,}" for side in sides for number in by_side[side]))
    table.add_section()
    for total in found.totals:
        numbers = (f"{number:,}" for side in sides for number in _numbers(getattr(total, side)))
        table.add_row("all", total.currency, *numbers)
    console.print(table)
    for item in found.unread:
        console.print(f"{item.contract} is not in these figures: {item.reason}", style="red", markup=False)


_SHOWN = ("net", "invoices", "renewed", "lapsed", "ended")
_TITLES = {"base": "", "what_if": "if: ", "difference": "+/-: "}


def _numbers(figures: Figures | None) -> list[Decimal]:
    return [Decimal(getattr(figures or Figures(), name)) for name in _SHOWN]
