"""What is said about messages that did not arrive."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.envelope import Command
from domain.values import Text

Settled = Literal["go_on", "notified", "send_again", "not_renewed"]
"""How it ends: as if it had arrived, told otherwise, sent once more, or the term ends without another."""


class ReportBounce(Command):
    """Say that a message, named by its key, could not be delivered, and why."""

    kind: Literal["report_bounce"] = "report_bounce"
    key: Text
    message: Text
    recipient: Text | None = None
    reason: Text | None = None


class SettleUndelivered(Command):
    """Say what is to happen about messages that did not arrive, by their question's id.

    `notified` needs ``means``, ``on`` and ``who``: how the customer was told, on which day, by whom. `send_again`
    goes to ``email``, which becomes the customer's address, or to the same one where none is given. `go_on` and
    `not_renewed` need a ``note``.
    """

    kind: Literal["settle_undelivered"] = "settle_undelivered"
    question: Text
    how: Settled
    means: Text | None = None
    on: date | None = None
    who: Text | None = None
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    note: Text | None = None
