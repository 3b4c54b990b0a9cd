"""The command that begins a contract in mid-life."""

from __future__ import annotations

from typing import Literal

from domain.envelope import Command
from domain.state import Customer
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

    @property
    def customer(self) -> Customer:
        """Who the contract is with."""
        return self.standing.customer

    @property
    def reseller(self) -> str | None:
        """Who sold it, where that was somebody else."""
        return self.standing.reseller
