"""Early, late and co-termed renewals, and deadlines that a quote states: to the day."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.calendar import DAY, months_after
from domain.commands import AddLine, DeclineRenewal, OfferRenewal, Renew, Undo
from domain.decider import is_closed
from domain.effects import IssueInvoice, SendMessage
from domain.events import PeriodBilled
from domain.permissions import permissions
from domain.simulator import Life
from domain.state import OrderedBy, Status
from tests.domain.samples import offer, on
from tests.domain.test_agreements import begin, order, plain, refusal
from tests.domain.test_notice import at_noon, seen

YEAR = {12: Decimal(365)}
BEGAN = date(2026, 1, 1)


def living(period: int = 12, *, notice: Any = None, again: bool = False, **renewal: Any) -> Life:
    """A contract of 2026 that ends unless it is renewed."""
    more: dict[str, Any] = {"reenrolment": {"rule": "SMP-6"}} if again else {}
    under = plain(
        renewal={"mode": "on_acceptance", "price": {"policy": "same"}} | renewal,
        billing={"periods": [1, 12], "covered": "on_activation"},
        notice=notice,
        **more,
    )
    line = offer(prices=YEAR | {1: Decimal(31)})
    return order(begin(under, line, at=at_noon(BEGAN), period=period), at_noon(BEGAN))


def late(begins: str, days: int = 60) -> dict[str, Any]:
    """Terms that take a late yes."""
    return {"late": {"rule": "SMP-8", "days": days, "begins": begins}}


def periods(life: Life) -> list[tuple[date, date, Decimal]]:
    """What was billed: first and last day of each period, and what it was charged."""
    return [
        (part.billed.first, part.billed.last, part.billed.charged)
        for event in life.events
        if isinstance(event, PeriodBilled)
        for part in event.lines
    ]


# Late


def test_a_late_renewal_begins_on_the_day_of_the_yes_and_its_gap_is_seen() -> None:
    """Sixty days after the end it is still taken; nothing of the days between is charged, and all say so."""
    life = living(**late("on_acceptance"))
    life.live_until(at_noon(date(2027, 1, 2)))
    assert life.contract.status is Status.EXPIRED
    assert not is_closed(life.contract)
    assert seen(life, date(2027, 1, 2)).renewable_until == date(2027, 3, 1)
    assert [(item.command, item.until) for item in permissions(life.contract)] == [("renew", date(2027, 3, 1))]
    told = next(e for e in life.told if isinstance(e, SendMessage) and e.message == "expired")
    assert told.data["late_until"] == "2027-03-01"
    life.give(Renew(id="r"), at_noon(date(2027, 3, 1)))
    life.live_until(at_noon(date(2028, 3, 5)))
    renewed = next(entry for entry in life.entries if entry.kind == "renewed")
    assert renewed.data["gap"] == {"first": "2027-01-01", "last": "2027-02-28"}
    assert "without service from 2027-01-01 to 2027-02-28" in renewed.summary
    assert [(first, last) for first, last, _ in periods(life)] == [
        (date(2026, 1, 1), date(2026, 12, 31)),
        (date(2027, 3, 1), date(2028, 2, 29)),
    ]
    confirmed = next(e for e in life.told if isinstance(e, SendMessage) and e.message == "renewal_confirmed")
    assert (confirmed.data["gap_first"], confirmed.data["gap_last"]) == ("2027-01-01", "2027-02-28")
    assert life.contract.term is not None
    assert (life.contract.term.number, life.contract.ended_on) == (2, date(2028, 2, 29))


def test_a_late_renewal_may_be_as_if_there_had_been_no_end() -> None:
    """By the terms it begins the day after the old term, and is charged from there."""
    life = living(period=1, **late("without_gap"))
    life.give(Renew(id="r"), at_noon(date(2027, 2, 10)))
    assert life.contract.status is Status.ACTIVE
    assert life.contract.term is not None
    assert (life.contract.term.first, life.contract.term.last) == (date(2027, 1, 1), date(2027, 12, 31))
    firsts = [first for first, _, _ in periods(life)]
    assert firsts == [months_after(BEGAN, month) for month in range(14)]


def test_the_days_for_a_late_yes_end() -> None:
    """The day after the last one it is refused by the rule of the terms, which names the way back, and it is over."""
    for day in (date(2027, 3, 1), date(2027, 3, 2)):
        life = living(again=True, **late("on_acceptance"))
        if day == date(2027, 3, 1):
            life.give(Renew(id="r"), at_noon(day))
            continue
        no = refusal(life, Renew(id="r"), at_noon(day))
        assert (no.rule, no.allowed_when) == ("SMP-8", "a new quote takes SMP-1 up again (`reenrols`)")
        assert on(life, "late_renewal_closed") == [day]
        assert is_closed(life.contract)


@pytest.mark.rule("HPJ-2")
def test_without_terms_for_it_a_late_order_needs_a_re_enrolment() -> None:
    """In time on the last day of the term; the day after, it is refused by the deadline's rule."""
    life = living(again=True, notice_rule="SMP-9")
    life.live_until(at_noon(date(2027, 1, 1)))
    no = refusal(life, Renew(id="r"), at_noon(date(2027, 1, 1)))
    assert (no.rule, no.allowed_when) == ("SMP-9", "a new quote takes SMP-1 up again (`reenrols`)")
    in_time = living(again=True)
    in_time.give(Renew(id="r"), at_noon(date(2026, 12, 31)))
    in_time.live_until(at_noon(date(2027, 1, 1)))
    assert on(in_time, "renewed") == [date(2027, 1, 1)]


