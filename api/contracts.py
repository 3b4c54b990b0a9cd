"""Contracts as they stand: lists, trail, money, notices, what they will do and why they did what they did."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from api.commands import as_of_now, view_of
from api.downloads import downloaded
from api.fields import Code, Cursor, Day, Limit, Number, Page, after, cursor
from api.problems import RESPONSES, ProblemError, not_found
from api.security import MayRead
from api.services import Needs
from domain.state import Status
from domain.terms import Terms
from domain.view import Entry, View
from storage import contracts, delivery, documents, programmes
from storage.contracts import Filters

router = APIRouter(prefix="/contracts", tags=["contracts"], responses=RESPONSES)


class InvoiceLineOut(BaseModel):
    """One line of an invoice: what was charged, by which rule, for which device and days. Net."""

    key: str
    what: str
    text: str
    rule: str
    net: Decimal
    line: str | None
    serial: str | None
    first: Any = None
    last: Any = None
    days: int | None
    of_days: int | None


class TaxOut(BaseModel):
    """One of several taxes on a document, which ``tax`` is the sum of."""

    name: str
    percent: Decimal
    amount: Decimal


class InvoiceOut(BaseModel):
    """An issued invoice."""

    key: str
    number: str
    on: Day
    currency: str
    net: Decimal
    tax_name: str
    tax_percent: Decimal
    tax_category: str = "S"
    tax: Decimal
    taxes: list[TaxOut] = []
    gross: Decimal
    set_off: Decimal = Field(description="What credits have paid of it; the rest is collected.")
    rule: str
    payment: str
    issued_at: datetime
    lines: list[InvoiceLineOut]


class CreditLineOut(BaseModel):
    """One line of a credit note, and the invoice line that it gives back. Net."""

    key: str
    credits: str
    text: str
    rule: str
    net: Decimal
    days: int | None


class CreditOut(BaseModel):
    """An issued credit note."""

    key: str
    number: str
    on: Day
    currency: str
    net: Decimal
    tax_name: str
    tax_percent: Decimal
    tax_category: str = "S"
    tax: Decimal
    taxes: list[TaxOut] = []
    gross: Decimal
    rule: str
    reason: str
    issued_at: datetime
    lines: list[CreditLineOut]


_LINK = re.compile(r"(/v1/(?:links|unsubscribe)/)[A-Za-z0-9_-]+")
_HIDDEN = r"\1(hidden)"
"""A link is its reader's key: who reads the proof of a mail does not get it."""


class ReportOut(BaseModel):
    """What a mail server reported of a message (RFC 3464)."""

    action: str
    status: str | None
    recipient: str | None
    diagnostic: str | None
    reporter: str | None
    received_at: datetime


class NoticeOut(BaseModel):
    """A message, and the proof of it: what it said, when it was due, composed and sent, and what became of it.

    `outcome` is `composed`, `sent`, `refused` by the mail server at once, `delivered`, `bounced`, or `unsubscribed`.
    """

    key: str
    name: str
    recipient: str
    language: str
    subject: str
    body: str
    sha256: str
    documents: dict[str, str] = Field(description="The documents that went along, with their hashes.")
    rule: str
    due_at: datetime
    composed_at: datetime
    sent_at: datetime | None
    outcome: str
    reason: str | None
    message_id: str = Field(description="The mail's own id, by which its delivery reports are known.")
    delivered_at: datetime | None
    bounced_at: datetime | None
    reports: list[ReportOut]


class DocumentOut(BaseModel):
    """A kept document."""

    key: str
    name: str
    language: str
    media_type: str
    sha256: str
    made_at: datetime


class Explanation(BaseModel):
    """Why something happened: the rule, what the rule says, and everything that went into it."""

    entry: Entry
    rule: str
    says: str | None
    terms_version: int
    inputs: dict[str, Any]


@router.get("", operation_id="list_contracts")
async def list_contracts(
    services: Needs,
    _: MayRead,
    *,
    status: Annotated[Status | None, Query()] = None,
    programme_code: Annotated[Code | None, Query(alias="programme")] = None,
    customer: Annotated[str | None, Query(max_length=40)] = None,
    reseller: Annotated[str | None, Query(max_length=400)] = None,
    serial: Annotated[str | None, Query(max_length=40)] = None,
    attention: Annotated[bool | None, Query(description="Those that need a person's attention.")] = None,
    ends_from: Annotated[Day | None, Query(description="The term's last day, from.")] = None,
    ends_until: Annotated[Day | None, Query(description="The term's last day, until.")] = None,
    page: Cursor = None,
    limit: Limit = 50,
) -> Page[View]:
    """Contracts by number, narrowed by what is given."""
    filters = Filters(
        status=status.value if status else None,
        programme=programme_code,
        customer=_plain(customer),
        reseller=_plain(reseller),
        serial=_plain(serial),
        attention=attention,
        ends_from=ends_from,
        ends_until=ends_until,
    )
    async with services.database.read() as connection:
        items = [
            as_of_now(services, item)
            for item in await contracts.page(connection, filters, after=after(page), limit=limit)
        ]
    return Page(items=items, next_cursor=cursor(items[-1].number) if len(items) == limit else None)


