"""Notices: the last possible day, the day on which one came in, its form, and what undoing it restores."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import DAY, months_after
from domain.commands import Cancel, DeclineRenewal, Renew, Terminate, Undo
from domain.effects import IssueCredit, SendMessage
from domain.permissions import permissions
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import OrderedBy, Status
from domain.view import View, view
from tests.domain.samples import offer, on, ordered, utc
from tests.domain.test_agreements import BY_LINE, begin, order, plain, refusal

TACIT = {
    "mode": "tacit",
    "notice_days": 60,
    "notice_rule": "SMP-9",
    "commits": "when_notice_closes",
}
END_OF_TERM = {"cancellation": {"bands": [{"effect": "end_of_term"}]}}
NOTICE = {"notice": {"rule": "SMP-1", "received_days": 10}}


def at_noon(day: date) -> datetime:
    """Noon, UTC: the same day in Paris."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def running(since: date, **changes: Any) -> Life:
    """A contract that began on a day."""
    base: dict[str, Any] = {"renewal": TACIT, **END_OF_TERM, **NOTICE}
    under = plain(**(base | changes))
    return order(begin(under, at=at_noon(since)), at_noon(since))


def seen(life: Life, day: date) -> View:
    """The contract as people see it on a day."""
    found = life.contract
    return view(found, now=at_noon(day), step=None, allowed=permissions(found))


@pytest.mark.rule("ICM-6")
@pytest.mark.parametrize(
    ("begins", "days", "last"),
    [
        (date(2026, 1, 1), 60, date(2026, 11, 1)),
        (date(2027, 3, 1), 60, date(2027, 12, 31)),
        (date(2027, 3, 1), 30, date(2028, 1, 30)),
        (date(2028, 2, 29), 30, date(2029, 1, 28)),
        (date(2027, 2, 1), 31, date(2027, 12, 31)),
        (date(2027, 1, 31), 1, date(2028, 1, 29)),
        (date(2027, 9, 1), 184, date(2028, 2, 29)),
    ],
)
def test_the_last_possible_day_is_shown_and_right(begins: date, days: int, last: date) -> None:
    """Shown before, at month ends and over 29 February: a no is taken on it, and one the day after is for next year."""
    life = running(begins, renewal=TACIT | {"notice_days": days, "quote_days": days + 30})
    end = months_after(begins, 12) - DAY
    shown = seen(life, begins)
    assert shown.cancellable_until == last == end - timedelta(days=days)
    cancel = next(item for item in shown.allowed if item.command == "cancel")
    assert (cancel.until, cancel.ends_on) == (last, end)
    for day, ends in ((last, end), (last + DAY, months_after(begins, 24) - DAY)):
        one = running(begins, renewal=TACIT | {"notice_days": days, "quote_days": days + 30})
        one.give(Cancel(id="c", reason="moving"), at_noon(day))
        assert one.contract.ending is not None
        assert one.contract.ending.last_day == ends


@pytest.mark.rule("COM-2")
def test_the_next_term_is_certain_the_day_after_the_last_possible_one() -> None:
    """Then the customer is told, a no is refused, leaving is for the next term's end, and its last day is shown."""
    life = running(date(2026, 1, 1))
    life.live_until(at_noon(date(2026, 11, 2)))
    assert on(life, "renewal_committed") == [date(2026, 11, 2)]
    told = next(e for e in life.told if isinstance(e, SendMessage) and e.message == "renewal_committed")
    assert told.data == {"effective_on": "2027-01-01", "last_day": "2027-12-31", "answer_until": "2027-11-01"}
    assert refusal(life, DeclineRenewal(id="no"), at_noon(date(2026, 11, 3))).rule == "SMP-9"
    shown = seen(life, date(2026, 11, 3))
    assert shown.cancellable_until == date(2027, 11, 1)
    assert not {"renew", "decline_renewal"} & {item.command for item in shown.allowed}
    life.give(Cancel(id="c", reason="moving"), at_noon(date(2026, 11, 3)))
    life.live_until(at_noon(date(2028, 2, 1)))
    assert (life.contract.ended_on, on(life, "renewed")) == (date(2027, 12, 31), [date(2027, 1, 1)])


def test_without_the_word_of_the_terms_a_tacit_renewal_is_certain_when_the_term_begins() -> None:
    """The terms say when the next term is certain."""
    life = running(date(2026, 1, 1), renewal=TACIT | {"commits": "at_end"})
    life.live_until(at_noon(date(2027, 1, 2)))
    assert on(life, "renewal_committed") == []
    assert on(life, "renewed") == [date(2027, 1, 1)]


