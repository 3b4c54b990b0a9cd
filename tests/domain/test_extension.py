"""Pauses that extend: their days are added to the running period and to the term, any number of times."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from domain.commands import AddLine, Cancel, Change, DeclineRenewal, Renew, Resume, Suspend
from domain.effects import IssueCredit
from domain.events import ChangeApplied, PeriodBilled
from domain.simulator import Life
from domain.state import Status
from tests.domain.samples import offer, on, ordered, terms, utc

EXTEND: dict[str, Any] = {"suspension": {"extend": True}, "order_fees": []}


def lived(**changes: Any) -> Life:
    """A contract of one line, in service from 1 March 2027 on, 31 EUR a month; its term ends on 29 February 2028."""
    return ordered(offer(prices={1: Decimal(31)}), at=utc(2027, 3, 1), under=terms(**(EXTEND | changes)))


def pause(life: Life, since: tuple[int, int, int], until: tuple[int, int, int], name: str = "p") -> None:
    """A pause: the day on which it begins is still served, the one on which it ends is again."""
    life.give(Suspend(id=f"{name}-s", reason="pause"), utc(*since))
    life.give(Resume(id=f"{name}-r"), utc(*until))


def firsts(life: Life) -> list[tuple[date, str]]:
    """The first day of each billed period, and what it cost."""
    return [
        (part.billed.first, str(part.billed.charged))
        for event in life.events
        if isinstance(event, PeriodBilled)
        for part in event.lines
    ]


def test_bills_and_the_term_move_on_and_nothing_is_credited() -> None:
    """Ten days without service in March: the next bills are on 11 April, 11 May; the term ends ten days later."""
    life = lived()
    pause(life, (2027, 3, 10), (2027, 3, 21))
    assert life.contract.term is not None
    assert life.contract.term.last == date(2028, 3, 10)
    life.live_until(utc(2027, 5, 12))
    assert firsts(life) == [(date(2027, 3, 1), "31.00"), (date(2027, 4, 11), "31.00"), (date(2027, 5, 11), "31.00")]
    assert not any(isinstance(effect, IssueCredit) for effect in life.told)


def test_any_number_of_pauses_adds_up() -> None:
    """Ten days, then over a boundary twenty, then one: the fourth period begins 31 days later than it would have."""
    life = lived()
    pause(life, (2027, 3, 10), (2027, 3, 21), "a")
    pause(life, (2027, 4, 5), (2027, 4, 26), "b")
    pause(life, (2027, 5, 20), (2027, 5, 22), "c")
    life.live_until(utc(2027, 7, 10))
    assert [day for day, _ in firsts(life)] == [date(2027, 3, 1), date(2027, 5, 1), date(2027, 6, 1), date(2027, 7, 2)]
    assert life.contract.extended == 31
    assert life.contract.term is not None
    assert life.contract.term.last == date(2028, 3, 31)


def test_renewal_and_reminders_follow_the_new_end() -> None:
    """The quote goes out 90 days, reminders 60, 30 and 7 days before 10 March; term 2 starts on the 11th."""
    life = lived()
    pause(life, (2027, 3, 10), (2027, 3, 21))
    life.live_until(utc(2028, 3, 12))
    assert on(life, "renewal_opened") == [date(2027, 12, 11)]
    assert on(life, "reminder_sent") == [date(2028, 1, 10), date(2028, 2, 9), date(2028, 3, 3)]
    assert life.contract.term is not None
    assert (life.contract.term.first, life.contract.term.last) == (date(2028, 3, 11), date(2029, 3, 10))


def test_while_service_is_paused_the_term_stands_still() -> None:
    """A pause over the term's end: no quote, no reminder, no end while it lasts; then each on its moved day."""
    life = lived(renewal={"mode": "on_acceptance"})
    life.give(Suspend(id="s", reason="pause"), utc(2027, 11, 20))
    life.live_until(utc(2028, 5, 19))
    assert life.contract.status is Status.SUSPENDED
    assert on(life, "renewal_opened") == []
    life.give(Resume(id="r"), utc(2028, 5, 20))
    assert life.contract.term is not None
    assert life.contract.term.last == date(2028, 8, 28)
    life.live_until(utc(2028, 9, 1))
    assert on(life, "renewal_opened") == [date(2028, 5, 30)]
    assert life.contract.ended_on == date(2028, 8, 28)
    assert sum(1 for _ in firsts(life)) == 12


