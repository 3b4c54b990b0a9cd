"""Cases of a contract: help that is asked for, worked on, charged and disputed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StringConstraints

from api.commands import give_once, view_of
from api.counting import device_of
from api.fields import Body, Line, Number, SerialNumber, Word
from api.once import OnceOperate, OnceOrder
from api.problems import RESPONSES
from api.security import MayRead
from api.services import Needs
from domain.casework.commands import ReportCase, What
from domain.commands import AdvanceCase, OpenCase, ReopenCase
from domain.repairs.commands import AnswerRepairQuote, DecideDispute, DisputeRepair, QuoteRepair, ReportRepair
from domain.view import View
from storage import contracts

router = APIRouter(prefix="/contracts/{number}", tags=["cases"], responses=RESPONSES)
CaseId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,80}$")]
Money = Annotated[Decimal, Field(ge=0, le=10_000_000, max_digits=12, decimal_places=4)]
CaseNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,60}$")]


class CaseRequest(Body):
    """A call for help."""

    serial: SerialNumber
    subject: Annotated[Line, StringConstraints(max_length=200)]
    caller: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = Field(
        default=None, description="Who asks, where the contract names its contacts."
    )
    language: Annotated[str, StringConstraints(pattern="^[a-z]{2,3}$")] | None = Field(
        default=None, description="The language of help; the customer's own where it is not given."
    )


class CaseStep(Body):
    """The case's next stage, or its end."""

    close: bool = False
    stage: Word | None = Field(default=None, description="Which stage is meant to be next; refused if another is.")
    note: Line | None = None


class CaseReport(Body):
    """What became of a case at a desk that Tenure does not hear itself."""

    what: What
    stage: Line | None = None
    result: Line | None = None
    note: Line | None = None
    minutes: Annotated[int, Field(ge=-100_000, le=100_000)] = 0


class PerhapsNote(Body):
    """Why, if one says so."""

    note: Line | None = None


class CaseOut(BaseModel):
    """A case as it stands at the desk; `number` is the desk's own.

    What people said and did there, `notes`, `result` and `minutes`, is here where the desk is the embedded one.
    """

    case: str
    contract: str
    number: str | None
    subject: str
    description: str
    serial: str | None
    stage: str
    status: str
    urgency: str
    answer_by: datetime | None
    requestor: str | None
    result: str | None
    minutes: int
    notes: list[Any]
    opened_at: datetime
    closed_at: datetime | None


class PartIn(Body):
    """A part that was used; its price is net."""

    text: Line
    price: Money


class RepairReport(Body):
    """What a repair took, or would take."""

    case: CaseNumber
    hours: Annotated[Decimal, Field(ge=0, le=1000, max_digits=6, decimal_places=2)] | None = Field(
        default=None, description="What the desk has noted on the case where it is not given."
    )
    parts: Annotated[tuple[PartIn, ...], Field(max_length=100)] = ()


class QuoteAnswer(Body):
    """Yes or no to the quote of a repair."""

    case: CaseNumber
    accepted: bool
    reason: Line | None = None


class DisputeRequest(Body):
    """Why a repair should not have been billed."""

    case: CaseNumber
    serial: SerialNumber
    machine_type: Line
    reason: Line


class DisputeDecision(Body):
    """Who is right."""

    case: CaseNumber
    upheld: bool
    reason: Line | None = None


@router.get("/cases", operation_id="list_cases")
async def list_cases(services: Needs, number: Number, _: MayRead) -> list[CaseOut]:
    """The contract's cases."""
    await view_of(services, number)
    async with services.database.read() as connection:
        return [CaseOut.model_validate(row) for row in await contracts.tickets(connection, number)]


@router.post("/cases", operation_id="open_case")
async def open_case(services: Needs, number: Number, wanted: CaseRequest, once: OnceOrder) -> View:
    """Ask for help with a device; refused, with a reason, where the contract does not cover it."""
    device = await device_of(services, await view_of(services, number), wanted.serial)
    return await give_once(  # type: ignore[return-value]
        services, number, once, OpenCase, **wanted.model_dump(), device=device
    )


@router.post("/cases/{case}/advance", operation_id="advance_case")
async def advance_case(services: Needs, number: Number, case: CaseId, wanted: CaseStep, once: OnceOperate) -> View:
    """Move a case on to its next stage, or close it."""
    return await give_once(  # type: ignore[return-value]
        services, number, once, AdvanceCase, case=case, **wanted.model_dump()
    )


@router.post("/cases/{case}/reopen", operation_id="reopen_case")
async def reopen_case(services: Needs, number: Number, case: CaseId, wanted: PerhapsNote, once: OnceOrder) -> View:
    """Take a call for help up again that was closed."""
    return await give_once(services, number, once, ReopenCase, case=case, note=wanted.note)  # type: ignore[return-value]


@router.post("/cases/{case}/report", operation_id="report_case")
async def report_case(services: Needs, number: Number, case: CaseId, wanted: CaseReport, once: OnceOperate) -> View:
    """Say what became of a case at the desk: the contract does what that means, or answers there why it does not."""
    return await give_once(services, number, once, ReportCase, case=case, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/report-repair", operation_id="report_repair")
async def report_repair(services: Needs, number: Number, wanted: RepairReport, once: OnceOperate) -> View:
    """Say what a case's repair took: free under cover, else labour and parts are billed."""
    return await give_once(services, number, once, ReportRepair, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/quote-repair", operation_id="quote_repair")
async def quote_repair(services: Needs, number: Number, wanted: RepairReport, once: OnceOperate) -> View:
    """Offer the customer a repair outside cover: they are written what it costs, and until when to answer."""
    return await give_once(services, number, once, QuoteRepair, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/answer-repair-quote", operation_id="answer_repair_quote")
async def answer_repair_quote(services: Needs, number: Number, wanted: QuoteAnswer, once: OnceOrder) -> View:
    """Say yes or no to the quote of a repair; the desk is told."""
    return await give_once(services, number, once, AnswerRepairQuote, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/dispute-repair", operation_id="dispute_repair")
async def dispute_repair(services: Needs, number: Number, wanted: DisputeRequest, once: OnceOrder) -> View:
    """Say that a machine whose repair was billed was covered."""
    return await give_once(services, number, once, DisputeRepair, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/decide-dispute", operation_id="decide_dispute")
async def decide_dispute(services: Needs, number: Number, wanted: DisputeDecision, once: OnceOperate) -> View:
    """Say who is right; where it is the customer, the charge is credited."""
    return await give_once(services, number, once, DecideDispute, **wanted.model_dump())  # type: ignore[return-value]
