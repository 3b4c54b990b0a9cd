"""Payment after the order: tried again, or reported by the provider; and what an engineer reports before service."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import Field, StringConstraints

from api.checkout import Method
from api.commands import give, state_of, view_of
from api.fields import Body, Line, Number
from api.once import OnceOperate, OnceOrder
from api.problems import RESPONSES, ProblemError, not_found
from api.reported import Said, take_back
from api.services import Needs, Services
from domain.commands import Pay, ReportCollection, ReportInspection, ReportPayment
from domain.dunning.commands import Reversal
from domain.envelope import Command
from domain.view import View
from storage import ledger, payments

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


class ReversalReport(Body):
    """What the bank or the payment provider took back of an invoice's payment; all of it where no amount is given."""

    invoice: InvoiceKey
    amount: Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=4)] | None = None
    cause: Reversal
    reference: Line | None = Field(default=None, examples=["R-4711"])
    reason: Line | None = None


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
        row = await _invoice(services, number, wanted.invoice)
        if row and row["payment"] == "paid" and wanted.outcome != "paid":  # it comes too late to be true
            return await view_of(services, number)
        taken = await give(services, number, await _report(services, wanted, row, command, once.by))
        if row:
            await _keep_books(services, number, row["key"], wanted)
        return taken.view

    return await once.do(act)  # type: ignore[return-value]


async def _invoice(services: Services, number: str, key: str | None) -> dict[str, Any] | None:
    """The invoice of that key, or of the order where none is named, if it was issued."""
    order = None if key else (await state_of(services, number)).order
    wanted = key or (order.bill.key if order else None)
    if wanted is None or not wanted.startswith(f"{number}/"):
        return None
    async with services.database.read() as connection:
        return await ledger.find_invoice(connection, wanted)


async def _report(
    services: Services, wanted: PaymentReport, row: dict[str, Any] | None, command: str, by: str
) -> Command:
    said = {"id": command, "by": by} | wanted.model_dump(exclude={"invoice"})
    if wanted.invoice is None:
        return ReportPayment.model_validate(said)
    async with services.database.read() as connection:
        amount = await ledger.still_open(connection, row) if row else None
    return ReportCollection.model_validate(said | {"invoice": wanted.invoice, "amount": amount})


async def _keep_books(services: Services, number: str, key: str, wanted: PaymentReport) -> None:
    """Let the invoice itself say how its payment stands, once the contract has taken the report."""
    contract = await state_of(services, number)
    async with services.database.write() as connection:
        await payments.reported(connection, key, wanted.outcome)
        await ledger.mark(connection, key, wanted.outcome, on=contract.date_of(contract.at), reference=wanted.reference)


@router.post("/payment-reversals", operation_id="report_reversal")
async def report_reversal(services: Needs, number: Number, wanted: ReversalReport, once: OnceOperate) -> View:
    """Say that the payment of an invoice was taken back: it is unpaid again, and dunning begins by the terms."""

    async def act(command: str) -> View:
        await view_of(services, number)
        row = await _invoice(services, number, wanted.invoice)
        if row is None:
            raise not_found(f"invoice {wanted.invoice} of contract {number}")
        if row["payment"] != "paid":
            detail = f"invoice {row['number']} is {row['payment']}: there is no payment of it to take back"
            raise ProblemError(409, "refused", detail, rule=row["rule"], field="invoice")
        said = Said(command, once.by, wanted.reference, services.now().date())
        await take_back(services, row, said, amount=wanted.amount, cause=wanted.cause, reason=wanted.reason)
        return await view_of(services, number)

    return await once.do(act)  # type: ignore[return-value]


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
