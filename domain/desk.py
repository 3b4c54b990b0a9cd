"""Desk hours: when people work, and when something that they have so many hours for is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Literal, Self

from holidays import country_holidays, list_supported_countries
from pydantic import Field, model_validator

from domain.calendar import DAY, instant, local_date
from domain.values import Carried, Country, Rule

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
YearDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LOOK_AHEAD = 366
"""Days within which every piece of desk work is done: no promise is longer."""


class DeskHours(Carried):
    """One span of the desk's day, in local time; a day may have several."""

    days: tuple[Weekday, ...] = Field(min_length=1)
    opens: time
    closes: time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.closes <= self.opens:
            msg = f"the desk closes at {self.closes}, not after it opens at {self.opens}"
            raise ValueError(msg)
        return self


class DeskTerms(Carried):
    """When the desk works. What a person must do is counted in these hours."""

    rule: Rule
    hours: tuple[DeskHours, ...] = Field(min_length=1)
    holidays: Country | None = Field(
        default=None, description="The country whose public holidays are days off, for every year, as its law has them."
    )
    region: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,6}$")] | None = Field(
        default=None,
        description="Its part, where that has holidays of its own (ISO 3166-2).",
    )
    closed_yearly: tuple[YearDay, ...] = Field(default=(), description="Company days of every year, as month-day.")
    closed_on: tuple[date, ...] = Field(default=(), description="Company days of one year.")
    answer_hours: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="Desk hours within which a call for help is answered."
    )

    @model_validator(mode="after")
    def _known_holidays(self) -> Self:
        known = list_supported_countries()
        if self.holidays and self.holidays not in known:
            msg = f"the holidays of {self.holidays} are not known; list its days under `closed_on`"
            raise ValueError(msg)
        if self.region and self.region not in known.get(self.holidays or "", ()):
            msg = f"{self.holidays} has no region `{self.region}` with holidays of its own"
            raise ValueError(msg)
        return self

    def is_off(self, day: date) -> bool:
        """Whether nobody works on a day: a public holiday, or one of the company's own."""
        if day in self.closed_on or f"{day:%m-%d}" in self.closed_yearly:
            return True
        return self.holidays is not None and day in _holidays(self.holidays, self.region, day.year)


@lru_cache(maxsize=256)
def _holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    """The public holidays of a year, as the maintained library of them has it."""
    return frozenset(country_holidays(country, subdiv=region, years=year))


def open_spans(desk: DeskTerms, day: date, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """When the desk is open on a day, as UTC instants, in the order of time."""
    if desk.is_off(day):
        return
    weekday = WEEK[day.weekday()]
    for span in sorted(desk.hours, key=lambda item: item.opens):
        if weekday in span.days:
            yield instant(day, zone, span.opens), instant(day, zone, span.closes)


def is_open(desk: DeskTerms, moment: datetime, zone: str) -> bool:
    """Whether somebody is at the desk at an instant; not any more at the minute at which it closes."""
    return any(opens <= moment < closes for opens, closes in open_spans(desk, local_date(moment, zone), zone))


def desk_time_after(desk: DeskTerms, moment: datetime, work: timedelta, zone: str) -> datetime:
    """The instant at which so much desk time has passed since another; without work, when the desk is next open.

    Raises:
        ValueError: the desk does not work for so long within a year.
    """
    left, day = work, local_date(moment, zone)
    for _ in range(_LOOK_AHEAD):
        for opens, closes in open_spans(desk, day, zone):
            start = max(opens, moment)
            if start >= closes:
                continue
            if left <= closes - start:
                return start + left
            left -= closes - start
        day += DAY
    raise ValueError(f"the desk does not work for so long in {_LOOK_AHEAD} days: {work}")
