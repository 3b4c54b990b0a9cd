"""A preview is what is then posted: the same code on a copy, whatever is asked of whatever contract."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from bench.random_lives import RandomLife
from domain.commands import Cancel, Change, Suspend
from domain.effects import IssueCredit, IssueInvoice
from domain.events import PeriodBilled
from domain.preview import preview, recurring
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import ENDED
from tests.domain.samples import offer, ordered, terms, utc

AT_ONCE = {"rule": "SMP-13", "what": ["service", "quantity", "lines"], "effect": "at_once"}


@pytest.mark.rule("ICM-4")
def test_a_change_of_quantity_says_what_it_costs() -> None:
    """From mid-month on two instead of one: the rest of the month is credited and charged anew; the sum doubles."""
    life = ordered(offer(prices={1: Decimal(31)}), at=utc(2027, 3, 1), under=terms(change=AT_ONCE, order_fees=[]))
    life.live_until(utc(2027, 3, 11))
    before = life.contract
    seen = preview(life.contract, life.world, Change(id="c", line="1", quantity=2), utc(2027, 3, 11))
    assert life.contract == before
    assert [bill.net for bill in seen.credited] == [Decimal("21.00")]
    assert [bill.net for bill in seen.charged] == [Decimal("42.00")]
    assert (seen.recurring_before, seen.recurring_after) == (Decimal("31.00"), Decimal("62.00"))
    assert seen.next_bill is not None
    assert (seen.next_bill.on, seen.next_bill.net) == (date(2027, 4, 1), Decimal("62.00"))


def test_leaving_ends_what_recurs() -> None:
    """Nothing recurs after the end, and nothing more is billed."""
    life = ordered(at=utc(2027, 3, 1))
    life.live_until(utc(2027, 3, 11))
    seen = preview(life.contract, life.world, Cancel(id="c", reason="leaving"), utc(2027, 3, 11))
    assert (seen.recurring_after, seen.next_bill) == (Decimal(0), None)
    assert len(seen.charged) == len(seen.credited) == 1


def test_what_would_be_refused_is_refused() -> None:
    """By the same rule."""
    life = ordered(at=utc(2027, 3, 1), under=terms(suspension=None))
    with pytest.raises(Refusal):
        preview(life.contract, life.world, Suspend(id="s", reason="pause"), utc(2027, 3, 11))


def test_yearly_prices_recur_by_the_month() -> None:
    """A twelfth of the year's price, rounded once for the contract."""
    life = ordered(offer(prices={12: Decimal(100)}), at=utc(2027, 3, 1), period=12)
    assert recurring(life.contract) == Decimal("8.33")


@pytest.mark.rule("ICM-4", "COM-4")
@pytest.mark.parametrize("seed", range(60))
def test_a_preview_is_what_is_posted(seed: int) -> None:
    """Bill for bill, key for key; also the next bill, if nobody asks anything else until then."""
    dice = RandomLife(seed)
    life = dice.live()
    lived = Life(life.contract, life.world)
    at = life.contract.at
    for _ in range(8):
        at += timedelta(days=11)
        command = dice.wish(lived)
        try:
            seen = preview(lived.contract, lived.world, command, at)
        except Refusal:
            continue
        lived.live_until(at)
        told = len(lived.told)
        lived.give(command, at)
        if lived.contract.status in ENDED:
            lived.live_until(at + timedelta(days=2))
        posted = lived.told[told:]
        assert [e.bill for e in posted if isinstance(e, IssueInvoice) and e.bill.charges] == list(seen.charged)
        assert [e.bill for e in posted if isinstance(e, IssueCredit)] == list(seen.credited)
        if seen.next_bill:
            ahead, done = Life(lived.contract, lived.world), len(lived.events)
            ahead.live_until(utc(seen.next_bill.on.year, seen.next_bill.on.month, seen.next_bill.on.day, 23))
            bills = [event.bill for event in ahead.events if isinstance(event, PeriodBilled)]
            assert seen.next_bill in bills
            assert done == len(lived.events)
