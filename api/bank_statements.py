"""Bank statements: each incoming payment is matched with its invoice, and the contract is told; the rest is listed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from adapters.camt import BankEntry, StatementInvalid, entries
from api.problems import RESPONSES, ProblemError
from api.reported import Said, report
from api.services import Needs, Services
from api.uploads import RESPONSES as UPLOAD_RESPONSES
from api.uploads import Upload, upload
from storage import bank

router = APIRouter(prefix="/bank-statements", tags=["money"], responses=RESPONSES | UPLOAD_RESPONSES)
XmlToOperate = Annotated[Upload, Depends(upload("operate", "application/xml"))]
State = Literal["matched", "unknown", "several", "differs", "paid"]


class EntryOut(BaseModel):
    """One incoming payment and the invoice that it pays; where it pays none, a person must look at it."""

    reference: str
    on: date
    amount: Decimal
    currency: str
    text: str
    state: State
    invoice: str | None
    again: bool = Field(description="It was matched when it was sent before; nothing was done this time.")


class StatementOut(BaseModel):
    """What became of a statement's incoming payments."""

    entries: list[EntryOut]


@router.post("", operation_id="take_bank_statement")
async def take_bank_statement(services: Needs, upload: XmlToOperate) -> StatementOut:
    """Take a CAMT.053 statement: what names one open invoice and pays it whole is its payment, once.

    Sent again, in another file too, an entry that was matched changes nothing.
    """

    async def take(command: str) -> StatementOut:
        try:
            found = entries(upload.file.read())
        except StatementInvalid as error:
            raise ProblemError(422, "invalid", str(error), field="body") from error
        return StatementOut(entries=[await _take(services, entry, command, upload.once.by) for entry in found])

    upload.file.seek(0)
    return await upload.once.do(take)  # type: ignore[return-value]


async def _take(services: Services, entry: BankEntry, command: str, by: str) -> EntryOut:
    async with services.database.read() as connection:
        before = await bank.known(connection, entry.reference)
        state, row = await bank.meant(connection, entry.text, entry.amount, entry.currency)
    if before and before["state"] == "matched":
        return _out(entry, "matched", before["invoice"], again=True)
    if state == "matched" and row:
        for position, bill in enumerate(row.get("bills", [row]), start=1):
            said = Said(f"{command}:{position}:{entry.reference}", by, entry.reference, entry.on)
            await report(services, bill, "paid", said)
    number = row["number"] if row else None
    values: dict[str, Any] = {
        "reference": entry.reference,
        "on": entry.on,
        "amount": entry.amount,
        "currency": entry.currency,
        "text": entry.text,
        "state": state,
        "invoice": number,
        "received_at": services.now(),
    }
    async with services.database.write() as connection:
        await bank.keep(connection, values)
    return _out(entry, state, number)


def _out(entry: BankEntry, state: str, invoice: str | None, *, again: bool = False) -> EntryOut:
    return EntryOut.model_validate(
        {
            "reference": entry.reference,
            "on": entry.on,
            "amount": entry.amount,
            "currency": entry.currency,
            "text": entry.text,
            "state": state,
            "invoice": invoice,
            "again": again,
        }
    )