def test_an_answer_in_time_leaves_nothing_to_commit() -> None:
    """Who has said yes, or no, is not told that the days for a no are over."""
    for answer in (Renew(id="a"), DeclineRenewal(id="a")):
        life = running(date(2026, 1, 1))
        life.give(answer, at_noon(date(2026, 10, 20)))
        life.live_until(at_noon(date(2026, 12, 1)))
        assert on(life, "renewal_committed") == []


def test_a_view_that_was_written_before_the_last_day_is_right_after_it() -> None:
    """Nothing happens to the contract on that day, and yet its view shows the next window on the day after."""
    life = running(date(2026, 1, 1), renewal=TACIT | {"commits": "at_end"})
    life.live_until(at_noon(date(2026, 10, 10)))
    shown = seen(life, date(2026, 10, 10))
    assert shown.cancellable_until == date(2026, 11, 1)
    later = shown.as_of(date(2026, 11, 2))
    assert later.cancellable_until == date(2027, 11, 1)
    cancel = next(item for item in later.allowed if item.command == "cancel")
    assert (cancel.until, cancel.ends_on) == (date(2027, 11, 1), date(2027, 12, 31))


@pytest.mark.rule("ICM-5")
@pytest.mark.rule("ICM-6")
@pytest.mark.rule("ICM-7")
def test_windows_are_shown_by_line_and_for_both_sides() -> None:
    """A line that came later may be ended later: each with its own first day, the provider's a year after it came."""
    life = order(begin(plain(cancellation=BY_LINE), at=utc(2027, 1, 4)), utc(2027, 1, 8))
    windows = {(window.by, window.lines): window for window in seen(life, date(2027, 1, 8)).notice}
    mine, theirs = windows["cancel", ()], windows["terminate", ()]
    assert (mine.first, mine.last, mine.notice_months) == (date(2027, 7, 8), None, 1)
    assert (theirs.first, theirs.notice_months, theirs.rule) == (date(2028, 1, 8), 3, "SMP-7")
    allowed = {item.command: item.since for item in seen(life, date(2027, 1, 8)).allowed}
    assert (allowed["cancel"], allowed["terminate"]) == (date(2027, 7, 8), date(2028, 1, 8))
    two = order(begin(plain(cancellation=BY_LINE), offer("1"), offer("2"), at=utc(2027, 1, 4)), utc(2027, 1, 8))
    late = two.contract.lines[1].model_copy(update={"since": date(2027, 3, 1)})
    two.contract = two.contract.model_copy(update={"lines": (two.contract.lines[0], late)})
    firsts = {window.lines: window.first for window in seen(two, date(2027, 3, 2)).notice if window.by == "cancel"}
    assert firsts == {("1",): date(2027, 7, 8), ("2",): date(2027, 9, 1)}


BANDS = [
    [{"effect": "end_of_term"}],
    [{"effect": "end_of_period"}],
    [{"until_month": 6, "effect": "refused"}, {"until_month": 12, "effect": "end_of_month"}, {"effect": "end_of_term"}],
    [
        {"until_month": 6, "effect": "at_once"},
        {"until_month": 12, "effect": "end_of_month"},
        {"effect": "end_of_period"},
    ],
]


@given(
    bands=st.sampled_from(BANDS),
    begins=st.dates(date(2026, 1, 1), date(2028, 3, 1)),
    after=st.integers(0, 800),
    notice=st.integers(0, 80),
    grace=st.integers(0, 10),
)
def test_what_a_window_says_is_what_happens(
    bands: list[Any], begins: date, after: int, notice: int, grace: int
) -> None:
    """Leaving on a window's first and on its last day ends service as it says; a day later it ends otherwise."""
    renewal = {"mode": "tacit", "notice_days": notice, "grace_days": grace}
    life = running(begins, renewal=renewal, cancellation={"bands": bands})
    today = begins + timedelta(days=after)
    life.live_until(at_noon(today))
    for window in seen(life, today).notice:
        if window.by != "cancel" or window.ends_on is None or window.last is None:
            continue
        for day in {max(window.first, today), window.last}:
            assert _left_on(life, day) == window.ends_on
        assert _left_on(life, window.last + DAY) != window.ends_on


def _left_on(life: Life, day: date) -> date | None:
    """When service ends if the customer leaves on a day."""
    one = Life(life.contract, life.world)
    one.give(Cancel(id="c", reason="leaving"), at_noon(day))
    ending, ended = one.contract.ending, one.contract.ended_on
    return ending.last_day if ending else ended


# The day on which a notice came in


