"""What is said about repairs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.envelope import Command
from domain.repairs.state import Part
from domain.values import Text

Hours = Annotated[Decimal, Field(ge=0, le=1000, max_digits=6, decimal_places=2)]


class ReportRepair(Command):
    """Say what a case's repair took: hours of labour, or else those that the desk has noted, and parts."""

    kind: Literal["report_repair"] = "report_repair"
    case: str
    hours: Hours | None = None
    parts: tuple[Part, ...] = Field(default=(), max_length=100)


class QuoteRepair(Command):
    """Offer the customer the repair of a case that is not covered, for so many hours of labour and these parts."""

    kind: Literal["quote_repair"] = "quote_repair"
    case: str
    hours: Hours | None = None
    parts: tuple[Part, ...] = Field(default=(), max_length=100)


class AnswerRepairQuote(Command):
    """Say yes or no to the quote of a repair."""

    kind: Literal["answer_repair_quote"] = "answer_repair_quote"
    case: str
    accepted: bool
    reason: Text | None = None


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
