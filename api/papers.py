"""Invoices, credit notes and statements as PDFs: made from their rows when first asked for, and kept from then on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from activities.issued import issued_paper
from activities.papers import Sheet, SheetLine
from api.commands import view_of
from api.downloads import downloaded, kept
from api.fields import Day, Number
from api.problems import RESPONSES, ProblemError, not_found
from api.security import MayRead
from api.services import Needs, Services
from domain.calendar import local_date
from domain.invoice_mail import paper_key
from domain.terms import Terms
from storage import checkouts, contracts, documents, programmes
from storage.books import Scope
from storage.statement import Statement, statement

router = APIRouter(prefix="/contracts/{number}", tags=["money"], responses=RESPONSES)
PaperNumber = Annotated[str, Path(pattern=r"^[A-Z0-9-]{5,40}$", description="The invoice's or credit note's number.")]
UntilDay = Annotated[Day | None, Query(description="The last day, included.")]
PDF: dict[int | str, dict[str, Any]] = {200: {"content": {documents.PDF: {}}, "description": "The PDF."}}


@router.get("/invoices/{paper}/pdf", operation_id="read_invoice_pdf", response_class=Response, responses=PDF)
async def read_invoice_pdf(services: Needs, number: Number, paper: PaperNumber, _: MayRead) -> Response:
    """An invoice as PDF/A-3; in the EU with its data inside (Factur-X, EN 16931)."""
    return await _printed(services, number, paper, "invoice")


@router.get("/credit-notes/{paper}/pdf", operation_id="read_credit_note_pdf", response_class=Response, responses=PDF)
async def read_credit_note_pdf(services: Needs, number: Number, paper: PaperNumber, _: MayRead) -> Response:
    """A credit note as PDF/A-3; in the EU with its data inside (Factur-X, EN 16931)."""
    return await _printed(services, number, paper, "credit")


async def _printed(services: Services, number: str, paper: str, kind: Literal["invoice", "credit"]) -> Response:
    shown = await view_of(services, number)
    async with services.database.read() as connection:
        issued = await contracts.invoices(connection, number)
        notes = await contracts.credit_notes(connection, number) if kind == "credit" else []
        version = await programmes.one(connection, shown.programme, shown.terms_version)
        address = (await checkouts.read(connection, number)).get("billing_address")
    row = next((row for row in (notes if kind == "credit" else issued) if row["number"] == paper), None)
    if row is None or version is None:
        raise not_found(f"{kind} {paper} of contract {number}")
    if row.get("cut_off"):
        raise ProblemError(
            409,
            "refused",
            f"{paper} goes out on a collective invoice",
            hint="its PDF is under /customers/{customer}/collective-invoices",
        )
    terms = Terms.model_validate(version["terms"])
    made = issued_paper(kind, row, issued, customer=shown.customer, address=address, terms=terms)
    source = services.papers.invoice(made, terms)
    return downloaded(await kept(services, paper_key(row["key"]), number, kind, source), f"{paper}.pdf")


@router.get("/statement/pdf", operation_id="read_statement_pdf", response_class=Response, responses=PDF)
async def read_statement_pdf(services: Needs, number: Number, _: MayRead, until: UntilDay = None) -> Response:
    """The contract's statement of account until a day, as PDF/A-3; the contract's today where none is given."""
    shown = await view_of(services, number)
    day = until or local_date(shown.now if shown.clock else services.now(), shown.zone)
    async with services.database.read() as connection:
        found = await statement(connection, Scope(contract=number, trial=None), date.min, day)
        version = await programmes.one(connection, shown.programme, shown.terms_version)
        address = (await checkouts.read(connection, number)).get("billing_address")
    if version is None:
        raise not_found(f"version {shown.terms_version} of programme {shown.programme}")
    account = found[0] if found else Statement(shown.currency, Decimal(0), [], Decimal(0))
    sheet = Sheet(
        contract=number,
        on=day,
        currency=account.currency,
        language=shown.customer.language,
        customer=shown.customer.model_dump(),
        address=address,
        opening=account.opening,
        lines=tuple(
            SheetLine(on=move.on, what=move.what, number=move.number, amount=move.amount, balance=move.balance)
            for move in account.moves
        ),
        closing=account.closing,
    )
    source = services.papers.statement(sheet, Terms.model_validate(version["terms"]))
    # The books go on: each statement that differs is kept beside those that were made before.
    key = f"{number}/statement/{day}/{source.fingerprint[:16]}"
    return downloaded(await kept(services, key, number, "statement", source), f"{number}-{day}.pdf")