@pytest.mark.rule("ICM-5")
def test_a_letter_counts_from_the_day_on_which_it_came_in() -> None:
    """A no that came in on the last possible day and is entered three days later is in time."""
    life = running(date(2026, 1, 1))
    late = DeclineRenewal(id="late", received_on=date(2026, 11, 2))
    assert refusal(life, late, at_noon(date(2026, 11, 4))).rule == "SMP-9"
    life.give(DeclineRenewal(id="no", received_on=date(2026, 11, 1)), at_noon(date(2026, 11, 4)))
    life.live_until(at_noon(date(2027, 2, 1)))
    assert (life.contract.status, life.contract.ended_on) == (Status.EXPIRED, date(2026, 12, 31))
    assert on(life, "renewal_committed") == [date(2026, 11, 2)]


@pytest.mark.parametrize("command", [DeclineRenewal(id="c"), Cancel(id="c", reason="letter")])
def test_a_no_that_came_in_before_the_next_term_began_ends_the_one_before(command: Any) -> None:
    """Entered two days into the new year, it ends the old one, and what the new one was billed is credited whole."""
    life = running(date(2026, 1, 1), renewal={"mode": "tacit"})
    life.live_until(at_noon(date(2027, 1, 2)))
    assert len(on(life, "period_billed")) == 2
    life.give(command.model_copy(update={"received_on": date(2026, 12, 31)}), at_noon(date(2027, 1, 2)))
    life.live_until(at_noon(date(2027, 1, 3)))
    assert life.contract.ended_on == date(2026, 12, 31)
    credited = [effect.bill.net for effect in life.told if isinstance(effect, IssueCredit)]
    assert credited == [520]


def test_how_far_back_a_notice_may_lie_is_bounded() -> None:
    """Not to come, not further back than the terms take, not before service, and not at all where they say nothing."""
    life = running(date(2026, 1, 1))
    today = date(2026, 10, 20)
    for day in (today + DAY, today - timedelta(days=11)):
        no = refusal(life, DeclineRenewal(id=f"no-{day}", received_on=day), at_noon(today))
        assert (no.rule, no.field) == ("SMP-1", "received_on")
    bare = running(date(2026, 1, 1), notice=None)
    assert refusal(bare, DeclineRenewal(id="n", received_on=today - DAY), at_noon(today)).field == "received_on"
    young = running(date(2026, 1, 8), cancellation={"bands": [{"effect": "at_once"}]})
    early = Cancel(id="c", reason="no", received_on=date(2026, 1, 7))
    assert refusal(young, early, at_noon(date(2026, 1, 10))).field == "received_on"


def test_a_backdated_end_never_leaves_a_day_paid_that_cannot_be_credited() -> None:
    """An end that lies before the last billed period is refused, naming the first day that can be taken."""
    monthly = begin(
        plain(cancellation={"bands": [{"effect": "at_once"}]}, **NOTICE), at=at_noon(date(2027, 1, 1)), period=1
    )
    order(monthly, at_noon(date(2027, 1, 1)))
    no = refusal(monthly, Cancel(id="c", reason="x", received_on=date(2027, 1, 30)), at_noon(date(2027, 2, 3)))
    assert (no.field, no.allowed_when) == ("received_on", "the notice came in on 2027-01-31 or later")
    monthly.give(Cancel(id="d", reason="x", received_on=date(2027, 1, 31)), at_noon(date(2027, 2, 3)))
    assert monthly.contract.ended_on == date(2027, 1, 31)
    assert [effect.bill.net for effect in monthly.told if isinstance(effect, IssueCredit)] == [49]


@pytest.mark.rule("ICM-7")
def test_the_providers_notice_counts_from_the_day_on_which_it_was_received() -> None:
    """Three months from that day."""
    life = order(begin(plain(cancellation=BY_LINE, **NOTICE), at=utc(2027, 1, 4)), utc(2027, 1, 8))
    life.give(Terminate(id="t", reason="old", received_on=date(2028, 1, 31)), utc(2028, 2, 3))
    assert life.contract.ending is not None
    assert life.contract.ending.last_day == date(2028, 4, 30)


# Its form


def test_a_notice_has_the_written_form_that_the_terms_want() -> None:
    """What is missing is named; with it the notice is taken, and the trail keeps it."""
    written = {"notice": {"rule": "SMP-1", "needs": ["signed_by"]}}
    life = running(date(2026, 1, 1), **written)
    today = at_noon(date(2026, 10, 20))
    assert refusal(life, Cancel(id="c", reason="x"), today).field == "details.signed_by"
    assert refusal(life, DeclineRenewal(id="d"), today).field == "form.details.signed_by"
    letter = OrderedBy(kind="letter", details={"signed_by": "Eva Roux"})
    life.give(DeclineRenewal(id="e", form=letter), today)
    declined = next(entry for entry in life.entries if entry.kind == "renewal_declined")
    assert declined.data["form"] == {"kind": "letter", "details": {"signed_by": "Eva Roux"}}


