"""For any mix of commands, pauses and clock jumps: what a contract may never do."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.calendar import months_after
from domain.commands import Accept, Cancel, Change, Checkout, DeclineRenewal, MoveCover, Renew, Resume, Suspend, Undo
from domain.decider import next_due
from domain.effects import IssueCredit, IssueInvoice
from domain.envelope import Command
from domain.events import PeriodBilled
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import ENDED, Cover
from tests.domain.samples import offer, quote, terms

BEGIN = datetime(2026, 12, 31, 9, tzinfo=UTC)

COMMANDS = st.one_of(
    st.just(Suspend(id="c", reason="pause")),
    st.just(Resume(id="c")),
    st.just(Cancel(id="c", reason="leaving")),
    st.sampled_from([Undo(id="c", what=what) for what in ("cancellation", "change", "renewal")]),
    st.just(Renew(id="c")),
    st.just(DeclineRenewal(id="c")),
    st.builds(Change, id=st.just("c"), line=st.sampled_from(["1", "2"]), period=st.sampled_from([1, 3, 12])),
    st.builds(
        MoveCover,
        id=st.just("c"),
        serial=st.just("SN2"),
        cover=st.dates(date(2026, 6, 1), date(2028, 6, 1)).map(lambda day: (Cover(kind="warranty", last_day=day),)),
    ),
)
SCRIPTS = st.lists(st.tuples(st.integers(0, 24 * 200), COMMANDS), max_size=12)
WARRANTIES = st.none() | st.dates(date(2026, 9, 1), date(2027, 12, 31))
MODES = st.sampled_from(["tacit", "on_acceptance"])
CREDITS = st.booleans()


def begin(warranty: date | None, period: int, mode: str, *, credit: bool) -> Life:
    """An ordered contract of two lines, one of them perhaps under warranty."""
    under = terms(renewal={"mode": mode}, suspension={"credit": credit}, lapsed_cover=None)
    life = Life.begin(quote(offer("1"), offer("2", warranty=warranty), period=period, under=under), BEGIN)
    life.give(Accept(id="a", revision=1), BEGIN)
    life.give(Checkout(id="b", method="pm_ok", registered=True), BEGIN)
    return life


def live(
    life: Life, script: list[tuple[int, Command]], *, daily: bool = False
) -> list[tuple[datetime, Command, Refusal]]:
    """Give the commands of a script, each some hours after the one before; a refusal is an answer."""
    at = BEGIN
    for hours, command in script:
        until = at + timedelta(hours=hours)
        while daily and at + timedelta(days=1) < until:
            at += timedelta(days=1)
            life.live_until(at)
        at = until
        try:
            life.give(command, at)
        except Refusal:
            continue
    end = at + timedelta(days=500)
    while daily and at < end:
        at = min(at + timedelta(days=11), end)
        life.live_until(at)
    life.live_until(end)
    return life.refusals


@pytest.mark.rule("COM-4")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(
    [
        (1774, Suspend(id="c", by="operator", reason="pause")),
        (4800, Renew(id="c", by="operator")),
    ],
    date(2027, 1, 1),
    1,
    "on_acceptance",
    False,
)
@given(SCRIPTS, WARRANTIES, st.sampled_from([1, 3, 12]), MODES, CREDITS)
def test_no_period_is_billed_twice_or_missed(
    script: list[tuple[int, Command]], warranty: date | None, period: int, mode: str, credit: bool
) -> None:
    """The billed periods of a line touch without gap or overlap, and every charge has its own key."""
    life = begin(warranty, period, mode, credit=credit)
    live(life, script)
    keys = Counter(effect.key for effect in life.told)
    assert [key for key, times in keys.items() if times > 1] == []
    for line in ("1", "2"):
        billed = [
            (part.billed, next(charge for charge in event.bill.charges if charge.line == line))
            for event in life.events
            if isinstance(event, PeriodBilled)
            for part in event.lines
            if part.line == line
        ]
        for (before, charge), (after, _) in pairwise(billed):
            assert charge.last is not None
            assert charge.last < after.first, "billed twice"
            if not life_paused(life, before.last, after.first):
                gap_allowed = mode == "on_acceptance" and before.served < before.days
                assert gap_allowed or before.last + timedelta(days=1) == after.first, "missed"


def life_paused(life: Life, first: date, last: date) -> bool:
    """Whether service was suspended on some day between the two."""
    since = None
    for entry in life.entries:
        if entry.kind == "suspended":
            since = entry.on
        if entry.kind == "resumed" and since is not None:
            if since <= last and entry.on >= first:
                return True
            since = None
    return since is not None and since <= last


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCRIPTS, WARRANTIES, MODES, CREDITS)
def test_catching_up_equals_going_step_by_step(
    script: list[tuple[int, Command]], warranty: date | None, mode: str, credit: bool
) -> None:
    """A contract that was looked at every day and one that slept for months have the same trail."""
    jumped, stepped = begin(warranty, 1, mode, credit=credit), begin(warranty, 1, mode, credit=credit)
    live(jumped, script)
    live(stepped, script, daily=True)
    assert jumped.entries == stepped.entries
    assert jumped.contract == stepped.contract


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCRIPTS, WARRANTIES, MODES, CREDITS)
def test_nothing_happens_after_the_end(
    script: list[tuple[int, Command]], warranty: date | None, mode: str, credit: bool
) -> None:
    """After the end only the reminder that belongs to it may come, and time never runs back."""
    life = begin(warranty, 1, mode, credit=credit)
    live(life, script)
    instants = [entry.at for entry in life.entries]
    assert instants == sorted(instants)
    ends = [index for index, entry in enumerate(life.entries) if entry.kind in {"ended", "cancelled"}]
    assert len(ends) <= 1
    if ends:
        after = {entry.kind for entry in life.entries[ends[0] + 1 :]}
        assert after <= {"reminder_sent", "reminder_skipped"}
        assert life.contract.status in ENDED


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCRIPTS, WARRANTIES, MODES)
def test_each_served_day_is_charged_once(script: list[tuple[int, Command]], warranty: date | None, mode: str) -> None:
    """Invoices less credits of a line's last period come to its price for the days that were served."""
    life = begin(warranty, 1, mode, credit=True)
    live(life, script)
    for line in life.contract.lines:
        if line.billed is None:
            continue
        key = line.billed.key
        charged = sum(
            (
                charge.net
                for effect in life.told
                if isinstance(effect, IssueInvoice)
                for charge in effect.bill.charges
                if charge.key == key or charge.key.startswith(f"{key}/")
            ),
            Decimal(0),
        )
        credited = sum(
            (
                charge.net
                for effect in life.told
                if isinstance(effect, IssueCredit)
                for charge in effect.bill.charges
                if charge.credits == key
            ),
            Decimal(0),
        )
        assert charged - credited == line.billed.charged
        assert line.billed.charged >= 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCRIPTS, WARRANTIES, MODES)
