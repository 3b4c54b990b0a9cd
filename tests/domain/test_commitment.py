"""Minimum commitment: what was charged for a term's service less than agreed is charged when it is over, once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from domain.books import Account, account_of
from domain.commands import Accept, Cancel, Checkout, Resume, Suspend, Terminate
from domain.commitment.events import ShortfallCharged
from domain.effects import IssueInvoice
from domain.preview import preview
from domain.simulator import Life
from tests.domain.samples import offer, ordered, quote, terms, utc

COMMITMENT: dict[str, Any] = {"rule": "SMP-4", "amount": "400", "text": {"en": "Minimum commitment"}}


def lived(at: tuple[int, int, int] = (2027, 3, 1), **changes: Any) -> Life:
    """A contract of 31 EUR a month that commits to 400 EUR a year; its first term ends on 29 February 2028."""
    under = terms(**({"minimum_commitment": COMMITMENT, "order_fees": []} | changes))
    return ordered(offer(prices={1: Decimal(31)}), at=utc(*at), under=under)


def shortfalls(life: Life) -> list[tuple[date, str, str]]:
    """Each shortfall: the day of its bill, what was charged, what is missing."""
    events = [event for event in life.events if isinstance(event, ShortfallCharged)]
    return [(event.bill.on, str(event.charged), str(event.bill.net)) for event in events]


def test_what_a_term_was_charged_less_is_charged_with_rule_and_reason() -> None:
    """Twelve months are 372 of 400 EUR: the other 28 on the day after the term, before the next; each term anew."""
    life = lived()
    life.live_until(utc(2029, 3, 2))
    assert shortfalls(life) == [(date(2028, 3, 1), "372.00", "28.00"), (date(2029, 3, 1), "372.00", "28.00")]
    kinds = [entry.kind for entry in life.entries if entry.kind in {"shortfall_charged", "renewed"}]
    assert kinds == ["shortfall_charged", "renewed"] * 2
    (charge, _) = [
        charge
        for effect in life.told
        if isinstance(effect, IssueInvoice)
        for charge in effect.bill.charges
        if charge.what == "shortfall"
    ]
    assert (charge.rule, charge.text, charge.first, charge.last) == (
        "SMP-4",
        "Minimum commitment",
        date(2027, 3, 1),
        date(2028, 2, 29),
    )
    assert account_of(charge) is Account.FEES


def test_a_term_that_was_charged_enough_owes_nothing() -> None:
    """372 EUR are agreed and charged."""
    life = lived(minimum_commitment=COMMITMENT | {"amount": "372"})
    life.live_until(utc(2029, 3, 2))
    assert shortfalls(life) == []


def test_credits_count_and_one_time_fees_do_not() -> None:
    """A month without service is missing too; the set-up fee changes nothing."""
    life = lived(order_fees=["set_up"])
    life.give(Suspend(id="s", reason="pause"), utc(2027, 3, 31))
    life.give(Resume(id="r"), utc(2027, 5, 1))
    life.live_until(utc(2028, 3, 2))
    assert shortfalls(life) == [(date(2028, 3, 1), "341.00", "59.00")]


@pytest.mark.parametrize(("early_end", "missing"), [("whole", "359.00"), ("prorated", "3.72")])
def test_an_early_end_owes_all_of_it_or_its_days(early_end: str, missing: str) -> None:
    """Left on 10 April after 41 of 366 days and 41.33 EUR, net of what is credited: 400 EUR, or 44.81 of them."""
    life = lived(minimum_commitment=COMMITMENT | {"early_end": early_end})
    seen = preview(life.contract, life.world, Cancel(id="c", reason="leaving"), utc(2027, 4, 10))
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 4, 10))
    life.live_until(utc(2029, 1, 1))
    (found,) = shortfalls(life)
    assert found[0] == date(2027, 4, 11)
    assert Decimal(found[1]) == Decimal("41.33")
    assert any(charge.what == "shortfall" for bill in seen.charged for charge in bill.charges)
    assert Decimal(found[2]) == (Decimal("400.00") if early_end == "whole" else Decimal("44.81")) - Decimal("41.33")


def test_a_provider_that_gives_notice_is_owed_the_days_only() -> None:
    """However much the terms say of a customer that leaves."""
    provider = {"provider": {"rule": "SMP-12", "notice_months": 1}}
    life = lived(cancellation=provider)
    life.give(Terminate(id="t", reason="no longer offered"), utc(2027, 3, 10))
    life.live_until(utc(2027, 6, 1))
    assert shortfalls(life) == [(date(2027, 4, 11), "41.33", "3.48")]


def test_in_arrears_the_last_bill_counts_first() -> None:
    """The twelfth month is billed at the same instant, and before."""
    life = lived(billing={"mode": "in_arrears"})
    life.live_until(utc(2028, 3, 2))
    assert shortfalls(life) == [(date(2028, 3, 1), "372.00", "28.00")]


def test_a_longer_term_owes_in_proportion() -> None:
    """Two years: 800 EUR, of which 24 months are 744."""
    under = terms(minimum_commitment=COMMITMENT, order_fees=[], term={"months": 12, "choices": [12, 24]})
    asked = quote(offer(prices={1: Decimal(31)}), under=under).model_copy(update={"term_months": 24})
    life = Life.begin(asked, utc(2027, 3, 1))
    life.give(Accept(id="a", revision=1), utc(2027, 3, 1))
    life.give(Checkout(id="b", method="pm_ok", registered=True), utc(2027, 3, 1))
    life.live_until(utc(2029, 3, 2))
    assert shortfalls(life) == [(date(2029, 3, 1), "744.00", "56.00")]


def test_it_needs_a_term() -> None:
    """Without one nobody could say when it is missed."""
    with pytest.raises(ValidationError, match="`minimum_commitment` needs `term` and `billing`"):
        terms(minimum_commitment=COMMITMENT, term=None, renewal=None)
