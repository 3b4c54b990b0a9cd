"""The desk at which people work on cases: what it is told, and what is heard from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from domain.values import Urgency

EMBEDDED = "embedded"
"""The desk whose cases are the very rows that are kept of any other's."""

What = Literal["moved", "closed", "reopened", "answered", "noted", "worked"]


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case to open; ``case`` is our own id of it, which the desk keeps as an external key."""

    case: str
    contract: str
    subject: str
    stage: str
    description: str = ""
    serial: str | None = None
    line: str | None = None
    answer_by: datetime | None = None
    urgency: Urgency = "normal"
    requestor: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """What a case becomes; what is left out stays as it is. ``key`` makes it happen once."""

    key: str
    case: str
    stage: str | None = None
    closed: bool | None = None
    urgency: Urgency | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a person did to a case at the desk: ``id`` is the desk's own for it, ``at`` the UTC instant.

    ``stage`` says where it was moved to, ``result`` with what it was closed, ``minutes`` how long it was worked on.
    """

    id: str
    case: str
    what: What
    at: datetime
    by: str
    stage: str | None = None
    result: str | None = None
    note: str | None = None
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Some changes, in the order in which they happened.

    ``last`` is where to read on at once. ``settled`` is where to read on another time: what comes after it may still
    be joined by something that was begun earlier, so it is read again.
    """

    changes: tuple[Change, ...]
    last: str
    settled: str
    more: bool = False


class DeskPort(Protocol):
    """Where people work on cases. Everything it is told is told once per key, however often it is repeated."""

    name: str

    async def open(self, new: NewCase) -> str:
        """Open a case, once, and answer with the desk's own number. Raises Refused or Unreachable."""

    async def update(self, update: Update) -> None:
        """Bring a case to where it is. Raises Refused, for an unknown case too, or Unreachable."""

    async def changes(self, since: str | None, *, limit: int) -> Page:
        """What people did since then, and never what we did. Raises Refused or Unreachable."""
