"""A breach that waits for its cure."""

from __future__ import annotations

from datetime import date
from typing import Literal

from domain.values import Carried

Party = Literal["customer", "provider"]


class Breach(Carried):
    """Who is in breach, for which lines, and until when it can be cured."""

    id: str
    party: Party
    lines: tuple[str, ...]
    cure_by: date
    reason: str