def test_an_order_that_came_in_in_time_and_is_entered_late_leaves_no_gap() -> None:
    """The day on which it came in counts, also for a yes."""
    life = living(notice={"rule": "SMP-1", "received_days": 5}, **late("on_acceptance"))
    life.live_until(at_noon(date(2027, 1, 3)))
    life.give(Renew(id="r", received_on=date(2026, 12, 30)), at_noon(date(2027, 1, 3)))
    assert life.contract.term is not None
    assert (life.contract.term.first, life.contract.status) == (date(2027, 1, 1), Status.ACTIVE)
    assert next(entry for entry in life.entries if entry.kind == "renewed").data["gap"] is None


def test_who_has_said_no_is_not_asked_late() -> None:
    """A no is an answer: nothing is open after the end."""
    life = living(**late("on_acceptance"))
    life.give(DeclineRenewal(id="n"), at_noon(date(2026, 12, 1)))
    life.live_until(at_noon(date(2027, 1, 5)))
    assert is_closed(life.contract)


def test_a_tacit_renewal_knows_no_late_one() -> None:
    """Terms that contradict themselves are refused when they are loaded."""
    with pytest.raises(ValidationError, match="`late` is for the mode"):
        plain(renewal={"mode": "tacit"} | late("on_acceptance"))


# Early


def test_an_early_renewal_is_asked_for_quoted_and_taken_and_the_term_begins_on_its_day() -> None:
    """In June for January: the quote comes when it is asked for, within the terms' days, and only once."""
    life = living(request_days=200)
    early = OfferRenewal(id="o1")
    assert life.give(early, at_noon(date(2026, 6, 13))) == ()
    life.give(early.model_copy(update={"id": "o2"}), at_noon(date(2026, 6, 14)))
    life.give(Renew(id="r"), at_noon(date(2026, 6, 15)))
    life.live_until(at_noon(date(2027, 1, 2)))
    assert on(life, "renewal_quoted") == [date(2026, 6, 14)]
    assert (on(life, "reminder_sent"), on(life, "renewed")) == ([], [date(2027, 1, 1)])


# Stated deadlines


@pytest.mark.rule("HPJ-2")
def test_a_deadline_that_the_renewal_quote_states_governs() -> None:
    """Earlier than the terms': later orders are refused. Later: the contract waits for its answer that long."""
    early, later = living(), living()
    early.give(OfferRenewal(id="o", order_by=date(2026, 11, 30)), at_noon(date(2026, 9, 1)))
    assert seen(early, date(2026, 9, 1)).renewable_until == date(2026, 11, 30)
    assert "2026-11-30" in refusal(early, Renew(id="r"), at_noon(date(2026, 12, 1))).reason
    later.give(OfferRenewal(id="o", order_by=date(2027, 1, 15)), at_noon(date(2026, 9, 1)))
    later.give(Renew(id="r"), at_noon(date(2027, 1, 15)))
    assert later.contract.term is not None
    assert later.contract.term.first == date(2027, 1, 1)
    over = living()
    over.give(OfferRenewal(id="o", order_by=date(2027, 1, 15)), at_noon(date(2026, 9, 1)))
    over.live_until(at_noon(date(2027, 1, 20)))
    assert (over.contract.status, over.contract.ended_on) == (Status.EXPIRED, date(2026, 12, 31))
    for wrong in (date(2026, 8, 31), date(2027, 4, 1)):
        no = refusal(living(), OfferRenewal(id="o", order_by=wrong), at_noon(date(2026, 9, 1)))
        assert no.field == "order_by"


