"""What has been done about an unpaid invoice."""

from __future__ import annotations

from typing import Literal

from domain.dunning.terms import Act
from domain.envelope import Event


class Dunned(Event):
    """A step was taken about an unpaid invoice; ``days`` is for how long it has been unpaid."""

    kind: Literal["dunned"] = "dunned"
    invoice: str
    step: int
    do: Act
    days: int
