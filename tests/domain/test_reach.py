"""Whom new terms reach, and when: what is said beforehand is what happens."""

from __future__ import annotations

from datetime import date

import pytest

from domain import decider
from domain.commands import AdoptTerms, Cancel
from domain.permissions import permissions
from domain.reach import Reach, reach
from domain.simulator import Life, PriceListWorld
from domain.view import view
from tests.domain.samples import offer, ordered, quote, terms, utc

NEWER = terms(version=2)


def asked(life: Life, version: int = 2) -> Reach | None:
    """What is said of a contract."""
    contract = life.contract
    step = decider.step(contract)
    return reach(view(contract, now=contract.at, step=step, allowed=permissions(contract)), version)


def test_new_terms_reach_a_contract_on_the_first_day_of_its_next_term() -> None:
    """The day that was named is the day on which it lives under them; not a day before."""
    life = ordered(at=utc(2027, 3, 1), world=PriceListWorld(terms=NEWER))
    said = asked(life)
    assert said is not None
    assert (said.version, said.on, said.how) == (1, date(2028, 3, 1), "at its renewal")
    life.live_until(utc(2028, 2, 28))
    assert life.contract.terms.version == 1
    life.live_until(utc(2028, 3, 2))
    assert life.contract.terms.version == 2
    assert asked(life) is None


def test_a_quote_that_is_out_keeps_its_version() -> None:
    """What was quoted for the next term holds: terms that come after it reach the term after."""
    life = ordered(at=utc(2027, 3, 1))
    life.live_until(utc(2028, 1, 10))
    said = asked(life)
    assert said is not None
    assert (said.on, said.how) == (None, "at the renewal after next: the next term is quoted under version 1")


@pytest.mark.parametrize("version", [1, 2])
def test_an_operator_may_move_a_contract_before(version: int) -> None:
    """Then nothing is left to be said of it."""
    life = ordered(at=utc(2027, 3, 1))
    life.give(AdoptTerms(id="t", terms=NEWER, reason="agreed by letter"), utc(2027, 4, 1))
    assert asked(life, version) is None


def test_what_is_not_reached_says_why() -> None:
    """An offer, a contract that waits, one that is leaving, one without a term, one that is over."""
    begun = asked(Life.begin(quote(), utc(2027, 3, 1)))
    waiting = asked(ordered(offer(warranty=date(2027, 9, 30)), at=utc(2027, 3, 1)))
    endless = asked(ordered(at=utc(2027, 3, 1), under=terms(term=None, renewal=None)))
    leaving = ordered(at=utc(2027, 3, 1))
    leaving.give(Cancel(id="c", reason="moved"), utc(2027, 10, 1))
    said = [item.how if item else None for item in (begun, waiting, endless, asked(leaving))]
    assert [how.partition(":")[0] for how in said if how] == [
        "it is an offer",
        "at its first renewal; service has not started",
        "it has no term",
        "never",
    ]
    leaving.live_until(utc(2028, 4, 1))
    assert asked(leaving) is None