FORMS = {
    "rule": "SMP-3",
    "forms": {"purchase_order": {"needs": ["reference"]}, "reply_form": {"needs": ["seal"], "declines": True}},
}


@pytest.mark.rule("HPJ-7")
def test_a_renewal_is_answered_in_the_forms_of_the_terms() -> None:
    """A yes by purchase order or reply form; a no by the reply form only, which must be complete."""
    ordered_by = OrderedBy(kind="purchase_order", details={"reference": "PO-1"})
    reply = OrderedBy(kind="reply_form", details={"seal": "company"})
    under = plain(order={"forms": FORMS}, renewal={"mode": "on_acceptance"})
    today = utc(2028, 1, 20)
    for command, field in (
        (Renew(id="a"), "form.kind"),
        (Renew(id="b", form=OrderedBy(kind="reply_form")), "form.details.seal"),
        (DeclineRenewal(id="c"), "form.kind"),
        (DeclineRenewal(id="d", form=ordered_by), "form.kind"),
    ):
        life = order(begin(under, at=utc(2027, 3, 1)), utc(2027, 3, 1), form=ordered_by)
        no = refusal(life, command, today)
        assert (no.rule, no.field) == ("SMP-3", field)
    for good in (Renew(id="y", form=ordered_by), Renew(id="y", form=reply), DeclineRenewal(id="y", form=reply)):
        life = order(begin(under, at=utc(2027, 3, 1)), utc(2027, 3, 1), form=ordered_by)
        life.give(good, today)
        assert life.contract.renewal.answer is not None


# Undo


@pytest.mark.parametrize(
    ("notice", "what"),
    [
        (Cancel(id="n", reason="leaving"), "cancellation"),
        (DeclineRenewal(id="n"), "renewal"),
        (Renew(id="n"), "renewal"),
        (Terminate(id="n", reason="old"), "cancellation"),
    ],
)
def test_undoing_twice_restores_everything_twice(notice: Any, what: str) -> None:
    """Given and withdrawn, again and again: the contract stands as it stood, and lives on as if nothing had been."""
    provider = {"bands": [{"effect": "end_of_term"}], "provider": {"rule": "SMP-7", "notice_months": 3}}
    tried, stayed = (running(date(2026, 1, 1), cancellation=provider) for _ in range(2))
    day = date(2026, 10, 20)
    for life in (tried, stayed):
        life.live_until(at_noon(day))
    before = tried.contract
    for turn in range(2):
        tried.give(notice.model_copy(update={"id": f"n{turn}"}), at_noon(day))
        assert tried.contract != before
        tried.give(Undo.model_validate({"id": f"u{turn}", "what": what}), at_noon(day))
        changed = {name for name in type(before).model_fields if getattr(before, name) != getattr(tried.contract, name)}
        assert changed <= {"version", "at"}
        assert seen(tried, day).notice == seen(stayed, day).notice
    for life in (tried, stayed):
        life.live_until(at_noon(date(2028, 6, 1)))
    for kind in ("period_billed", "reminder_sent", "renewal_committed", "renewed"):
        assert on(tried, kind) == on(stayed, kind)


def test_a_no_that_is_withdrawn_after_the_last_possible_day_makes_the_next_term_certain_at_once() -> None:
    """Nobody gains a second window by withdrawing."""
    life = running(date(2026, 1, 1))
    life.give(DeclineRenewal(id="n"), at_noon(date(2026, 10, 20)))
    life.give(Undo(id="u", what="renewal"), at_noon(date(2026, 12, 1)))
    assert on(life, "renewal_committed") == [date(2026, 12, 1)]
    assert refusal(life, DeclineRenewal(id="again"), at_noon(date(2026, 12, 2))).rule == "SMP-9"


def test_an_order_that_comes_too_late_is_told_how_to_be_taken_up_again() -> None:
    """The refusal names the way back, where the terms have one."""
    again = {"reenrolment": {"rule": "SMP-6"}}
    life = order(begin(plain(renewal={"mode": "on_acceptance"}, **again), at=utc(2027, 3, 1)), utc(2027, 3, 1))
    life.live_until(utc(2028, 3, 1))
    no = refusal(life, Renew(id="r"), utc(2028, 3, 2))
    assert no.allowed_when == "a new quote takes SMP-1 up again (`reenrols`)"
    with pytest.raises(Refusal) as plainly:
        ordered(at=utc(2027, 3, 1)).give(Renew(id="r"), utc(2027, 4, 1))
    assert plainly.value.allowed_when is None
