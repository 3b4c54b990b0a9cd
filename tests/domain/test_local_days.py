"""Every reminder and deadline on its local day, where clocks change, at month ends and on 29 February."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import DAY, instant, months_after
from domain.commands import Accept, Cancel, DeclineRenewal, Renew
from domain.desk import desk_time_after
from domain.simulator import Life
from domain.state import Status
from tests.domain.test_agreements import begin, order, plain, refusal
from tests.domain.test_delivery import DESK
from tests.domain.test_notice import END_OF_TERM, TACIT

ZONES = ("Asia/Tokyo", "Europe/Paris", "America/Vancouver")
REMINDERS = (60, 30, 7)


def local(day: date, at: str, zone: str) -> datetime:
    """An instant, said as people there say it."""
    return datetime.combine(day, time.fromisoformat(at), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def living(began: date, zone: str, notices_at: str = "09:00", **changes: Any) -> Life:
    """A contract of a zone that began on a local day and renews by itself with 60 days' notice."""
    under = plain(**({"time_zone": zone, "notices_at": notices_at, "renewal": TACIT, **END_OF_TERM} | changes))
    start = local(began, "12:00", zone)
    return order(begin(under, at=start), start)


def began_to_end_on(last: date) -> date:
    """The first day of a year that ends on a day."""
    began = months_after(last + DAY, -12)
    assert months_after(began, 12) - DAY == last
    return began


# The day on which clocks change, and those around it: Paris (28 March and 31 October 2027), Vancouver (14 March and
# 7 November 2027); Tokyo's never do, and must not move either. Each is the day of one reminder or deadline.

CHANGES = [
    *((zone, day) for zone in ZONES for day in (date(2027, 3, 28), date(2027, 10, 31))),
    *((zone, day) for zone in ZONES for day in (date(2027, 3, 14), date(2027, 11, 7))),
    *((zone, day) for zone in ZONES for day in (date(2028, 2, 29), date(2027, 2, 28), date(2027, 4, 30))),
]
OFFSET = {
    ("Europe/Paris", date(2027, 3, 28)): "07:00",
    ("Europe/Paris", date(2027, 10, 31)): "08:00",
    ("America/Vancouver", date(2027, 3, 14)): "16:00",
    ("America/Vancouver", date(2027, 11, 7)): "17:00",
}
"""Nine o'clock there, in UTC, on the days on which clocks change: after the change, which comes before dawn."""


@pytest.mark.rule("COM-2")
@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize("days", REMINDERS)
def test_a_reminder_comes_on_its_local_day_at_its_local_hour(zone: str, day: date, days: int) -> None:
    """Sixty, thirty or seven days before the last day, at nine o'clock there, clocks changed or not."""
    life = living(
        began_to_end_on(day + timedelta(days=days)), zone, renewal=TACIT | {"notice_days": 0, "commits": "at_end"}
    )
    life.live_until(local(day, "08:59", zone))
    due = [entry for entry in life.entries if entry.kind == "reminder_sent" and entry.data["days"] == days]
    assert due == []
    life.live_until(local(day, "09:00", zone))
    (sent,) = [entry for entry in life.entries if entry.kind == "reminder_sent" and entry.data["days"] == days]
    assert (sent.on, sent.at) == (day, local(day, "09:00", zone))
    if (zone, day) in OFFSET:
        assert f"{sent.at:%H:%M}" == OFFSET[zone, day]


@pytest.mark.rule("HPJ-1")
@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_the_renewal_quote_goes_out_on_its_local_day(zone: str, day: date) -> None:
    """Ninety days before the last one."""
    life = living(began_to_end_on(day + timedelta(days=90)), zone)
    life.live_until(local(day, "09:00", zone))
    (quoted,) = [entry for entry in life.entries if entry.kind == "renewal_quoted"]
    assert (quoted.on, quoted.at) == (day, local(day, "09:00", zone))


@pytest.mark.rule("HPJ-2")
@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_the_last_possible_day_is_a_whole_local_day(zone: str, day: date) -> None:
    """A no at 23:59:59 there is in time, one at midnight is not; then the next term is certain, in that minute."""
    began = began_to_end_on(day + timedelta(days=60))
    in_time, late = living(began, zone), living(began, zone)
    in_time.give(DeclineRenewal(id="no"), local(day, "23:59:59", zone))
    assert in_time.contract.renewal.answer == "declined"
    assert refusal(late, DeclineRenewal(id="no"), local(day + DAY, "00:00", zone)).rule == "SMP-9"
    (certain,) = [entry for entry in late.entries if entry.kind == "renewal_committed"]
    assert certain.at == local(day + DAY, "00:00", zone)


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_a_quotes_order_deadline_is_a_whole_local_day(zone: str, day: date) -> None:
    """Accepted at 23:59:59 there it is in time; at midnight it has lapsed."""
    quoted = local(day - timedelta(days=30), "12:00", zone)
    life = begin(plain(time_zone=zone), at=quoted)
    assert life.contract.valid_until == day
    life.give(Accept(id="a", revision=1), local(day, "23:59:59", zone))
    late = begin(plain(time_zone=zone), at=quoted)
    late.live_until(local(day + DAY, "00:00", zone))
    assert late.contract.status is Status.LAPSED
    assert late.entries[-1].at == local(day + DAY, "00:00", zone)


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_a_term_ends_with_its_local_day_and_the_next_begins_with_the_next(zone: str, day: date) -> None:
    """No hour is lost or served twice where the last day has 23 or 25."""
    for mode, kind in (("tacit", "renewed"), ("on_acceptance", "ended")):
        life = living(began_to_end_on(day), zone, renewal={"mode": mode})
        life.live_until(local(day + DAY, "00:00", zone) - timedelta(seconds=1))
        assert kind not in [entry.kind for entry in life.entries]
        life.live_until(local(day + DAY, "00:00", zone))
        assert kind in [entry.kind for entry in life.entries]