def _plain(text: str | None) -> str | None:
    """A search word that the database can take."""
    return text.replace("\x00", "") if text is not None else None


@router.get("/{number}", operation_id="read_contract")
async def read_contract(services: Needs, number: Number, _: MayRead) -> View:
    """A contract: where it stands, what comes next, what may be asked of it."""
    return as_of_now(services, await view_of(services, number))


@router.get("/{number}/events", operation_id="list_events")
async def list_events(
    services: Needs, number: Number, _: MayRead, page: Cursor = None, limit: Limit = 100
) -> Page[Entry]:
    """The contract's trail: what happened, when, by which rule, and who asked."""
    await view_of(services, number)
    start = after(page)
    if start is not None and not (start.isascii() and start.isdigit() and len(start) < 10):
        raise ProblemError(422, "invalid", "cursor: this is not a cursor of ours", field="cursor")
    async with services.database.read() as connection:
        items = await contracts.entries(connection, number, after=int(start or 0), limit=limit)
    return Page(items=items, next_cursor=cursor(str(items[-1].seq)) if len(items) == limit else None)


@router.get("/{number}/events/{seq}/explain", operation_id="explain_event")
async def explain_event(
    services: Needs, number: Number, seq: Annotated[int, Path(ge=1, le=2_000_000_000)], _: MayRead
) -> Explanation:
    """Why an event happened: its rule, what the rule says, and what went into it."""
    shown = await view_of(services, number)
    async with services.database.read() as connection:
        found = await contracts.entries(connection, number, after=seq - 1, limit=1)
        row = await programmes.one(connection, shown.programme, shown.terms_version)
    if not found or found[0].seq != seq:
        raise not_found(f"event {seq} of contract {number}")
    terms = Terms.model_validate(row["terms"]) if row else None
    entry = found[0]
    return Explanation(
        entry=entry,
        rule=entry.rule,
        says=terms.rules.get(entry.rule) if terms else None,
        terms_version=shown.terms_version,
        inputs=entry.data,
    )


@router.get("/{number}/invoices", operation_id="list_invoices", tags=["money"])
async def list_invoices(services: Needs, number: Number, _: MayRead) -> list[InvoiceOut]:
    """The contract's invoices in order of issue."""
    await view_of(services, number)
    async with services.database.read() as connection:
        return [InvoiceOut.model_validate(row) for row in await contracts.invoices(connection, number)]


@router.get("/{number}/credit-notes", operation_id="list_credit_notes", tags=["money"])
async def list_credit_notes(services: Needs, number: Number, _: MayRead) -> list[CreditOut]:
    """The contract's credit notes in order of issue."""
    await view_of(services, number)
    async with services.database.read() as connection:
        return [CreditOut.model_validate(row) for row in await contracts.credit_notes(connection, number)]


@router.get("/{number}/notices", operation_id="list_notices", tags=["messages"])
async def list_notices(services: Needs, number: Number, _: MayRead) -> list[NoticeOut]:
    """Everything that was written to the customer, with its proof."""
    await view_of(services, number)
    async with services.database.read() as connection:
        rows, reported = await contracts.messages(connection, number), await delivery.reports(connection, number)
    return [
        NoticeOut.model_validate(
            row | {"reports": reported.get(row["key"], []), "body": _LINK.sub(_HIDDEN, row["body"])}
        )
        for row in rows
    ]


@router.get("/{number}/documents", operation_id="list_documents", tags=["messages"])
async def list_documents(services: Needs, number: Number, _: MayRead) -> list[DocumentOut]:
    """The contract's documents."""
    await view_of(services, number)
    async with services.database.read() as connection:
        return [DocumentOut.model_validate(row) for row in await documents.listed(connection, number)]


@router.get(
    "/{number}/documents/{term}/{name}",
    operation_id="read_document",
    tags=["messages"],
    response_class=Response,
    responses={200: {"content": {documents.PDF: {}}, "description": "The document, as it was sent."}},
)
async def read_document(
    services: Needs,
    number: Number,
    term: Annotated[int, Path(ge=0, le=1000)],
    name: Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,80}$")],
    _: MayRead,
) -> Response:
    """A document as it was sent."""
    async with services.database.read() as connection:
        found = await documents.find(connection, f"{number}/{term}/document/{name}")
    if found is None:
        raise not_found(f"document {name} of contract {number}")
    return downloaded(found)
