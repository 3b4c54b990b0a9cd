"""What is said about repairs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.envelope import Command
from domain.repairs.state import Part
from domain.values import Text


class ReportRepair(Command):
    """Say what a case's repair took: hours of labour, and parts."""

    kind: Literal["report_repair"] = "report_repair"
    case: str
    hours: Annotated[Decimal, Field(ge=0, le=1000, max_digits=6, decimal_places=2)]
    parts: tuple[Part, ...] = Field(default=(), max_length=100)


class DisputeRepair(Command):
    """Say that a machine whose repair was billed was covered after all."""

    kind: Literal["dispute_repair"] = "dispute_repair"
    case: str
    serial: str
    machine_type: Text
    reason: Text


class DecideDispute(Command):
    """Say who is right about the charge for a repair."""

    kind: Literal["decide_dispute"] = "decide_dispute"
    case: str
    upheld: bool
    reason: Text | None = None
