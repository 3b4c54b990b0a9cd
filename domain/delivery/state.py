"""What could not be delivered, and waits for a person's word."""

from __future__ import annotations

from datetime import date, datetime

from domain.values import Carried

KEPT_KEYS = 30
"""As many messages are remembered after their question is settled, so that a second bounce asks nothing again."""


class Missed(Carried):
    """A message that did not reach the customer, by its key; ``term`` is the one whose renewal it was about."""

    key: str
    message: str
    term: int | None = None


class Undelivered(Carried):
    """An open question: what is to happen about messages that an address does not take.

    ``answer_by`` is the instant by which a person decides, counted in desk hours; none where the terms have no desk.
    """

    id: str
    recipient: str | None = None
    missed: tuple[Missed, ...]
    reason: str | None = None
    since: date
    answer_by: datetime | None = None
    overdue: bool = False


class Delivery(Carried):
    """The open questions about what could not be delivered, and the messages that were asked about before."""

    open: tuple[Undelivered, ...] = ()
    count: int = 0
    known: tuple[str, ...] = ()
