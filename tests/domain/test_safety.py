"""A contract that would bill more than a day can bring is parked and shown to a person, not billed on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain import decider
from domain.commands import AdoptTerms, Unpark
from domain.events import PeriodBilled
from domain.refusal import Refusal
from domain.simulator import Life
from domain.tasks import tasks
from domain.view import attention
from tests.domain.samples import offer, ordered, terms, utc


def illegal() -> Life:
    """A contract whose line somehow counts its periods from 2015: a hundred months would be billed at once."""
    life = ordered(offer(prices={1: Decimal(31)}), at=utc(2027, 3, 1), under=terms(order_fees=[]))
    (line,) = life.contract.lines
    wrong = line.model_copy(update={"anchor": date(2015, 1, 1), "billed_months": 0})
    life.contract = life.contract.model_copy(update={"lines": (wrong,)})
    return life


def bills(life: Life) -> int:
    """How many periods were billed."""
    return sum(isinstance(event, PeriodBilled) for event in life.events)


def test_it_is_parked_after_as_many_bills_as_a_day_can_bring() -> None:
    """Twelve for its one line, the first of them rightly; then nothing happens, and it says why."""
    life = illegal()
    life.live_until(utc(2027, 6, 1))
    assert bills(life) == 12
    assert life.entries[-1].kind == "parked"
    assert decider.next_due(life.contract) is None
    assert not decider.is_closed(life.contract)
    assert attention(life.contract) == ("parked: 12 bills on 2027-03-01: another one cannot be right",)
    assert [(item.kind, item.role, item.answers) for item in tasks(life.contract)] == [
        ("parked", "operator", ("unpark",))
    ]


def test_it_goes_on_when_a_person_says_so_and_is_parked_again_where_it_is_still_wrong() -> None:
    """Never more than a day's bills before somebody looks."""
    life = illegal()
    life.live_until(utc(2027, 3, 2))
    life.give(Unpark(id="u", reason="looked at it"), utc(2027, 3, 2))
    assert bills(life) == 24
    assert life.contract.parked is not None


def test_a_contract_that_is_not_parked_needs_no_word() -> None:
    """The refusal says so."""
    life = ordered(at=utc(2027, 3, 1))
    with pytest.raises(Refusal, match="not parked"):
        life.give(Unpark(id="u", reason="in case"), utc(2027, 3, 2))


def test_what_cannot_be_billed_is_not_guessed() -> None:
    """The only tax rate is gone from the terms: no bill, no error without end, but a parked contract that says why."""
    life = ordered(offer(prices={1: Decimal(31)}), at=utc(2027, 3, 1), under=terms(order_fees=[]))
    later = {"rule": "COM-4", "rates": [{"country": "FR", "since": "2027-06-01", "name": "TVA", "percent": 21}]}
    life.give(AdoptTerms(id="t", terms=terms(tax=later, version=2, order_fees=[]), reason="a mistake"), utc(2027, 3, 2))
    life.live_until(utc(2027, 5, 1))
    assert bills(life) == 1
    assert life.contract.parked is not None
    assert "no tax rate for FR on 2027-04-01" in life.contract.parked
    life.give(AdoptTerms(id="v", terms=terms(version=3, order_fees=[]), reason="put right"), utc(2027, 5, 1))
    life.give(Unpark(id="u", reason="put right"), utc(2027, 5, 1))
    assert bills(life) == 3


def test_months_that_are_caught_up_with_are_days_of_their_own() -> None:
    """A contract that slept for ten years bills each month on its own day, and is not parked."""
    life = ordered(at=utc(2027, 3, 1))
    life.live_until(utc(2037, 3, 2))
    assert bills(life) == 121
    assert life.contract.parked is None
