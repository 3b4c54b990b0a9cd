"""What has become of a breach."""

from __future__ import annotations

from datetime import date
from typing import Literal

from domain.breach.state import Party
from domain.envelope import Event


class BreachNoticed(Event):
    """Notice was given that one side is in breach; it can be cured until ``cure_by``."""

    kind: Literal["breach_noticed"] = "breach_noticed"
    breach: str
    party: Party
    lines: tuple[str, ...]
    cure_by: date
    reason: str


class BreachCured(Event):
    """The breach was cured; service goes on."""

    kind: Literal["breach_cured"] = "breach_cured"
    breach: str
    note: str | None = None


class BreachUncured(Event):
    """The days for a cure passed: the other side ends service."""

    kind: Literal["breach_uncured"] = "breach_uncured"
    breach: str
    lines: tuple[str, ...]
    last_day: date
