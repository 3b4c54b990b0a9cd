"""Payment after the order: tried again, or reported by the provider; and what an engineer reports before service."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field, StringConstraints

from api.checkout import Method
from api.commands import give, state_of
from api.fields import Body, Line, Number
from api.once import OnceOperate, OnceOrder
from api.problems import RESPONSES
from api.services import Needs, Services
from domain.commands import Pay, ReportCollection, ReportInspection, ReportPayment
from domain.envelope import Command
from domain.view import View
from storage import ledger

router = APIRouter(prefix="/contracts/{number}", tags=["payment"], responses=RESPONSES)
InvoiceKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:._/-]{1,200}$")]


class PayRequest(Body):
    """Another way to pay; ``invoice`` names, by its key, a later invoice whose payment was declined."""

    method: Method = Field(examples=["pm_ok_visa"])
    invoice: InvoiceKey | None = None


class PaymentReport(Body):
    """What the payment provider says of the order's payment, or of the later invoice with that key."""

    outcome: Literal["paid", "pending", "declined"]
    reference: Line | None = Field(default=None, examples=["psp-4711"])
    reason: Line | None = None
    invoice: InvoiceKey | None = None


class InspectionReport(Body):
    """What the engineer found."""

    passed: bool
    reason: Line | None = None


@router.post("/payments", operation_id="pay")
async def pay(services: Needs, number: Number, wanted: PayRequest, once: OnceOrder) -> View:
    """Try to pay again: the open order, or a later invoice that was declined."""

    async def act(command: str) -> View:
        paying = Pay(id=command, by=once.by, method=wanted.method, invoice=wanted.invoice)
        return (await give(services, number, paying)).view

    return await once.do(act)  # type: ignore[return-value]


@router.post("/payment-reports", operation_id="report_payment")
async def report_payment(services: Needs, number: Number, wanted: PaymentReport, once: OnceOperate) -> View:
    """Say what the payment provider answered; a repeated report changes nothing."""

    async def act(command: str) -> View:
        taken = await give(services, number, _report(wanted, command, once.by))
        await _keep_books(services, number, wanted)
        return taken.view

    return await once.do(act)  # type: ignore[return-value]


def _report(wanted: PaymentReport, command: str, by: str) -> Command:
    said = {"id": command, "by": by} | wanted.model_dump(exclude={"invoice"})
    if wanted.invoice is None:
        return ReportPayment.model_validate(said)
    return ReportCollection.model_validate(said | {"invoice": wanted.invoice})


async def _keep_books(services: Services, number: str, wanted: PaymentReport) -> None:
    """Let the invoice itself say how its payment stands, once the contract has taken the report."""
    contract = await state_of(services, number)
    order = contract.order
    key = wanted.invoice or (order.bill.key if order else None)
    if key is None or not key.startswith(f"{number}/"):
        return
    async with services.database.write() as connection:
        await ledger.mark(connection, key, wanted.outcome, on=contract.date_of(contract.at), reference=wanted.reference)


@router.post("/inspections/{line}", operation_id="report_inspection", tags=["checkout"])
async def report_inspection(
    services: Needs,
    number: Number,
    line: Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,20}$")],
    wanted: InspectionReport,
    once: OnceOperate,
) -> View:
    """Say whether a device passed its inspection: service may start, or the order is void."""

    async def act(command: str) -> View:
        report = ReportInspection(id=command, by=once.by, line=line, passed=wanted.passed, reason=wanted.reason)
        return (await give(services, number, report)).view

    return await once.do(act)  # type: ignore[return-value]