def test_what_is_due_is_done_by_doing_it(script: list[tuple[int, Command]], warranty: date | None, mode: str) -> None:
    """The next due thing is never earlier than what has happened, and doing it makes way for another one."""
    life = begin(warranty, 3, mode, credit=True)
    live(life, script)
    due = next_due(life.contract)
    if due is None:
        return
    assert due.at >= life.contract.at
    life.live_until(due.at)
    following = next_due(life.contract)
    assert following is None or (following.at, following.what) != (due.at, due.what)


def test_the_anchor_survives_a_change_of_period() -> None:
    """Monthly from 31 January, then quarterly: the quarters still count from the 31st."""
    life = begin(None, 1, "tacit", credit=True)
    assert months_after(date(2026, 12, 31), 2) == date(2027, 2, 28)
    life.give(Change(id="c", line="1", period=3), datetime(2027, 2, 1, tzinfo=UTC))
    life.live_until(datetime(2027, 9, 1, tzinfo=UTC))
    firsts = [
        part.billed.first
        for event in life.events
        if isinstance(event, PeriodBilled)
        for part in event.lines
        if part.line == "1"
    ]
    assert firsts == [date(2026, 12, 31), date(2027, 1, 31), date(2027, 2, 28), date(2027, 5, 31), date(2027, 8, 31)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCRIPTS, WARRANTIES, MODES)
def test_every_refusal_names_its_rule(script: list[tuple[int, Command]], warranty: date | None, mode: str) -> None:
    """Whatever is refused, the answer names a rule that the terms explain, and a reason."""
    life = begin(warranty, 1, mode, credit=True)
    for _, _, refusal in live(life, script):
        assert refusal.rule in life.contract.terms.rules
        assert refusal.reason
