"""What is said about entitlements."""

from __future__ import annotations

from datetime import date
from typing import Literal

from domain.envelope import Command
from domain.values import Name, Text


class UseEntitlement(Command):
    """Plan a use of something that the contract includes, for a day: today where none is given."""

    kind: Literal["use_entitlement"] = "use_entitlement"
    item: Name
    on: date | None = None
    line: str | None = None
    note: Text | None = None


class ReturnEntitlement(Command):
    """Give back a planned use that does not take place: it counts no more."""

    kind: Literal["return_entitlement"] = "return_entitlement"
    use: str
    reason: Text | None = None


class Fulfil(Command):
    """Say that what fell due is done, and where it can be read."""

    kind: Literal["fulfil"] = "fulfil"
    obligation: str
    note: Text | None = None
