"""The future of a portfolio: what the database's shapes come to is what every contract by itself comes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from bench.random_lives import lives
from domain.decider import is_closed, next_due
from domain.forecast.asked import Asked, Forecast, Progress, Selection
from domain.forecast.batch import Sums, answer
from domain.forecast.future import future, until
from domain.forecast.kept import kept, unpacked
from domain.forecast.suppose import SupposedError
from domain.forecast.tally import add, key_of, nothing, tally
from domain.simulator import Life
from domain.state import ENDED
from storage import states
from storage.database import Database
from storage.portfolio import forecast, sides
from storage.states import programmes
from tests.forecast.portfolio import AGREED
from tests.forecast.written import write
from tests.money.booked import ready

LIVES = 90
DEARER = {
    "programmes": {
        "HPG": {"terms": {"renewal": {"notice_days": 60}}, "prices": [{"percent": "4"}]},
        "ICM": {"terms": {"renewal": {"price": {"policy": "uplift", "percent": "4"}}}, "reach": "now"},
    },
    "answers": {"renew": "0.7", "decline": "0.2", "seed": 3},
    "commands": [{"at": "2030-09-01T00:00:00Z", "do": "cancel"}],
}
ASKED = [
    {"months": 12},
    {"months": 24, "what_if": DEARER},
    {"assume": {"renew": "1"}, "what_if": {"answers": {"decline": "1"}}, "select": {"programmes": ["HPG", "ICM"]}},
]


@pytest.fixture
async def house(database: Database) -> tuple[Database, list[Life]]:
    """A database with running contracts of every programme in mid-life."""
    await ready(database)
    running = [copy(life) for life in lived() if not is_closed(life.contract)]
    await write(database, running)
    return database, running


@cache
def lived() -> tuple[Life, ...]:
    """Random lives, which no test may touch."""
    return tuple(lives(LIVES))


def copy(life: Life) -> Life:
    """A life that may go on by itself."""
    return replace(life, entries=list(life.entries), events=list(life.events), told=list(life.told))


async def unheard(progress: Progress) -> None:
    """Nobody listens."""


def one_by_one(asked: Asked, running: list[Life], as_of: datetime) -> Forecast:
    """The same, contract by contract, from each one's own state."""
    assumed, sums, count = sides(AGREED, asked), Sums(), 0
    for contract in (life.contract for life in running):
        if asked.select.programmes and contract.terms.code not in asked.select.programmes:
            continue
        due = next_due(contract)
        late = due is not None and due.at <= as_of
        began = contract if late else contract.model_copy(update={"at": as_of})
        count += 1
        for side, each in enumerate(assumed):
            stance = each.answers.stance(contract.number)
            life = future(began, each, stance, end=until(as_of, asked.months, contract.zone))
            for month, numbers in tally(life).items():
                add(sums.setdefault((side, *key_of(contract), month), nothing()), numbers)
    about: dict[str, Any] = {"as_of": as_of, "months": asked.months, "contracts": count, "shapes": 0}
    return answer(sums, sides=len(assumed), about=about)


@pytest.mark.parametrize("wanted", ASKED)
async def test_shapes_come_to_what_the_contracts_do(house: tuple[Database, list[Life]], wanted: dict[str, Any]) -> None:
    """Shared or not, in several processes or none: the same counts, and the same money to the cent."""
    database, running = house
    asked = Asked.model_validate(wanted)
    as_of = max(life.contract.at for life in running)
    found = await forecast(database, asked, as_of=as_of, tell=unheard, size=1)
    expected = one_by_one(asked, running, as_of)
    assert found.unread == ()
    assert found.rows == expected.rows
    assert (found.totals, found.contracts) == (expected.totals, expected.contracts)
    assert any(row.base.gross for row in found.rows)
    if asked.what_if:
        assert any(row.difference and row.difference.gross for row in found.rows)


async def test_states_follow_their_trails(house: tuple[Database, list[Life]]) -> None:
    """A kept state is its contract's own; what happens later is added to it, once."""
    database, running = house
    asked = Asked()
    as_of = max(life.contract.at for life in running)
    await forecast(database, asked, as_of=as_of, tell=unheard, size=1)
    waiting = [(life, due) for life in running if (due := next_due(life.contract))]
    for life, due in waiting:
        life.live_until(due.at)
    await write(database, running)
    async with database.read() as connection:
        behind = await states.count_behind(connection, Selection())
    told: list[Progress] = []

    async def heard(progress: Progress) -> None:
        told.append(progress)

    await forecast(database, asked, as_of=as_of, tell=heard, size=1)
    assert behind == len([life for life, _ in waiting if not is_closed(life.contract)]) > 3
    assert [each.done for each in told if each.phase == "reading"][-1] == behind
    async with database.read() as connection:
        found = await states.find(connection, [life.contract.number for life in running])
        terms = (await programmes(connection)).terms
    for life in running:
        contract = life.contract
        if not is_closed(contract):
            row = found[contract.number]
            mine = {version: each for (code, version), each in terms.items() if code == contract.terms.code}
            assert unpacked(row, mine) == contract
            assert row.version == len(life.entries)


def test_a_state_is_packed_without_loss() -> None:
    """What is unpacked is what was packed; a contract stays below a few kilobytes."""
    for life in lived():
        contract = life.contract
        row = kept(contract, 7)
        assert unpacked(row, {contract.terms.version: contract.terms}) == contract
        assert len(row.state) < 6000 or contract.status in ENDED


WRONG = {
    "programmes.XYZ": {"programmes": {"XYZ": {}}},
    "programmes.HPG.terms.renewal.notice_dayz": {"programmes": {"HPG": {"terms": {"renewal": {"notice_dayz": 60}}}}},
    "programmes.HPG.terms.renewal.notice_days": {"programmes": {"HPG": {"terms": {"renewal": {"notice_days": -1}}}}},
    "programmes.HPG.terms.currency": {"programmes": {"HPG": {"terms": {"currency": "CHF"}}}},
    "programmes.HPG.withdrawn": {"programmes": {"HPG": {"withdrawn": ["care-designjett"]}}},
    "programmes.HPG.prices.0.services": {"programmes": {"HPG": {"prices": [{"percent": 4, "services": ["no"]}]}}},
    "support_ends": {"support_ends": {"No Such Model": "2027-01-01"}},
    "programmes.HPG.terms.cancellation": {
        "programmes": {
            "HPG": {
                "reach": "now",
                "terms": {"cancellation": {"bands": [{"until_month": 90, "effect": "at_once"}, {"effect": "at_once"}]}},
            }
        },
        "commands": [{"at": "2030-09-01T00:00:00Z", "do": "cancel"}],
    },
}


@pytest.mark.parametrize("where", WRONG)
def test_what_cannot_be_supposed_is_named(where: str) -> None:
    """A what-if that is wrong says where and why, before anything is thought through."""
    with pytest.raises(SupposedError) as told:
        sides(AGREED, Asked.model_validate({"what_if": WRONG[where]}))
    assert told.value.where == where
    assert len(told.value.why) > 10


def test_a_larger_share_holds_the_smaller() -> None:
    """Who renews at 30 % also renews at 60 %; the shares come out about right, and the same each time."""
    few, more = (Asked.model_validate({"assume": {"renew": share}}).assume for share in ("0.3", "0.6"))
    numbers = [f"HPG-2027-{number:06d}" for number in range(2000)]
    first, second = ({n for n in numbers if side.stance(n) == "renews"} for side in (few, more))
    assert first < second
    assert abs(Decimal(len(first)) / 2000 - few.renew) < Decimal("0.05")
