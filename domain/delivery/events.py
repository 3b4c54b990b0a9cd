"""What has become of messages that did not arrive."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from domain.delivery.commands import Settled
from domain.delivery.state import Missed
from domain.envelope import Event


class NoticeBounced(Event):
    """A message could not be delivered; a person is asked. ``holds``: the next term does not come by itself on it."""

    kind: Literal["notice_bounced"] = "notice_bounced"
    question: str
    missed: Missed
    recipient: str | None = None
    reason: str | None = None
    holds: bool = False
    answer_by: AwareDatetime | None = None


class NoticeOverdue(Event):
    """Nobody has decided in time about what could not be delivered; it still waits."""

    kind: Literal["notice_overdue"] = "notice_overdue"
    question: str


class NoticeSettled(Event):
    """A person decided about what could not be delivered; ``missed`` is what it was."""

    kind: Literal["notice_settled"] = "notice_settled"
    question: str
    how: Settled
    missed: tuple[Missed, ...]
    means: str | None = None
    on: date | None = None
    who: str | None = None
    email: str | None = None
    note: str | None = None
