"""Desk hours, and requests for a quote."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.commands import OpenCase
from domain.desk import DeskTerms, desk_time_after, is_open
from domain.effects import OpenCaseEffect
from domain.quote_request import check_request
from domain.refusal import Refusal
from tests.domain.samples import ordered, terms, utc

HOURS = {
    "rule": "SMP-2",
    "hours": [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": "12:00"},
        {"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "13:00", "closes": "17:30"},
    ],
    "holidays": "JP",
    "closed_yearly": ["12-29", "12-30", "12-31", "01-02", "01-03"],
    "closed_on": ["2027-06-11"],
    "answer_hours": 4,
}
DESK = DeskTerms.model_validate(HOURS)
TOKYO = "Asia/Tokyo"


def local(text: str, zone: str = TOKYO) -> datetime:
    """A local time as a UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.rule("HPJ-9")
@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("2027-04-23T09:00", "2027-04-23T14:00"),  # over the midday pause
        ("2027-04-23T17:29", "2027-04-26T13:59"),  # a Friday evening: one minute then, the rest on Monday
        ("2027-04-30T17:29", "2027-05-06T13:59"),  # before the holidays of early May
        ("2027-04-24T12:00", "2027-04-26T14:00"),  # a Saturday
        ("2027-04-23T12:30", "2027-04-23T17:00"),  # in the pause
    ],
)
def test_four_desk_hours_end_in_desk_hours(asked: str, answered: str) -> None:
    """Nights, pauses, weekends and holidays do not count."""
    assert desk_time_after(DESK, local(asked), timedelta(hours=4), TOKYO) == local(answered)


@pytest.mark.rule("HPJ-9")
def test_the_desk_is_open_from_its_first_minute_to_its_last() -> None:
    """9:00 is open, 12:00 is not; a holiday is never."""
    open_at = {"08:59": False, "09:00": True, "11:59": True, "12:00": False, "13:00": True, "17:30": False}
    assert {at: is_open(DESK, local(f"2027-04-23T{at}"), TOKYO) for at in open_at} == open_at
    assert not is_open(DESK, local("2027-05-03T10:00"), TOKYO)


@pytest.mark.rule("HPJ-9")
@pytest.mark.parametrize(
    ("day", "off"),
    [
        ("2027-03-22", True),  # the equinox falls on a Sunday; the Monday is off in its place
        ("2027-03-23", False),
        ("2031-05-05", True),  # years from now as well
        ("2028-12-29", True),  # the company's own, every year
        ("2028-12-28", False),
        ("2027-06-11", True),  # the company's own, once
        ("2028-06-12", False),
    ],
)
def test_holidays_are_the_laws_and_the_companys_own(day: str, off: bool) -> None:
    """For every year, without a list in the terms."""
    assert DESK.is_off(date.fromisoformat(day)) is off


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"holidays": "XX"}, "are not known"), ({"holidays": "JP", "region": "ZZ"}, "no region `ZZ`")],
)
def test_holidays_that_nobody_knows_are_refused(changes: dict[str, str], says: str) -> None:
    """With the remedy."""
    with pytest.raises(ValidationError, match=says):
        DeskTerms.model_validate(HOURS | changes)


@pytest.mark.rule("HPJ-9")
def test_a_call_is_answered_within_desk_hours() -> None:
    """The case says until when, and so does the ticket; without such terms neither does."""
    life = ordered(at=utc(2027, 4, 1), under=terms(desk=HOURS, time_zone="Asia/Tokyo"))
    life.give(OpenCase(id="o", serial="SN1", subject="jam"), local("2027-04-23T17:29"))
    ticket = next(effect for effect in life.told if isinstance(effect, OpenCaseEffect))
    assert ticket.answer_by == local("2027-04-26T13:59")
    plain = ordered(at=utc(2027, 4, 1))
    plain.give(OpenCase(id="o", serial="SN1", subject="jam"), utc(2027, 4, 23))
    assert plain.entries[-1].data["answer_by"] is None


@given(
    st.datetimes(datetime(2027, 1, 1), datetime(2028, 12, 31)),  # noqa: DTZ001 - local, on purpose
    st.integers(0, 2000),
    st.integers(0, 2000),
    st.sampled_from([TOKYO, "Europe/Paris", "America/Toronto", "Australia/Lord_Howe"]),
)
def test_desk_time_adds_up_and_lands_in_desk_hours(start: datetime, first: int, second: int, zone: str) -> None:
    """So many minutes and then so many more are the sum of both, in every zone and over clock changes."""
    begins = start.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    one, two = timedelta(minutes=first), timedelta(minutes=second)
    together = desk_time_after(DESK, begins, one + two, zone)
    assert desk_time_after(DESK, desk_time_after(DESK, begins, one, zone), two, zone) in {
        together,
        desk_time_after(DESK, together, timedelta(0), zone),
    }
    assert is_open(DESK, together, zone) or is_open(DESK, together - timedelta(minutes=1), zone)


REQUEST = {
    "rule": "SMP-4",
    "any_of": [
        ["service_id"],
        ["contract_number"],
        ["product_number", "name", "serial", "quantity"],
        ["support_serial"],
    ],
}


@pytest.mark.rule("HPJ-4")
@pytest.mark.parametrize(
    ("given_", "lacks"),
    [
        ({"service_id": "S-1"}, None),
        ({"support_serial": "X"}, None),
        ({"product_number": "P", "name": "N", "serial": "S", "quantity": "2"}, None),
        ({"product_number": "P", "serial": "S"}, "name, quantity"),
        ({"product_number": "P", "name": " ", "serial": "S", "quantity": "1"}, "name"),
        ({}, "service_id"),
    ],
)
def test_a_request_for_a_quote_gives_one_set_of_details_whole(given_: dict[str, str], lacks: str | None) -> None:
    """Anything less is refused, and the refusal names what is missing of what was begun."""
    under = terms(quote={"request": REQUEST})
    if lacks is None:
        check_request(under, given_)
        return
    with pytest.raises(Refusal) as caught:
        check_request(under, given_)
    assert (caught.value.rule, caught.value.reason) == ("SMP-4", f"the request lacks: {lacks}")


def test_terms_without_such_a_rule_take_any_request() -> None:
    """Nothing is asked for where the terms ask for nothing."""
    check_request(terms(), {})
