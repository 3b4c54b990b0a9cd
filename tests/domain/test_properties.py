"""For any mix of commands, pauses and clock jumps: what a contract may never do."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.calendar import months_after
from domain.commands import Accept, Cancel, Change, Checkout, DeclineRenewal, MoveCover, Renew, Resume, Suspend, Undo
from domain.decider import next_due
from domain.effects import IssueCredit, IssueInvoice
from domain.envelope import Command
from domain.events import Activated, CoverMoved, PeriodBilled, Recredited, Resumed
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import ENDED, Billed, Cover, Status
from tests.domain.samples import offer, quote, terms

BEGIN = datetime(2026, 12, 31, 9, tzinfo=UTC)

COMMANDS = st.one_of(
    st.just(Suspend(id="c", reason="pause")),
    st.just(Resume(id="c")),
    st.just(Cancel(id="c", reason="leaving")),
    st.sampled_from([Undo(id="c", what=what) for what in ("cancellation", "change", "renewal", "cover")]),
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
PERIODS = st.sampled_from([1, 3, 12])
BILLED = st.sampled_from(["in_advance", "in_arrears"])


class Under(NamedTuple):
    """The terms that make a difference: how the contract renews, what pauses do, when it is billed, how often."""

    mode: str = "tacit"
    pauses: str = "credit"
    billed: str = "in_advance"
    period: int = 1


UNDER = st.builds(
    Under, mode=MODES, pauses=st.sampled_from(["charge", "credit", "extend"]), billed=BILLED, period=PERIODS
)
MONTHLY = UNDER.map(lambda under: under._replace(period=1))


def begin(warranty: date | None, under: Under) -> Life:
    """An ordered contract of two lines, one of them perhaps under warranty."""
    suspension = {"credit": under.pauses == "credit", "extend": under.pauses == "extend"}
    agreed = terms(
        renewal={"mode": under.mode},
        suspension=suspension,
        billing={"mode": under.billed},
        lapsed_cover=None,
        start={"corrected": "credited"},
    )
    life = Life.begin(quote(offer("1"), offer("2", warranty=warranty), period=under.period, under=agreed), BEGIN)
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
    Under(mode="on_acceptance", pauses="charge"),
)
@example(
    [
        (0, MoveCover(id="c", by="operator", serial="SN2", cover=(Cover(kind="warranty", last_day=date(2027, 3, 1)),))),
        (734, Change(id="c", by="operator", line="2", period=1)),
    ],
    None,
    Under(mode="tacit", pauses="charge"),
)
@example(
    [
        (274, MoveCover(id="c", serial="SN2", cover=(Cover(kind="warranty", last_day=date(2028, 1, 1)),))),
        (842, Change(id="c", line="2", period=1)),
        (290, Undo(id="c", what="cover")),
    ],
    None,
    Under(mode="tacit", pauses="charge"),
)
@given(SCRIPTS, WARRANTIES, UNDER)
def test_no_period_is_billed_twice_or_missed(
    script: list[tuple[int, Command]], warranty: date | None, under: Under
) -> None:
    """The billed periods of a line touch without gap or overlap, and every charge has its own key."""
    life = begin(warranty, under)
    live(life, script)
    keys = Counter(effect.key for effect in life.told)
    assert [key for key, times in keys.items() if times > 1] == []
    for line in ("1", "2"):
        billed = [
            (part.billed, next((charge for charge in event.bill.charges if charge.line == line), None))
            for event in life.events
            if isinstance(event, PeriodBilled)
            for part in event.lines
            if part.line == line
        ]
        for (before, charge), (after, _) in pairwise(billed):
            assert charge is None or (charge.last is not None and charge.last < after.first), "billed twice"
            if not life_paused(life, before.last, after.first):
                gap = set(days(before.last + timedelta(days=1), after.first))
                # Service that ended with its term, or a change that begins new periods while the device is covered.
                gap_allowed = under.mode == "on_acceptance" and before.served < before.days
                gap_allowed = gap_allowed or (gap != set() and gap <= under_cover(life, line))
                added = moved_on(life, before.first, after.first) - before.added
                assert gap_allowed or before.last + timedelta(days=1 + added) == after.first, "missed"


def moved_on(life: Life, first: date, before: date) -> int:
    """By how many days pauses that ended in a period have moved its end on, where the terms let them."""
    resumed = (event for event in life.events if isinstance(event, Resumed))
    return sum(event.extends for event in resumed if first < event.on < before)


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
@given(SCRIPTS, WARRANTIES, MONTHLY)
def test_catching_up_equals_going_step_by_step(
    script: list[tuple[int, Command]], warranty: date | None, under: Under
) -> None:
    """A contract that was looked at every day and one that slept for months have the same trail."""
    jumped, stepped = (begin(warranty, under) for _ in range(2))
    live(jumped, script)
    live(stepped, script, daily=True)
    assert jumped.entries == stepped.entries
    assert jumped.contract == stepped.contract


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCRIPTS, WARRANTIES, MONTHLY)
def test_nothing_happens_after_the_end(script: list[tuple[int, Command]], warranty: date | None, under: Under) -> None:
    """After the end only its reminder and the bill of its last days may come, and time never runs back."""
    life = begin(warranty, under)
    live(life, script)
    instants = [entry.at for entry in life.entries]
    assert instants == sorted(instants)
    ends = [index for index, entry in enumerate(life.entries) if entry.kind in {"ended", "cancelled"}]
    assert len(ends) <= 1
    if ends:
        after = {entry.kind for entry in life.entries[ends[0] + 1 :]}
        allowed = {"reminder_sent", "reminder_skipped"}
        assert after <= (allowed | {"period_billed"} if under.billed == "in_arrears" else allowed)
        assert life.contract.status in ENDED


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCRIPTS, WARRANTIES, MONTHLY)
def test_each_served_day_is_charged_once(
    script: list[tuple[int, Command]], warranty: date | None, under: Under
) -> None:
    """Invoices less credits of a line's last period come to its price for the days that were served."""
    life = begin(warranty, under)
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


