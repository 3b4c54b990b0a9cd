"""What was heard of a case."""

from __future__ import annotations

from typing import Literal

from domain.casework.commands import What
from domain.envelope import Event


class CaseNoted(Event):
    """Somebody at the desk answered the customer, said something about a case, or worked on it for so many minutes."""

    kind: Literal["case_noted"] = "case_noted"
    case: str
    answered: bool = False
    note: str | None = None
    minutes: int = 0


class CaseContested(Event):
    """Something was done to a case at the desk that the contract did not take; ``stage`` is where the case stands."""

    kind: Literal["case_contested"] = "case_contested"
    case: str
    report: str
    what: What
    stage: str | None = None
    reason: str


class CaseAgreed(Event):
    """The contract and the desk agree on a case again."""

    kind: Literal["case_agreed"] = "case_agreed"
    case: str