HOURS = st.times(time(0, 0), time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0, fold=0))


@given(
    zone=st.sampled_from(ZONES),
    began=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    at=HOURS,
    notice=st.integers(0, 80),
)
def test_every_notice_comes_at_the_local_hour_of_its_local_day(zone: str, began: date, at: time, notice: int) -> None:
    """Any hour of any day: a local time that does not exist counts an hour later, one that comes twice as the first."""
    renewal = TACIT | {"notice_days": notice}
    life = living(began, zone, notices_at=f"{at:%H:%M}", renewal=renewal)
    assert life.contract.term is not None
    last = life.contract.term.last
    life.live_until(local(last + DAY, "12:00", zone))
    notices = [entry for entry in life.entries if entry.kind in {"renewal_quoted", "reminder_sent", "reminder_skipped"}]
    days = [90, *REMINDERS]
    assert len(notices) >= len(days)
    for entry, ahead in zip(notices, days, strict=False):
        day = last - timedelta(days=ahead)
        assert entry.at == instant(day, zone, at)
        assert entry.on == day
        there = entry.at.astimezone(ZoneInfo(zone))
        shown = (there.date(), there.time().replace(tzinfo=None))
        gap = shown != (day, at)
        if gap:  # only where clocks went forward over it: the same distance after the gap began
            assert there.replace(tzinfo=None) - datetime.combine(day, at) == timedelta(hours=1)
        else:
            assert there.fold == 0


@given(
    zone=st.sampled_from(ZONES),
    began=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    notice=st.integers(0, 80),
    second=st.integers(0, 24 * 3600 - 1),
)
def test_whatever_the_hour_the_local_day_decides(zone: str, began: date, notice: int, second: int) -> None:
    """An answer on the last possible day is for this term's end, one on the day after for the next one's."""
    life = living(began, zone, renewal=TACIT | {"notice_days": notice, "commits": "at_end"})
    assert life.contract.term is not None
    last = life.contract.term.last
    at = time(second // 3600, second // 60 % 60, second % 60)
    for day, ends in ((last - timedelta(days=notice), last), (last - timedelta(days=notice) + DAY, None)):
        one = Life(life.contract, life.world)
        one.give(Cancel(id="c", reason="leaving"), instant(day, zone, at))
        assert one.contract.ending is not None
        assert (one.contract.ending.last_day == last) is (ends == last)


def test_a_yes_on_a_29_february_is_in_time() -> None:
    """A term that ends on 29 February is renewed on it, in each zone, until its last second."""
    for zone in ZONES:
        life = living(date(2027, 3, 1), zone, renewal={"mode": "on_acceptance"})
        assert life.contract.term is not None
        assert life.contract.term.last == date(2028, 2, 29)
        life.give(Renew(id="r"), local(date(2028, 2, 29), "23:59:59", zone))
        life.live_until(local(date(2028, 3, 1), "00:00", zone))
        assert (life.contract.term.first, life.contract.term.last) == (date(2028, 3, 1), date(2029, 2, 28))


@pytest.mark.rule("HPJ-9")
@pytest.mark.parametrize(
    ("zone", "since", "hours", "due"),
    [
        ("Europe/Paris", (date(2027, 3, 26), "16:00"), 8, (date(2027, 3, 30), "16:00")),
        ("Europe/Paris", (date(2027, 10, 29), "16:00"), 8, (date(2027, 11, 2), "16:00")),
        ("America/Vancouver", (date(2027, 3, 12), "16:00"), 8, (date(2027, 3, 15), "16:00")),
        ("America/Vancouver", (date(2027, 11, 5), "16:00"), 8, (date(2027, 11, 8), "16:00")),
        ("Asia/Tokyo", (date(2027, 4, 28), "16:00"), 8, (date(2027, 4, 30), "16:00")),
        ("Asia/Tokyo", (date(2027, 12, 28), "16:00"), 8, (date(2028, 1, 4), "16:00")),
    ],
    ids=["easter", "all saints", "spring forward", "fall back", "golden week", "new year"],
)
def test_desk_hours_are_the_desks_own(zone: str, since: tuple[date, str], hours: int, due: tuple[date, str]) -> None:
    """One hour of Friday and seven of the next working day: over DST, public holidays and the year's end."""
    country = {"Europe/Paris": "FR", "America/Vancouver": "CA", "Asia/Tokyo": "JP"}[zone]
    closed = ["12-29", "12-30", "12-31", "01-02", "01-03"] if country == "JP" else []
    desk = plain(desk=DESK | {"holidays": country, "closed_yearly": closed}).desk
    assert desk is not None
    assert desk_time_after(desk, local(*since, zone), timedelta(hours=hours), zone) == local(*due, zone)
