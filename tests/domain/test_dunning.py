"""Dunning by the terms: tried again, reminded, paused, ended, given up; and all of it undone when it is paid."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from domain.commands import Pay, ReportCollection, ReportPayment, Suspend
from domain.dunning.terms import DunningTerms
from domain.effects import Collect, IssueCredit, SendMessage, WriteOff
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import Status
from tests.domain.samples import offer, on, ordered, terms, utc

STEPS = {
    "rule": "SMP-9",
    "steps": [
        {"after_days": 3, "do": "retry"},
        {"after_days": 5, "do": "remind"},
        {"after_days": 14, "do": "suspend"},
        {"after_days": 45, "do": "end"},
        {"after_days": 60, "do": "write_off"},
    ],
}
INVOICE = "SMP-2027-000001/1/invoice/2027-03-01.1"


def declined() -> Life:
    """A contract whose first month's payment is declined, and every attempt with the same card."""
    at, under = utc(2027, 3, 1), terms(dunning=STEPS, order_fees=[])
    life = ordered(offer(prices={1: Decimal(31)}), at=at, under=under, method="pm_declined")
    life.give(ReportPayment(id="transfer", outcome="paid", reference="bank"), at)
    return life


def told(life: Life, kind: type[Any]) -> list[Any]:
    """What the world was told of one kind."""
    return [effect for effect in life.told if isinstance(effect, kind)]


@pytest.mark.rule("HPG-10")
def test_each_step_is_taken_on_its_day_once() -> None:
    """Counted from the decline; the contract ends, and what is left is given up."""
    life = declined()
    life.live_until(utc(2027, 8, 1))
    days = [(3, 4), (3, 6), (3, 15), (4, 15), (4, 30)]
    assert on(life, "dunned") == [date(2027, month, day) for month, day in days]
    assert [effect.bill_key for effect in told(life, Collect)] == [INVOICE]
    assert [e.data["days"] for e in told(life, SendMessage) if e.message == "payment_reminder"] == [5]
    assert on(life, "suspended") == [date(2027, 3, 15)]
    assert life.contract.status is Status.CANCELLED
    assert life.contract.ended_on == date(2027, 4, 15)
    assert [effect.bill_key for effect in told(life, WriteOff)] == [INVOICE]
    assert (life.contract.unpaid, life.contract.declined) == ((), ())


@pytest.mark.rule("HPG-10")
def test_service_goes_on_by_itself_when_it_is_paid() -> None:
    """No person resumes it; the whole days without service are credited, and no further step is taken."""
    life = declined()
    life.live_until(utc(2027, 3, 20))
    assert on(life, "suspended") == [date(2027, 3, 15)]
    life.give(Pay(id="p", method="pm_ok", invoice=INVOICE), utc(2027, 3, 20))
    assert life.contract.status is Status.ACTIVE
    assert [effect.bill.net for effect in told(life, IssueCredit)] == [Decimal("4.00")]
    life.live_until(utc(2027, 6, 1))
    assert len(on(life, "dunned")) == 3
    assert life.contract.status is Status.ACTIVE


@pytest.mark.rule("HPG-10")
def test_a_pause_that_somebody_asked_for_is_not_ended_by_a_payment() -> None:
    """Only what dunning paused goes on by itself."""
    life = declined()
    life.give(Suspend(id="s", reason="holidays"), utc(2027, 3, 3))
    life.give(Pay(id="p", method="pm_ok", invoice=INVOICE), utc(2027, 3, 4))
    assert life.contract.status is Status.SUSPENDED


@pytest.mark.rule("HPG-10")
def test_a_stolen_card_is_not_tried_again() -> None:
    """The other steps are taken all the same."""
    life = ordered(at=utc(2027, 3, 1), under=terms(dunning=STEPS))
    report = ReportCollection(id="r", invoice=INVOICE, outcome="declined", reason="stolen_card")
    life.give(report, utc(2027, 3, 2))
    life.live_until(utc(2027, 3, 10))
    assert on(life, "dunned") == [date(2027, 3, 5), date(2027, 3, 7)]
    assert told(life, Collect) == []


@pytest.mark.rule("ICM-11")
def test_an_invoice_on_account_has_its_days_to_be_paid() -> None:
    """The steps are counted from its last day; a report that it was paid ends them."""
    order = {"payment": "on_account", "due_days": 20}
    under = terms(dunning=STEPS, order=order, order_fees=[])
    life = ordered(at=utc(2027, 3, 1), under=under, method="on_account", period=12)
    life.live_until(utc(2027, 3, 25))
    assert on(life, "dunned") == [date(2027, 3, 24)]
    life.give(ReportCollection(id="r", invoice=INVOICE, outcome="paid", reference="camt"), utc(2027, 3, 25))
    life.live_until(utc(2027, 6, 1))
    assert on(life, "dunned") == [date(2027, 3, 24)]
    assert on(life, "collection_received") == [date(2027, 3, 25)]


def test_without_terms_nothing_happens_by_itself() -> None:
    """A declined payment waits for a person, as long as it takes."""
    life = ordered(at=utc(2027, 3, 1), method="pm_declined")
    with pytest.raises(Refusal):
        life.give(Pay(id="p", method="pm_ok", invoice=INVOICE), utc(2027, 3, 1))
    assert life.contract.unpaid == ()


def test_steps_stand_in_the_order_of_their_days() -> None:
    """A file that has them otherwise is wrong."""
    with pytest.raises(ValidationError, match="order of their days"):
        DunningTerms.model_validate(STEPS | {"steps": STEPS["steps"][::-1]})
