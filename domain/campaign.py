"""A campaign asks many contracts for their renewal quotes: whom it picks, how fast it goes, and what it would bring."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from domain.commands import OfferRenewal
from domain.renewal_request import Asked, RenewalAnswer, answer
from domain.simulator import Life, World
from domain.state import Contract
from domain.values import Carried, Country, Name, Text

Ahead = Annotated[int, Field(ge=-3650, le=3650)]

FAILED = "failed"
"""The contract could not be asked: its reason names what broke. Asked again, it may answer."""

LEFT_OUT = "left_out"
"""The campaign was cancelled before the contract's turn came."""

RETRIED = (FAILED, Asked.HINDERED.value, Asked.UNDER_WAY.value)
"""The outcomes after which a retry asks again."""


class Standing(StrEnum):
    """Where a campaign stands."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


class Selection(Carried):
    """Which running contracts are meant: those whose term ends in a window of days, narrowed by what is given.

    The window is ``ends_from`` to ``ends_until``, both included, or counted from the campaign's own day:
    ``ends_in_from`` to ``ends_in_until`` days after it. ``clock`` is the test clock whose contracts are meant; without
    one, those that live on real time.
    """

    ends_from: date | None = None
    ends_until: date | None = None
    ends_in_from: Ahead | None = None
    ends_in_until: Ahead | None = None
    programme: str | None = None
    country: Country | None = None
    level: Name | None = None
    reseller: Text | None = None
    customer: str | None = None
    clock: str | None = None

    @model_validator(mode="after")
    def _one_window(self) -> Selection:
        fixed = self.ends_from is not None or self.ends_until is not None
        moving = self.ends_in_from is not None or self.ends_in_until is not None
        if fixed == moving:
            msg = "say when the terms end: `ends_from` and `ends_until`, or `ends_in_from` and `ends_in_until`"
            raise ValueError(msg)
        if self.ends_until is None and self.ends_in_until is None:
            raise ValueError("the window needs an end: `ends_until` or `ends_in_until`")
        first, last = (self.ends_from, self.ends_until) if fixed else (self.ends_in_from, self.ends_in_until)
        if first is not None and last is not None and first > last:  # type: ignore[operator] # two of a kind
            raise ValueError("the window ends before it begins")
        return self

    def on(self, day: date) -> Selection:
        """The same with its window as dates, counted from a day."""
        if self.ends_in_until is None:
            return self
        window = {
            "ends_from": None if self.ends_in_from is None else day + timedelta(days=self.ends_in_from),
            "ends_until": day + timedelta(days=self.ends_in_until),
        }
        return self.model_copy(update=window | {"ends_in_from": None, "ends_in_until": None})


class Pace(Carried):
    """How fast a campaign goes: contracts of a batch, contracts that are asked at once, and contracts per second."""

    batch: Annotated[int, Field(ge=1, le=500)] = 50
    at_once: Annotated[int, Field(ge=1, le=100)] = 10
    per_second: Annotated[int, Field(ge=1, le=500)] = 20

    @property
    def size(self) -> int:
        """How many contracts one batch takes, so that none lasts longer than half a minute at this pace."""
        return min(self.batch, self.per_second * 30)


def supposed(contract: Contract, world: World, now: datetime) -> RenewalAnswer:
    """What a contract would answer if it were asked for its renewal quote now; it is not touched."""
    command = OfferRenewal(id="preview", by="preview")
    life = Life(contract, world)
    life.give(command, now)
    return answer(life.contract, command, now)
