"""The command that begins a contract in mid-life."""

from __future__ import annotations

from typing import Literal

from domain.envelope import Command
from domain.takeover.standing import Standing
from domain.terms import Terms


class TakeOver(Command):
    """Go on with a contract that has lived elsewhere. Needs no contract to exist, like a quote.

    ``offered`` are the terms that its renewal quote named, where they are not its own.
    """

    kind: Literal["take_over"] = "take_over"
    number: str
    terms: Terms
    standing: Standing
    offered: Terms | None = None
