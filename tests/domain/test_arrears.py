"""Billing in arrears: each period when it is over, for the days that were served, up to the end and not past it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.books import Account, account_of
from domain.commands import AddLine, AdoptTerms, Cancel, Change, Renew, ReportCollection, Resume, Suspend, Undo
from domain.events import PeriodBilled, Recredited
from domain.simulator import Life, PriceListWorld
from domain.state import Price, Status
from tests.domain.samples import offer, ordered, terms, utc

ARREARS: dict[str, Any] = {"billing": {"mode": "in_arrears"}, "order_fees": []}


def lived(prices: dict[int, Decimal] | None = None, **changes: Any) -> Life:
    """A contract of one line, in service from 1 March 2027 on, 31 EUR a month."""
    under = terms(**(ARREARS | changes))
    return ordered(offer(prices=prices or {1: Decimal(31), 3: Decimal(92)}), at=utc(2027, 3, 1), under=under)


def bills(life: Life) -> list[tuple[date, str, str, str]]:
    """Each bill: its day, what it is over, its first and last charged day."""
    return [
        (event.bill.on, str(charge.net), str(charge.first), str(charge.last))
        for event in life.events
        if isinstance(event, PeriodBilled)
        for charge in event.bill.charges
    ]


def test_a_period_is_billed_on_the_day_after_its_last() -> None:
    """March on 1 April, not before."""
    life = lived()
    life.live_until(utc(2027, 3, 31, 20))
    assert bills(life) == []
    life.live_until(utc(2027, 5, 2))
    assert bills(life) == [
        (date(2027, 4, 1), "31.00", "2027-03-01", "2027-03-31"),
        (date(2027, 5, 1), "31.00", "2027-04-01", "2027-04-30"),
    ]


def test_what_was_served_is_billed_after_an_end_at_once() -> None:
    """Left on 10 April: the ten days of April are billed on the 11th, when the contract is over; then nothing."""
    life = lived()
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 4, 10))
    assert life.contract.status is Status.CANCELLED
    life.live_until(utc(2028, 6, 1))
    assert bills(life)[1:] == [(date(2027, 4, 11), "10.33", "2027-04-01", "2027-04-10")]
    assert not any(isinstance(event, Recredited) for event in life.events)


def test_the_last_days_are_billed_before_a_planned_end() -> None:
    """Ends on 29 February 2028 with month 12: the bill comes first, then the end, at one instant."""
    life = lived()
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 10, 5))
    life.live_until(utc(2028, 6, 1))
    last = [entry.kind for entry in life.entries if entry.kind in {"period_billed", "ended"}][-2:]
    assert last == ["period_billed", "ended"]
    assert bills(life)[-1] == (date(2028, 3, 1), "31.00", "2028-02-01", "2028-02-29")
    assert len(bills(life)) == 12


def test_pauses_are_not_charged_and_bills_do_not_wait_for_their_end() -> None:
    """Paused from 11 March to 20 April: ten days of March, eleven of April; each on the 1st, while it is paused too."""
    life = lived()
    life.give(Suspend(id="s", reason="pause"), utc(2027, 3, 10))
    life.give(Resume(id="r"), utc(2027, 4, 20))
    life.live_until(utc(2027, 5, 2))
    assert [(on, net) for on, net, _, _ in bills(life)] == [(date(2027, 4, 1), "10.00"), (date(2027, 5, 1), "11.37")]


def test_an_old_pause_still_counts_for_a_longer_period() -> None:
    """A line billed by the quarter remembers a pause that one billed by the month is done with."""
    life = lived(change={"rule": "SMP-13", "what": ["lines", "period"]})
    life.give(Change(id="q", line="1", period=3), utc(2027, 3, 2))
    life.live_until(utc(2027, 4, 2))
    life.give(Suspend(id="s", reason="pause"), utc(2027, 4, 10))
    life.give(Resume(id="r"), utc(2027, 4, 21))
    life.give(AddLine(id="a", offer=offer("2", prices={1: Decimal(30)})), utc(2027, 4, 21))
    life.live_until(utc(2027, 7, 2))
    of_quarter = [net for on, net, _, _ in bills(life) if on == date(2027, 7, 1)]
    assert "81.89" in of_quarter  # 81 of the 91 days from April to June


def test_a_change_takes_effect_at_the_boundary_and_what_was_is_billed_as_it_was() -> None:
    """Two machines from April on: March costs one, April two."""
    life = lived(change={"rule": "SMP-13", "what": ["quantity"]})
    life.give(Change(id="c", line="1", quantity=2), utc(2027, 3, 10))
    life.live_until(utc(2027, 5, 2))
    assert [net for _, net, _, _ in bills(life)] == ["31.00", "62.00"]


def test_a_line_that_is_replaced_on_the_day_is_billed_up_to_the_day_before() -> None:
    """One machine for ten days, two for the other 21, each in its own line; the first at once."""
    life = lived(change={"rule": "SMP-13", "what": ["quantity"], "effect": "at_once"})
    life.give(Change(id="c", line="1", quantity=2), utc(2027, 3, 11))
    life.live_until(utc(2027, 4, 2))
    assert bills(life) == [
        (date(2027, 3, 11), "10.00", "2027-03-01", "2027-03-10"),
        (date(2027, 4, 1), "42.00", "2027-03-11", "2027-03-31"),
    ]


def test_an_added_line_is_billed_with_the_others_for_its_own_days() -> None:
    """From 22 March on: ten days of 31, on the bill of 1 April."""
    life = lived(change={"rule": "SMP-13", "what": ["lines"]})
    life.give(AddLine(id="a", offer=offer("2", prices={1: Decimal(62)})), utc(2027, 3, 22))
    life.live_until(utc(2027, 4, 2))
    assert [(net, first) for _, net, first, _ in bills(life)] == [("31.00", "2027-03-01"), ("20.00", "2027-03-22")]


def test_a_renewal_does_not_reprice_the_period_in_which_it_falls() -> None:
    """Billed from the 1st, the term ends on the 14th: the month that began at the old price is billed at it."""
    under = terms(**ARREARS, start={"rule": "SMP-3", "after": ["warranty"]})
    device = offer(prices={1: Decimal(31)}, warranty=date(2027, 3, 14))
    life = ordered(device, at=utc(2027, 3, 1), under=under)
    life.world = PriceListWorld(prices=(Price(service="care", model="M1", prices={1: Decimal(40)}),))
    life.live_until(utc(2028, 5, 2))
    assert life.contract.term is not None
    assert life.contract.term.first == date(2028, 3, 15)
    assert [(on, net) for on, net, _, _ in bills(life)][-2:] == [
        (date(2028, 4, 1), "31.00"),
        (date(2028, 5, 1), "40.00"),
    ]


def test_a_term_that_ends_unless_renewed_is_billed_to_its_last_day_and_the_next_begins_anew() -> None:
    """Accepted in the days of grace: old days at the old term's end, the new term's periods from its first day."""
    renewal = {"mode": "on_acceptance", "grace_days": 20, "price": {"policy": "same"}}
    under = terms(**ARREARS, renewal=renewal, start={"rule": "SMP-3", "after": ["warranty"]})
    life = ordered(offer(prices={1: Decimal(31)}, warranty=date(2027, 3, 14)), at=utc(2027, 3, 1), under=under)
    life.live_until(utc(2028, 3, 20))
    assert bills(life)[-1] == (date(2028, 3, 15), "14.00", "2028-03-01", "2028-03-14")
    life.give(Renew(id="y"), utc(2028, 3, 21))
    life.give(Suspend(id="s", reason="pause"), utc(2028, 3, 25))
    life.give(Resume(id="r"), utc(2028, 3, 27))
    life.live_until(utc(2028, 4, 16))
    assert bills(life)[-1] == (date(2028, 4, 15), "30.00", "2028-03-15", "2028-04-14")
    assert not any(isinstance(event, Recredited) for event in life.events)


def test_dunning_that_ends_a_contract_leaves_its_last_days_to_be_billed() -> None:
    """March is never paid: ended on 16 April, and the 16 days of April are billed on the 17th."""
    steps = {"rule": "SMP-9", "steps": [{"after_days": 15, "do": "end"}]}
    life = lived(dunning=steps)
    life.live_until(utc(2027, 4, 1, 12))
    key = next(event.bill.key for event in life.events if isinstance(event, PeriodBilled))
    life.give(ReportCollection(id="no", invoice=key, outcome="declined"), utc(2027, 4, 1, 12))
    life.live_until(utc(2027, 6, 1))
    assert bills(life)[1:] == [(date(2027, 4, 17), "16.53", "2027-04-01", "2027-04-16")]


def test_an_end_withdrawn_leaves_the_period_whole() -> None:
    """Nothing was billed in between, so nothing is to be corrected."""
    life = lived()
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 9, 5))
    life.give(Undo(id="u", what="cancellation"), utc(2027, 9, 8))
    life.live_until(utc(2027, 10, 2))
    assert bills(life)[-1][1:2] == ("31.00",)
    assert not any(isinstance(event, Recredited) for event in life.events)


@pytest.mark.parametrize(("first", "then"), [("in_advance", "in_arrears"), ("in_arrears", "in_advance")])
def test_from_one_mode_to_the_other_no_day_is_billed_twice_or_lost(first: str, then: str) -> None:
    """New terms on a day on which a bill goes out: every month is charged once, each bill has its own key."""
    life = lived(billing={"mode": first})
    life.live_until(utc(2027, 4, 1))
    newer = terms(**ARREARS | {"billing": {"mode": then}}, version=2)
    life.give(AdoptTerms(id="t", terms=newer, reason="billed otherwise"), utc(2027, 4, 1))
    life.live_until(utc(2027, 7, 2))
    months = [first for _, _, first, _ in bills(life)]
    assert months[:3] == ["2027-03-01", "2027-04-01", "2027-05-01"]
    assert len(months) == len(set(months))
    keys = [effect.key for effect in life.told]
    assert len(keys) == len(set(keys))


def test_revenue_is_earned_with_the_bill() -> None:
    """Its days are served; nothing is deferred."""
    life = lived()
    life.live_until(utc(2027, 4, 2))
    (bill,) = [event.bill for event in life.events if isinstance(event, PeriodBilled)]
    assert account_of(bill.charges[0]) is Account.REVENUE
