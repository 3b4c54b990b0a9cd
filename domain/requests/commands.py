"""What is said about requests."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.envelope import Command
from domain.values import Name, Text


class MakeRequest(Command):
    """Ask for something that people decide, for one line."""

    kind: Literal["make_request"] = "make_request"
    what: Name
    line: str
    details: dict[Name, Text] = Field(default_factory=dict, max_length=20)


class AdvanceRequest(Command):
    """Say that a request's next step is done."""

    kind: Literal["advance_request"] = "advance_request"
    request: str
    step: Name
    note: Text | None = None


class RefuseRequest(Command):
    """Say no to a request: it goes no further."""

    kind: Literal["refuse_request"] = "refuse_request"
    request: str
    reason: Text