# Co-terming


def test_a_renewal_may_end_with_something_else_charged_to_the_day() -> None:
    """The next term ends on 30 June: 181 of 365 days are charged, and the term after it is whole."""
    life = living(coterm_rule="SMP-4")
    life.live_until(at_noon(date(2026, 12, 1)))
    life.give(Renew(id="r", until=date(2027, 6, 30)), at_noon(date(2026, 12, 1)))
    life.live_until(at_noon(date(2027, 5, 1)))
    assert life.contract.term is not None
    assert (life.contract.term.first, life.contract.term.last) == (date(2027, 1, 1), date(2027, 6, 30))
    assert periods(life)[-1][2] == Decimal(181)
    life.give(Renew(id="r2"), at_noon(date(2027, 6, 1)))
    life.live_until(at_noon(date(2028, 7, 5)))
    assert life.contract.term is not None
    assert (life.contract.term.first, life.contract.term.last) == (date(2027, 7, 1), date(2028, 6, 30))
    assert periods(life)[-1] == (date(2027, 7, 1), date(2028, 6, 30), Decimal(365))
    assert life.contract.ended_on == date(2028, 6, 30)


def test_what_a_renewal_can_end_with_is_bounded_and_undone_with_the_answer() -> None:
    """A day of the next term, where the terms allow it; withdrawn, the next term is whole again."""
    today = at_noon(date(2026, 12, 1))
    assert refusal(living(), Renew(id="r", until=date(2027, 6, 30)), today).field == "until"
    for wrong in (date(2026, 12, 31), date(2028, 1, 1)):
        no = refusal(living(coterm_rule="SMP-4"), Renew(id="r", until=wrong), today)
        assert (no.rule, no.field) == ("SMP-4", "until")
    life = living(coterm_rule="SMP-4")
    life.give(Renew(id="r", until=date(2027, 6, 30)), today)
    life.give(Undo(id="u", what="renewal"), today)
    life.give(Renew(id="again", form=OrderedBy(kind="letter")), today)
    life.live_until(at_noon(date(2027, 1, 2)))
    assert life.contract.term is not None
    assert life.contract.term.last == date(2027, 12, 31)


def test_a_line_that_is_added_ends_with_the_contract_charged_to_the_day() -> None:
    """From 1 October to the term's end: 92 of 365 days."""
    life = living()
    more = offer("2", prices=YEAR)
    life.give(AddLine(id="a", offer=more, starts_on=date(2026, 10, 1)), at_noon(date(2026, 9, 20)))
    life.live_until(at_noon(date(2027, 2, 1)))
    assert periods(life)[-1][2] == Decimal(92)
    assert {line.ends_on for line in life.contract.lines} == {date(2026, 12, 31)}


@given(day=st.dates(date(2027, 1, 1), date(2027, 12, 31)), begins=st.sampled_from(["without_gap", "on_acceptance"]))
def test_no_day_of_a_shortened_term_is_charged_twice_or_not_at_all(day: date, begins: str) -> None:
    """Whatever day a term ends on, in time or late: days of service and days charged are the same, and follow on."""
    life = living(coterm_rule="SMP-4", **late(begins, days=30))
    life.give(Renew(id="r", until=day), at_noon(date(2026, 12, 1)))
    life.live_until(at_noon(day))
    life.give(Renew(id="r2"), at_noon(day))
    life.live_until(at_noon(months_after(day, 12)))
    spans = [(first, last) for first, last, _ in periods(life)]
    assert spans[1][0] == date(2027, 1, 1)
    assert spans[2][0] == day + DAY
    charged = sum((e.bill.net for e in life.told if isinstance(e, IssueInvoice)), Decimal(0))
    whole = Decimal(365)
    days = (day - date(2026, 12, 31)).days
    assert charged == whole + whole * days / 365 + whole


def test_the_last_moment_of_the_last_day_is_in_time() -> None:
    """A late yes at the very last moment of its day is in time where the contract lives."""
    life = living(**late("on_acceptance"))
    last = datetime.fromisoformat("2027-03-01T23:59:00+01:00")
    life.give(Renew(id="r"), last)
    assert life.contract.status is Status.ACTIVE
