"""Those that fall due together in `bench.sleeping`: a midnight somewhere, and one bill at it for each of them."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from api.bringing.filling import Defaults, Sold, fill
from api.bringing.records import entries
from api.line_files import Findings
from bench.sleeping.filling import Midnight, due_records, midnight, sold_in
from domain.calendar import instant
from domain.decider import next_due, open_contract
from domain.due import Rank
from domain.takeover.commands import TakeOver

HOURS = timedelta(hours=1)


@pytest.mark.parametrize("hour", range(0, 24, 3))
@pytest.mark.parametrize("day", [datetime(2026, 11, 25, tzinfo=UTC), datetime(2028, 2, 28, 23, 50, tzinfo=UTC)])
def test_a_midnight_comes_soon_at_any_time(day: datetime, hour: int) -> None:
    """Wherever it is: a day begins there at that instant, within the hour."""
    wanted = day + hour * HOURS
    found = midnight(wanted)
    assert wanted <= found.at <= wanted + HOURS
    assert instant(found.day, found.zone) == found.at


@pytest.mark.parametrize("begins", ["2026-11-26T00:00", "2027-03-30T21:00", "2027-12-31T03:00", "2028-02-28T15:00"])
def test_each_is_billed_at_that_midnight(begins: str) -> None:
    """Taken over the day before, on any day of a month, the next thing is a bill at that instant, which can wait."""
    due = midnight(datetime.fromisoformat(begins).replace(tzinfo=UTC))
    for number, found in enumerate(_taken_over(due), start=1):
        contract, _ = open_contract(found, due.at - HOURS)
        happens = next_due(contract)
        assert happens is not None, number
        assert (happens.at, happens.rank, happens.can_wait) == (due.at, Rank.BILL, True)


def _taken_over(due: Midnight) -> list[TakeOver]:
    terms, model = sold_in(due)
    sold = {terms.code: Sold({terms.version: terms}, model.catalogue)}
    file = io.BytesIO("\n".join(json.dumps(record) for record in due_records(3, due)).encode())
    findings, defaults = Findings(), Defaults(now=due.at - HOURS)
    found = [fill(entry, sold, {}, defaults).command for entry in entries(file, "json", findings)]
    assert findings.errors == []
    assert len(found) == 3
    return found
