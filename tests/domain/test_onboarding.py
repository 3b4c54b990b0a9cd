"""Onboarding: within so many days of the order, with a warning before; service starts with its end."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.commands import Accept, Checkout
from domain.effects import CloseCase, MoveCase, OpenCaseEffect, SendMessage
from domain.onboarding.commands import CompleteOnboarding
from domain.onboarding.terms import OnboardingTerms
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import Status
from domain.view import attention
from tests.domain.samples import kinds, offer, on, ordered, quote, terms, utc

ON_ACCOUNT = {"payment": "on_account"}


def life(**changes: Any) -> Life:
    """An order on 1 March that is complete at once."""
    under = terms(onboarding={"rule": "SMP-4"} | changes, order=ON_ACCOUNT, lapsed_cover=None)
    return ordered(at=utc(2027, 3, 1), under=under)


def cases(life: Life) -> list[tuple[str, str]]:
    """What happened to tickets."""
    kinds_ = {OpenCaseEffect: "open", MoveCase: "move", CloseCase: "close"}
    return [(kinds_[type(effect)], effect.case) for effect in life.told if type(effect) in kinds_]  # type: ignore[attr-defined]


@pytest.mark.rule("HPP-4")
def test_service_starts_when_onboarding_is_done() -> None:
    """Until then the contract is scheduled and bills nothing; the term runs from that day."""
    contract = life()
    assert contract.contract.status is Status.SCHEDULED
    welcome = [effect for effect in contract.told if isinstance(effect, SendMessage) and effect.message == "welcome"]
    assert [message.data["finish_by"] for message in welcome] == ["2027-03-31"]
    contract.give(CompleteOnboarding(id="c"), utc(2027, 3, 12))
    assert kinds(contract)[-3:-1] == ["onboarding_done", "activated"]
    assert contract.contract.term is not None
    assert (contract.contract.term.first, contract.contract.term.last) == (date(2027, 3, 12), date(2028, 3, 11))
    contract.live_until(utc(2027, 3, 20))
    assert on(contract, "period_billed") == [date(2027, 3, 12)]
    assert cases(contract) == []
    with pytest.raises(Refusal):
        contract.give(CompleteOnboarding(id="c2"), utc(2027, 3, 21))


@pytest.mark.rule("HPP-4")
def test_a_ticket_when_the_last_day_nears_and_an_alarm_after_it() -> None:
    """Day 25: a ticket. After day 30: it is late, and a person must look. Done at last, the ticket is closed."""
    contract = life()
    contract.live_until(utc(2027, 4, 5))
    assert on(contract, "onboarding_warned") == [date(2027, 3, 26)]
    assert on(contract, "onboarding_late") == [date(2027, 4, 1)]
    assert attention(contract.contract) == ("onboarding late since 2027-03-31",)
    contract.give(CompleteOnboarding(id="c"), utc(2027, 4, 6))
    case = "SMP-2027-000001-ONBOARDING"
    assert cases(contract) == [("open", case), ("move", case), ("close", case)]
    assert attention(contract.contract) == ()


@pytest.mark.rule("HPP-4")
def test_the_days_are_the_terms() -> None:
    """Ten days, two of warning."""
    contract = life(within_days=10, warn_days=2)
    contract.live_until(utc(2027, 3, 20))
    assert on(contract, "onboarding_warned") == [date(2027, 3, 9)]
    assert on(contract, "onboarding_late") == [date(2027, 3, 12)]


@pytest.mark.rule("HPP-4")
def test_cover_that_still_holds_is_waited_for_after_onboarding() -> None:
    """Onboarding is one condition, the device's own warranty another."""
    under = terms(onboarding={"rule": "SMP-4"}, order=ON_ACCOUNT)
    contract = ordered(offer(warranty=date(2027, 6, 30)), at=utc(2027, 3, 1), under=under)
    contract.give(CompleteOnboarding(id="c"), utc(2027, 3, 12))
    contract.live_until(utc(2027, 7, 2))
    assert on(contract, "activated") == [date(2027, 7, 1)]


@pytest.mark.rule("HPP-4")
def test_onboarding_waits_for_payment() -> None:
    """Where payment comes first, onboarding is opened by it."""
    contract = ordered(at=utc(2027, 3, 1), under=terms(onboarding={"rule": "SMP-4"}))
    assert kinds(contract)[-2:] == ["payment_received", "onboarding_opened"]


@pytest.mark.rule("HPP-4")
def test_the_welcome_gives_the_access_code() -> None:
    """The code that was drawn when the contract was quoted."""
    under = terms(onboarding={"rule": "SMP-4"}, order=ON_ACCOUNT, lapsed_cover=None)
    begun = Life.begin(quote(under=under).model_copy(update={"access_code": "7F3A"}), utc(2027, 3, 1))
    begun.give(Accept(id="a", revision=1), utc(2027, 3, 1))
    begun.give(Checkout(id="c", method="on_account", registered=True), utc(2027, 3, 1))
    assert [effect.data for effect in begun.told if isinstance(effect, SendMessage)][-1]["access_code"] == "7F3A"


def test_a_warning_comes_after_the_order() -> None:
    """As many days of warning as there are days is no warning."""
    with pytest.raises(ValidationError, match="must be less than `within_days`"):
        OnboardingTerms(rule="SMP-4", within_days=5, warn_days=5)
