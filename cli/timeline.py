"""A contract's life as a table: what happened when, what it cost, by which rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from domain.money import rounded
from domain.view import Entry


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a timeline."""

    on: date
    what: str
    rule: str
    amount: Decimal | None = None
    refused: bool = False


def rows(entries: Iterable[Entry]) -> list[Row]:
    """The lines of a trail; what the interpreter notes of its own stands among them."""
    return [Row(on=entry.on, what=entry.summary, rule=entry.rule, amount=entry.amount) for entry in entries]


def table(title: str, lines: Iterable[Row], currency: str) -> Table:
    """The lines as a table, amounts with tax."""
    shown = Table(title=title, title_justify="left", title_style="bold", expand=False, pad_edge=False)
    shown.add_column("Date", no_wrap=True)
    shown.add_column("What happened", overflow="fold")
    shown.add_column(currency, justify="right", no_wrap=True)
    shown.add_column("Rule", no_wrap=True, style="dim")
    for line in lines:
        style = "yellow" if line.refused else ""
        amount = f"{rounded(line.amount, currency):,}" if line.amount is not None else ""
        shown.add_row(str(line.on), Text(line.what, style=style), amount, line.rule)
    return shown