def test_a_deadline_that_runs_moves_on() -> None:
    """An answer after the old deadline, and before the new one, is in time."""
    life = lived(renewal={"mode": "on_acceptance", "notice_days": 30})
    life.live_until(utc(2028, 1, 20))
    pause(life, (2028, 1, 20), (2028, 2, 10))
    life.give(Renew(id="y"), utc(2028, 2, 15))
    assert life.contract.renewal.answer == "accepted"


def test_an_end_with_the_term_moves_and_one_on_a_day_does_not() -> None:
    """Declined, the contract runs out with its longer term."""
    life = lived()
    life.live_until(utc(2028, 1, 20))
    life.give(DeclineRenewal(id="n"), utc(2028, 1, 20))
    pause(life, (2028, 1, 25), (2028, 2, 5))
    life.live_until(utc(2028, 4, 1))
    assert (life.contract.status, life.contract.ended_on) == (Status.EXPIRED, date(2028, 3, 10))


def test_days_that_can_no_longer_be_served_are_credited() -> None:
    """Left on 5 April in a period that runs to the 10th: five of its 31 days are given back, once."""
    life = lived()
    pause(life, (2027, 3, 10), (2027, 3, 21))
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 4, 5))
    (credit,) = [effect.bill for effect in life.told if isinstance(effect, IssueCredit)]
    assert credit.net == Decimal("5.00")


def test_a_planned_change_waits_for_its_moved_boundary() -> None:
    """Two machines from the next period on, which begins on 11 April."""
    life = lived(change={"rule": "SMP-13", "what": ["quantity"]})
    life.give(Change(id="c", line="1", quantity=2), utc(2027, 3, 5))
    pause(life, (2027, 3, 10), (2027, 3, 21))
    life.live_until(utc(2027, 4, 12))
    (applied,) = [event for event in life.events if isinstance(event, ChangeApplied)]
    assert life.contract.date_of(applied.at) == date(2027, 4, 11)
    assert firsts(life)[-1] == (date(2027, 4, 11), "62.00")


def test_a_line_that_comes_later_has_the_moved_periods() -> None:
    """Added on 1 April, in the period that was made longer: ten of its 31 days, then with the others."""
    life = lived(change={"rule": "SMP-13", "what": ["lines"]})
    pause(life, (2027, 3, 10), (2027, 3, 21))
    life.give(AddLine(id="a", offer=offer("2", prices={1: Decimal(62)})), utc(2027, 4, 1))
    life.live_until(utc(2027, 4, 12))
    assert firsts(life) == [
        (date(2027, 3, 1), "31.00"),
        (date(2027, 3, 1), "20.00"),
        (date(2027, 4, 11), "31.00"),
        (date(2027, 4, 11), "62.00"),
    ]


def test_in_arrears_the_longer_period_is_billed_when_it_is_over() -> None:
    """March and ten days, on 11 April, at the price of the whole month."""
    life = lived(billing={"mode": "in_arrears"})
    pause(life, (2027, 3, 10), (2027, 3, 21))
    life.live_until(utc(2027, 4, 12))
    (bill,) = [event.bill for event in life.events if isinstance(event, PeriodBilled)]
    assert (bill.on, bill.net) == (date(2027, 4, 11), Decimal("31.00"))


def test_in_arrears_an_end_during_a_pause_bills_what_was_served() -> None:
    """Left while paused: the ten days that were served, and nothing for the pause."""
    life = lived(billing={"mode": "in_arrears"})
    life.give(Suspend(id="s", reason="pause"), utc(2027, 3, 10))
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 4, 20))
    life.live_until(utc(2027, 6, 1))
    (bill,) = [event.bill for event in life.events if isinstance(event, PeriodBilled)]
    assert (bill.on, bill.net) == (date(2027, 4, 21), Decimal("10.00"))


def test_a_pause_that_lasts_to_the_end_of_the_term_is_credited_where_pauses_are() -> None:
    """Paused from 11 February 2028 on and never renewed: the 19 days of February without service are given back."""
    life = lived(suspension={"extend": False}, renewal={"mode": "on_acceptance"}, cancellation={"credit_unused": False})
    life.give(Suspend(id="s", reason="pause"), utc(2028, 2, 10))
    life.live_until(utc(2028, 4, 1))
    assert life.contract.status is Status.EXPIRED
    (credit,) = [effect.bill for effect in life.told if isinstance(effect, IssueCredit)]
    assert credit.net == Decimal("20.31")  # 31 EUR x 19 / 29
