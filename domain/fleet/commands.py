"""What people and systems may ask of a contract's fleet."""

from __future__ import annotations

from typing import Literal

from domain.envelope import Command
from domain.fleet.state import Census
from domain.values import Text


class ReportCensus(Command):
    """Say what a count of the contract's fleet found: it is compared with what was agreed."""

    kind: Literal["report_census"] = "report_census"
    census: Census


class SettleAdjustment(Command):
    """Say how the open difference between the fleet and what was agreed is settled; its number may be left out.

    A true-up or a level change agrees to the count that is given, or else to the last one; a dismissal agrees to none.
    """

    kind: Literal["settle_adjustment"] = "settle_adjustment"
    adjustment: str | None = None
    how: Literal["true_up", "level_change", "dismissed"]
    reason: Text
    census: Census | None = None
