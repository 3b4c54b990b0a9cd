"""The renewal quote, asked for: ahead of its day or again, by one or by many; the contract decides."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import Cancel, DeclineRenewal, OfferRenewal, Renew
from domain.quote import price_of
from domain.renewal_request import Asked, RenewalAnswer, answer
from domain.simulator import Life, PriceListWorld
from domain.state import Price
from tests.domain.samples import PRICES, kinds, offer, on, ordered, quote, terms, utc

NONE = PriceListWorld()


def ask(life: Life, at: datetime, by: str = "one") -> RenewalAnswer:
    """What a contract answers to who asks."""
    command = OfferRenewal(id=by, by="desk")
    life.give(command, at)
    return answer(life.contract, command, at)


def quoted(life: Life) -> list[date]:
    """The days on which a life's terms were quoted."""
    return on(life, "renewal_quoted")


@pytest.mark.rule("COM-3")
def test_asked_ahead_of_its_day_a_contract_quotes_at_once_and_never_again_for_that_term() -> None:
    """The quote goes out when it is asked for; nobody else's asking, nor the day itself, makes another."""
    life = ordered(at=utc(2027, 3, 1))
    told = ask(life, utc(2027, 9, 1), "first")
    assert (told.outcome, told.term, told.quoted_on) == (Asked.QUOTED, 2, date(2027, 9, 1))
    assert (told.net, told.term_net, told.currency) == (Decimal("49.00"), Decimal("588.00"), "EUR")
    assert told.net == price_of(life.contract.lines[0])
    again = ask(life, utc(2027, 9, 1), "second")
    assert (again.outcome, again.quoted_on) == (Asked.ALREADY_QUOTED, date(2027, 9, 1))
    assert ask(life, utc(2027, 9, 2), "first").outcome is Asked.QUOTED  # who asked first is told so, however often
    life.live_until(utc(2028, 3, 2))
    assert quoted(life) == [date(2027, 9, 1)]
    assert next(entry for entry in life.entries if entry.kind == "renewal_opened").by == "desk"


@pytest.mark.rule("COM-3")
def test_each_term_has_its_own_quote() -> None:
    """Asked in every term, and left to itself in the last, a contract quotes each term once."""
    life = ordered(at=utc(2027, 3, 1))
    ask(life, utc(2027, 6, 1), "first")
    ask(life, utc(2028, 6, 1), "second")
    life.live_until(utc(2030, 3, 2))
    assert quoted(life) == [date(2027, 6, 1), date(2028, 6, 1), date(2029, 11, 30)]


@pytest.mark.rule("COM-3")
def test_a_window_of_the_terms_says_from_when_the_quote_may_be_asked_for() -> None:
    """The day before the window opens is too early, and the answer names the day; on it the contract quotes."""
    life = ordered(at=utc(2027, 3, 1), under=terms(renewal={"request_days": 120}))
    early = ask(life, utc(2027, 10, 31), "early")
    assert (early.outcome, early.since) == (Asked.TOO_EARLY, date(2027, 11, 1))
    assert "2027-11-01" in early.reason
    assert ask(life, utc(2027, 11, 1), "in-time").outcome is Asked.QUOTED
    assert quoted(life) == [date(2027, 11, 1)]


def test_a_window_that_is_narrower_than_the_quotes_own_day_holds_nobody_back_on_that_day() -> None:
    """From the day on which the contract quotes by itself it may be asked, whatever the window says."""
    life = ordered(at=utc(2027, 3, 1), under=terms(renewal={"request_days": 10}))
    life.live_until(utc(2027, 12, 2))
    assert ask(life, utc(2027, 12, 2)).outcome is Asked.ALREADY_QUOTED


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        (Renew(id="yes"), Asked.ANSWERED),
        (DeclineRenewal(id="no"), Asked.ANSWERED),
        (Cancel(id="cancel", reason="moving out"), Asked.ENDING),
    ],
)
def test_a_contract_that_has_its_answer_or_its_end_is_left_alone(command: Any, outcome: Asked) -> None:
    """Answered, or on its way to its end, a contract says so, and nothing of it changes."""
    life = ordered(at=utc(2027, 3, 1))
    life.live_until(utc(2027, 12, 5))
    life.give(command, utc(2027, 12, 6))
    before = life.contract
    told = ask(life, utc(2027, 12, 7))
    assert told.outcome is outcome
    assert life.contract == before


def test_a_contract_that_does_not_run_or_has_no_term_is_left_alone() -> None:
    """Before its start, after its end, or without a term there is nothing to quote, and the answer says which."""
    waiting = Life.begin(quote(offer(warranty=date(2027, 5, 17))), utc(2027, 1, 10))
    assert ask(waiting, utc(2027, 1, 11)).outcome is Asked.NOT_RUNNING
    over = ordered(at=utc(2027, 3, 1))
    over.give(Cancel(id="cancel", reason="closing"), utc(2027, 4, 1))
    over.live_until(utc(2027, 4, 3))
    assert ask(over, utc(2027, 4, 4)).outcome is Asked.NOT_RUNNING
    endless = ordered(at=utc(2027, 3, 1), under=terms(term=None, renewal=None))
    assert ask(endless, utc(2027, 4, 4)).outcome is Asked.NO_TERM


def test_a_hindered_contract_names_the_reason_and_quotes_when_it_is_asked_again_after_the_cure() -> None:
    """Without a list price nothing is quoted and one case is opened; asked again with the list mended, it is quoted."""
    under = terms(renewal={"price": {"policy": "list"}, "quote_rule": "SMP-1"})
    life = ordered(at=utc(2027, 3, 1), under=under, world=NONE)
    partly = ask(life, utc(2027, 9, 1), "first")
    assert (partly.outcome, "not every line" in partly.reason) == (Asked.QUOTED, True)
    package = terms(renewal={"price": {"policy": "list"}, "quote_rule": "SMP-1", "best_effort": ["package"]})
    held = ordered(offer(sold_as="package"), at=utc(2027, 3, 1), under=package, world=NONE)
    told = ask(held, utc(2027, 9, 1), "first")
    assert (told.outcome, told.reason) == (Asked.HINDERED, "care is no longer in the price list")
    assert ask(held, utc(2027, 9, 2), "second").outcome is Asked.HINDERED
    held.world = PriceListWorld(prices=(Price(service="care", model="M1", prices=PRICES),))
    assert ask(held, utc(2027, 9, 3), "third").outcome is Asked.QUOTED
    assert quoted(held) == [date(2027, 9, 3)]
    assert kinds(held).count("renewal_opened") == 3
    requotes = [effect.key for effect in held.told if effect.kind == "requote"]  # type: ignore[attr-defined]
    assert len(set(requotes)) == 3
