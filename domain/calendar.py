"""Calendar arithmetic: months from an anchor, dates as instants, days in a contract's own time zone."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MIDNIGHT = time(0)
DAY = timedelta(days=1)


@lru_cache(maxsize=32768)
def months_after(anchor: date, months: int) -> date:
    """The day that lies so many months after the anchor, clipped to its month's last day.

    Always ask from the anchor: from 31 January, one month gives 28 February and two give 31 March.
    """
    index = anchor.year * 12 + anchor.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def last_day_of(anchor: date, months: int) -> date:
    """The last day, included, of a stretch of so many months that starts on the anchor."""
    return months_after(anchor, months) - DAY


def first_of_next_month(day: date) -> date:
    """The first day of the calendar month after the day's own."""
    return months_after(day.replace(day=1), 1)


def full_months(anchor: date, day: date) -> int:
    """How many whole months lie between the anchor and the day: 0 during the first month."""
    months = (day.year - anchor.year) * 12 + day.month - anchor.month
    return months if months_after(anchor, months) <= day else months - 1


def instant(day: date, zone: str, at: time = MIDNIGHT) -> datetime:
    """The UTC instant of a local date and time: the one place where a date becomes an instant.

    A local time that a DST change leaves out counts as the same distance after the gap began (02:30 becomes 03:30);
    one that happens twice means the first.
    """
    return _instant(day, at, zone)


@lru_cache(maxsize=8192)
def _instant(day: date, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, tzinfo=_zone(zone)).astimezone(UTC)


def local_date(moment: datetime, zone: str) -> date:
    """The calendar date of an instant where the contract lives."""
    return moment.astimezone(_zone(zone)).date()


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