@pytest.mark.rule("COM-4")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(
    [
        (512, MoveCover(id="c", serial="SN2", cover=(Cover(kind="warranty", last_day=date(2027, 3, 1)),))),
        (227, Suspend(id="c", reason="pause")),
        (0, Change(id="c", line="2", period=1)),
        (0, MoveCover(id="c", serial="SN2", cover=(Cover(kind="warranty", last_day=date(2026, 6, 1)),))),
    ],
    None,
    Under(mode="tacit", pauses="credit"),
)
@example(
    [
        (0, Suspend(id="c", reason="pause")),
        (2629, MoveCover(id="c", serial="SN2", cover=(Cover(kind="warranty", last_day=date(2027, 1, 1)),))),
        (3945, Renew(id="c")),
    ],
    None,
    Under(mode="on_acceptance", pauses="credit"),
)
@given(SCRIPTS, WARRANTIES, UNDER.filter(lambda under: under.pauses != "charge"))
def test_what_is_charged_is_what_was_served(
    script: list[tuple[int, Command]], warranty: date | None, under: Under
) -> None:
    """Day for day: those from the first billed one to the end or the last bill, less the pauses."""
    life = begin(warranty, under)
    live(life, script)
    if life.contract.status is Status.SUSPENDED:
        life.give(Resume(id="r"), life.contract.at)
        life.live_until(life.contract.at + timedelta(days=500))
    for line in life.contract.lines:
        periods: dict[str, Billed] = {}
        for event in life.events:
            if isinstance(event, PeriodBilled | Recredited):
                periods |= {part.billed.key: part.billed for part in event.lines if part.line == line.id}
        if line.billed is None:
            continue
        first = min(item.first for item in periods.values())
        ends = [day for day in (line.billed.last, line.ends_on, life.contract.ended_on) if day]
        served = set(days(first, min(ends) + timedelta(days=1))) - paused_days(life) - under_cover(life, line.id)
        assert sum(item.served for item in periods.values()) == len(served)


def days(first: date, before: date) -> list[date]:
    """The days from the first to the one before."""
    return [first + timedelta(days=n) for n in range((before - first).days)]


def under_cover(life: Life, line: str) -> set[date]:
    """The days for which a line's own cover took the place of service that was billed already."""
    covered: set[date] = set()
    since = billed = BEGIN.date()
    for event in life.events:
        if isinstance(event, Activated):
            since = next((start.starts_on for start in event.starts if start.line == line), since)
        if isinstance(event, PeriodBilled):
            billed = next((part.billed.first for part in event.lines if part.line == line), billed)
        if isinstance(event, CoverMoved) and line in event.served_from:
            again = event.served_from[line]
            covered |= set(days(max(since, billed), again))
            covered -= set(days(max(again, billed), since))
            since = again
    return covered


def paused_days(life: Life) -> set[date]:
    """The whole days without service."""
    found: set[date] = set()
    since: date | None = None
    for entry in life.entries:
        if entry.kind == "suspended":
            since = entry.on
        if entry.kind in {"resumed", "ended", "cancelled"} and since is not None:
            goes_on = entry.on if entry.kind == "resumed" else (life.contract.ended_on or entry.on) + timedelta(days=1)
            found |= {since + timedelta(days=n) for n in range(1, (goes_on - since).days)}
            since = None
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCRIPTS, WARRANTIES, MONTHLY)
def test_what_is_due_is_done_by_doing_it(
    script: list[tuple[int, Command]], warranty: date | None, under: Under
) -> None:
    """The next due thing is never earlier than what has happened, and doing it makes way for another one."""
    life = begin(warranty, under._replace(period=3))
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
    life = begin(None, Under())
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
@given(SCRIPTS, WARRANTIES, MONTHLY)
def test_every_refusal_names_its_rule(script: list[tuple[int, Command]], warranty: date | None, under: Under) -> None:
    """Whatever is refused, the answer names a rule that the terms explain, and a reason."""
    life = begin(warranty, under)
    for _, _, refusal in live(life, script):
        assert refusal.rule in life.contract.terms.rules
        assert refusal.reason
