"""The next thing that a contract does by itself: when, what and why, with the events that it will cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import IntEnum

from domain.calendar import MIDNIGHT, instant
from domain.envelope import Event
from domain.events import Parked
from domain.refusal import Refusal
from domain.state import Contract
from domain.tax import NoRateError


class Rank(IntEnum):
    """What goes first among things that fall due at one instant."""

    RATES = 0
    """What is billed is taxed by rates that are not stale."""
    CUT_OFF = 1
    """What was billed until a day goes out before anything of the next one is billed."""
    ARREARS = 2
    """What was served is billed before anything else: an end, another price."""
    END = 3
    COMMITMENT = 4
    TERM = 5
    START = 6
    CHANGE = 7
    BILL = 8
    NOTICE = 9


CAN_WAIT = frozenset({Rank.RATES, Rank.CUT_OFF, Rank.BILL})
"""What nobody waits for at the very instant: done some minutes later, it says and costs the same."""


@dataclass(frozen=True, slots=True)
class Due:
    """One happening: ``at`` is its UTC instant, ``on`` the local date that it is about.

    ``cause`` is its events, or makes them: most of what is due is only compared with what is due before it.
    """

    at: datetime
    rank: Rank
    on: date
    what: str
    rule: str
    cause: tuple[Event, ...] | Callable[[], tuple[Event, ...]]

    @property
    def can_wait(self) -> bool:
        """Whether it may happen some minutes later, dated as due, where many contracts have it at the same instant."""
        return self.rank in CAN_WAIT

    @property
    def events(self) -> tuple[Event, ...]:
        """What happens when it comes; what may not, for want of a tax rate perhaps, parks the contract."""
        try:
            return self.cause() if callable(self.cause) else self.cause
        except Refusal as refusal:
            reason = f"cannot {self.what}: {refusal.reason}"
            without_rate = isinstance(refusal, NoRateError)
            return (Parked(at=self.at, rule=refusal.rule, reason=reason, without_rate=without_rate),)


def moment(contract: Contract, day: date, at: time = MIDNIGHT) -> datetime:
    """The instant at which something due on a local date happens: never before what has already happened."""
    return max(instant(day, contract.zone, at), contract.at)
