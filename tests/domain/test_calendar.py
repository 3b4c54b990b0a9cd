from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import first_of_next_month, full_months, instant, last_day_of, local_date, months_after

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
ZONES = st.sampled_from(["Europe/Paris", "Asia/Tokyo", "America/Vancouver", "Australia/Lord_Howe", "Pacific/Apia"])


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (1, date(2027, 2, 28)),
        (2, date(2027, 3, 31)),
        (3, date(2027, 4, 30)),
        (13, date(2028, 2, 29)),
        (0, date(2027, 1, 31)),
    ],
)
def test_months_are_counted_from_the_anchor(months: int, expected: date) -> None:
    """31 January bills 28 February, 31 March, 30 April, and 29 February in a leap year."""
    assert months_after(date(2027, 1, 31), months) == expected


@given(DAYS, st.integers(0, 600), st.integers(1, 24))
def test_periods_touch_without_gap_or_overlap(anchor: date, months: int, length: int) -> None:
    """A stretch ends on the day before the next one begins, wherever the anchor lies."""
    first, following = months_after(anchor, months), months_after(anchor, months + length)
    assert first < following
    assert last_day_of(anchor, months + length).toordinal() + 1 == following.toordinal()


@given(DAYS, st.integers(0, 600))
def test_full_months_counts_back(anchor: date, months: int) -> None:
    """The months that lead from the anchor to a day are found again from the day."""
    assert full_months(anchor, months_after(anchor, months)) == months


@given(DAYS, ZONES)
def test_a_date_and_its_instant_agree(day: date, zone: str) -> None:
    """A local midnight, as an instant, is still that local date: also where the clocks change."""
    if (zone, day) == ("Pacific/Apia", date(2011, 12, 30)):
        return  # Samoa left this day out when it crossed the date line
    assert local_date(instant(day, zone), zone) == day


def test_a_gap_counts_from_where_it_began() -> None:
    """02:30 does not exist in Paris on 28 March 2027: it means 03:30, 01:30 UTC."""
    assert instant(date(2027, 3, 28), "Europe/Paris", time(2, 30)) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_an_overlap_means_the_first() -> None:
    """02:30 happens twice in Paris on 31 October 2027: the first is 00:30 UTC."""
    assert instant(date(2027, 10, 31), "Europe/Paris", time(2, 30)) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_first_of_next_month_crosses_the_year() -> None:
    """After 31 December comes 1 January."""
    assert first_of_next_month(date(2027, 12, 31)) == date(2028, 1, 1)
