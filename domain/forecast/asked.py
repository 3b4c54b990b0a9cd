"""What is asked of the future of a portfolio, and what the answer says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from domain.forecast.suppose import Answers, Code, WhatIf
from domain.forecast.tally import NAMES, Figures
from domain.state import Status
from domain.values import Carried, Country, Currency, Value


class Selection(Value):
    """Which contracts are looked at; what is left out narrows nothing. Those that are over for good never count."""

    programmes: tuple[Code, ...] = Field(default=(), max_length=50)
    statuses: tuple[Status, ...] = Field(default=(), max_length=20)
    customer: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")] | None = None
    reseller: Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,400}$")] | None = None
    country: Country | None = None
    clock: Annotated[str, Field(max_length=60)] | None = Field(
        default=None,
        description="A test clock's contracts, from where it stands; left out: those of real time.",
    )


class Asked(Value):
    """How many months to look ahead, at which contracts, on which assumptions, and what might be otherwise."""

    months: Annotated[int, Field(ge=1, le=60)] = Field(
        default=12, description="From now on; the last day is the one before the same day so many months later."
    )
    select: Selection = Selection()
    assume: Answers = Answers()
    what_if: WhatIf | None = None


class Row(Carried):
    """One month's figures of one programme, currency and status (as the contracts stand now), on both sides.

    ``what_if`` and ``difference`` are there where a what-if was asked for.
    """

    month: str
    programme: str
    currency: Currency
    status: Status
    base: Figures
    what_if: Figures | None = None
    difference: Figures | None = None


class Total(Carried):
    """The whole of one currency, on both sides."""

    currency: Currency
    base: Figures
    what_if: Figures | None = None
    difference: Figures | None = None


class Unread(Carried):
    """A contract that could not be looked at, and why."""

    contract: str
    reason: str


class Forecast(Carried):
    """The future of a selection of contracts at an instant.

    ``shapes`` says how many different futures were lived through for them; ``unread`` names contracts that are missing
    from the figures, the first hundred of them.
    """

    as_of: AwareDatetime
    months: int
    contracts: int
    shapes: int
    rows: tuple[Row, ...]
    totals: tuple[Total, ...]
    unread: tuple[Unread, ...] = ()
    unread_count: int = 0


class Progress(Carried):
    """How far a forecast has come: what it is at, and how much of it is done."""

    phase: Literal["waiting", "reading", "living", "done"] = "waiting"
    done: int = 0
    of: int = 0


def columns(*, what_if: bool) -> tuple[str, ...]:
    """The columns of a forecast's rows as a table."""
    sides = ("", "what_if_", "difference_") if what_if else ("",)
    return ("month", "programme", "currency", "status", *(side + name for side in sides for name in NAMES))


def cells(row: Row) -> tuple[str, ...]:
    """A row as the cells of a table."""
    sides = [side for side in (row.base, row.what_if, row.difference) if side]
    numbers = (str(getattr(side, name)) for side in sides for name in NAMES)
    return (row.month, row.programme, row.currency, row.status.value, *numbers)
