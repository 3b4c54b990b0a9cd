"""Contracts given out as records of a file, from their trails: as they are, or as they stood on a day that is past."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any, TextIO

from sqlalchemy.ext.asyncio import AsyncConnection

from api.bringing.words import LINE, columns, flat
from domain.calendar import DAY, instant, local_date
from domain.decider import next_due
from domain.retrace import restored
from domain.state import RUNNING, Contract, Status
from domain.takeover.standing import Standing, StandingLine
from domain.takeover.told import left_behind, standing
from domain.terms import Terms
from domain.view import Entry, View
from storage import contracts, programmes
from storage.contracts import Filters
from storage.database import Database

_PAGE = 200
_GIVEN = RUNNING | {Status.SCHEDULED}
_SAID = {"id", "service", "text", "serial", "model", "prices", "period"}


@dataclass(frozen=True, slots=True)
class Given:
    """A contract as it stands when a day begins; ``went_on`` says that it has done something here since."""

    contract: Contract
    as_of: date
    source: str
    went_on: bool

    @property
    def record(self) -> dict[str, Any]:
        """The contract as the record of a file."""
        return record_of(standing(self.contract, self.as_of, self.source), self.contract.terms)

    def remarks(self) -> Iterator[str]:
        """What whoever goes on with it must know: what stays here, and what would be done twice or not at all."""
        for what in left_behind(self.contract):
            yield f"{what}, which stays here"
        if self.went_on:
            yield f"has done something here since {self.as_of} began, which would be done again"
        due = next_due(self.contract)
        if due and due.at < instant(self.as_of, self.contract.zone):
            yield f"has still to do something before {self.as_of}: {due.what}"


async def given_out(
    database: Database, filters: Filters, as_of: date | None, now: datetime, source: str = "Tenure"
) -> AsyncIterator[Given]:
    """Every contract that is ordered and not over when a day begins, in the order of the numbers.

    Without a day it is tomorrow, where the contract lives.
    """
    async with database.read() as connection:
        terms = await _terms(connection)
        after: str | None = None
        while views := await contracts.page(connection, filters, after=after, limit=_PAGE):
            for view in views:
                day = as_of or local_date(now, view.zone) + DAY
                contract, went_on = await _restored(connection, view, terms[view.programme], day)
                if contract is not None and contract.status in _GIVEN:
                    yield Given(contract, day, source, went_on=went_on)
            after = views[-1].number


async def _terms(connection: AsyncConnection) -> dict[str, dict[int, Terms]]:
    found: dict[str, dict[int, Terms]] = {}
    for row in await programmes.everything(connection):
        found.setdefault(row["code"], {})[row["version"]] = Terms.model_validate(row["terms"])
    return found


async def _restored(
    connection: AsyncConnection, view: View, terms: dict[int, Terms], as_of: date
) -> tuple[Contract | None, bool]:
    """The contract when the day begins, and whether it has done something since."""
    entries: list[Entry] = []
    before: datetime = instant(as_of, view.zone)
    while page := await contracts.entries(connection, view.number, after=entries[-1].seq if entries else 0, limit=500):
        entries += page
    return restored(entries, terms, before), any(_did(entry, before) for entry in entries)


def _did(entry: Entry, since: datetime) -> bool:
    return entry.at >= since and not entry.kind.startswith("operations.")


def record_of(told: Standing, terms: Terms) -> dict[str, Any]:
    """How a contract stands, as the record of a file: all that is not as it would be if it were not said."""
    named = {"reference": told.reference, "programme": terms.code, "terms_version": terms.version}
    said = told.model_dump(mode="json", exclude={"lines"}, exclude_defaults=True)
    return named | said | {"source": told.source, "lines": [_line(line) for line in told.lines]}


def _line(line: StandingLine) -> dict[str, Any]:
    said: dict[str, Any] = line.model_dump(mode="json", exclude_defaults=True)
    return line.model_dump(mode="json", include=_SAID) | said


def write_json(out: TextIO, records: list[dict[str, Any]]) -> None:
    """A contract a line."""
    out.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def write_csv(out: IO[str], records: list[dict[str, Any]]) -> None:
    """A row for each line of a contract; what is said of the contract stands in the first."""
    rows = [row for record in records for row in _rows(record)]
    writer = csv.DictWriter(out, columns(rows), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _rows(record: dict[str, Any]) -> list[dict[str, str]]:
    whole = dict(flat({name: value for name, value in record.items() if name != "lines"}))
    rows = [dict(flat(line, LINE)) for line in record["lines"]]
    return [(whole if index == 0 else {"reference": record["reference"]}) | row for index, row in enumerate(rows)]
