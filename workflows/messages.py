"""What goes into the workflows and comes out of them: starts, answers, carried state."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from domain.commands import Quote
from domain.effects import AnyEffect
from domain.envelope import Command, Id
from domain.state import Contract
from domain.takeover.commands import TakeOver
from domain.values import Carried, Text
from domain.view import Entry, View


class Answer(Carried):
    """That a command was taken, and what it caused: kept so that a repeat gets the first answer."""

    id: str
    fingerprint: str
    version: int
    events: tuple[str, ...]


class Taken(Carried):
    """A command's answer: the version of the trail after it, the kinds of event it caused, and the contract."""

    version: int
    events: tuple[str, ...]
    view: View


class Trouble(Carried):
    """What went wrong for good: the effect that the world refused, or whose answer was not expected, and why."""

    effect: AnyEffect
    what: str
    reason: str
    retryable: bool = True


class RetryEffect(Command):
    """Try again what the world refused, because what stood against it is mended; the effect is named by its key."""

    kind: Literal["retry_effect"] = "retry_effect"
    effect: Text


class DismissEffect(Command):
    """Leave what the world refused as it is: a person has seen to it otherwise, and says how."""

    kind: Literal["dismiss_effect"] = "dismiss_effect"
    effect: Text
    reason: Text


class Baton(Carried):
    """Everything that one run of a contract hands over to the next."""

    contract: Contract
    seq: int
    clock_now: AwareDatetime | None = None
    outbox: tuple[AnyEffect, ...] = ()
    delayed: dict[str, tuple[AnyEffect, ...]] = Field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    unrecorded: tuple[Entry, ...] = ()
    answered: tuple[Answer, ...] = ()
    published: dict[str, str] = Field(default_factory=dict)


class ContractStart(Carried):
    """What begins a contract's first run: its quote, or that it is taken over; ``baton`` begins every later one.

    ``patience_seconds`` is how long an effect may hold the contract up before it is set aside and flagged.
    """

    quote: Quote | None = None
    takeover: TakeOver | None = None
    now: AwareDatetime
    clock: str | None = None
    patience_seconds: float = 60
    baton: Baton | None = None

    @property
    def opening(self) -> Quote | TakeOver | None:
        """The command that begins the contract; none in a later run."""
        return self.quote or self.takeover


class Advance(Carried):
    """Move a contract's own clock forward to an instant."""

    id: Id
    to: AwareDatetime


class ClockStart(Carried):
    """What begins a test clock's run: the instant at which it stands."""

    id: str
    now: AwareDatetime


class ClockState(Carried):
    """Where a test clock stands, and where it is going, if it is."""

    id: str
    now: AwareDatetime
    target: AwareDatetime | None = None
    deleted: bool = False
