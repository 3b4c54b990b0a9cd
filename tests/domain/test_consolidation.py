"""Consolidated invoices in a contract's life: bills wait for the cut-off day; at its end one effect sends them out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from domain.commands import Cancel
from domain.consolidation import next_cut_off
from domain.effects import IssueCollective, IssueInvoice
from domain.simulator import Life
from tests.domain.samples import offer, ordered, terms, utc

TOGETHER: dict[str, Any] = {
    "order": {"payment": "on_account"},
    "billing": {"consolidated": {"rule": "SMP-4", "day": 20}},
    "dunning": {"rule": "SMP-9", "steps": [{"after_days": 5, "do": "remind"}]},
}


def lived(method: str = "on_account", **changes: Any) -> Life:
    """A contract on account from 1 March 2027 on, 31 EUR a month; bills of a customer go out on the 20th."""
    under = terms(**(TOGETHER | changes))
    return ordered(offer(prices={1: Decimal(31)}), at=utc(2027, 3, 1), under=under, method=method)


def cut_offs(life: Life) -> list[tuple[str, date]]:
    """Each effect that sends bills out: its key and its day."""
    return [(effect.key, effect.cut_off) for effect in life.told if isinstance(effect, IssueCollective)]


@pytest.mark.parametrize(
    ("day", "since", "cut_off"),
    [
        (20, date(2027, 3, 20), date(2027, 3, 20)),
        (20, date(2027, 3, 21), date(2027, 4, 20)),
        (31, date(2027, 2, 1), date(2027, 2, 28)),
        (31, date(2028, 2, 29), date(2028, 2, 29)),
        (30, date(2027, 12, 31), date(2028, 1, 30)),
    ],
)
def test_the_next_cut_off_day(day: int, since: date, cut_off: date) -> None:
    """The day itself counts; a month without it has its last."""
    assert next_cut_off(day, since) == cut_off


def test_bills_wait_for_their_cut_off_day_and_the_order_does_not() -> None:
    """The set-up fee is an invoice of its own; March's bill goes out at the end of the 20th, by the customer's key."""
    life = lived()
    life.live_until(utc(2027, 3, 20, 20))
    assert cut_offs(life) == []
    life.live_until(utc(2027, 4, 21))
    key = "collective/c-1/SMP/EUR"
    assert cut_offs(life) == [(f"{key}/2027-03-20", date(2027, 3, 20)), (f"{key}/2027-04-20", date(2027, 4, 20))]
    issued = [effect for effect in life.told if isinstance(effect, IssueInvoice)]
    assert [effect.cut_off for effect in issued] == [None, date(2027, 3, 20), date(2027, 4, 20)]


def test_what_was_billed_before_the_end_goes_out_after_it() -> None:
    """Left on 10 March: the fee for leaving goes out on the 20th with the rest, and then the contract is over."""
    life = lived()
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 3, 10))
    life.live_until(utc(2028, 3, 1))
    assert [day for _, day in cut_offs(life)] == [date(2027, 3, 20)]
    assert life.contract.cut_off is None


def test_days_to_pay_are_counted_from_the_cut_off_day() -> None:
    """30 days to pay from 20 March, and five more: reminded on 24 April."""
    life = lived()
    life.live_until(utc(2027, 4, 24, 20))
    reminded = [entry.on for entry in life.entries if entry.kind == "dunned"]
    assert reminded == [date(2027, 4, 24)]


def test_who_pays_by_card_gets_an_invoice_at_once() -> None:
    """Only what is on account can wait."""
    life = lived(method="pm_ok")
    life.live_until(utc(2027, 4, 21))
    assert cut_offs(life) == []


def test_it_needs_payment_on_account() -> None:
    """The terms say what to put right."""
    with pytest.raises(ValidationError, match=r"`billing\.consolidated` needs `order\.payment: on_account`"):
        terms(**(TOGETHER | {"order": {"payment": "on_order"}}))
