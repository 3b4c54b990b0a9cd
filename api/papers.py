"""Invoices, credit notes and statements as PDFs: made from their rows when first asked for, and kept from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from activities.papers import Paper, PaperLine, Sheet, SheetLine
from api.commands import view_of
from api.downloads import downloaded, kept
from api.fields import Day, Number
from api.problems import RESPONSES, ProblemError, not_found
from api.security import MayRead
from api.services import Needs, Services
from domain.calendar import local_date
from domain.money import places
from domain.terms import Terms
from domain.view import View
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
    numbers = {line["key"]: invoice["number"] for invoice in issued for line in invoice["lines"]}
    lines = tuple(paper_line(line, row["currency"], numbers) for line in row["lines"])
    made = _paper(row, kind, lines, shown, address)
    if kind == "invoice" and row["method"] == "on_account":
        made = replace(made, due=row["on"] + timedelta(days=terms.order.due_days))
    source = services.papers.invoice(made, terms)
    return downloaded(await kept(services, f"{row['key']}/paper", number, kind, source), f"{paper}.pdf")


def _paper(
    row: Mapping[str, Any],
    kind: Literal["invoice", "credit"],
    lines: tuple[PaperLine, ...],
    shown: View,
    address: dict[str, Any] | None,
) -> Paper:
    return Paper(
        kind=kind,
        number=row["number"],
        contract=shown.number,
        on=row["on"],
        currency=row["currency"],
        language=shown.customer.language,
        customer=shown.customer.model_dump(),
        address=address,
        lines=lines,
        net=exact(row["net"], row["currency"]),
        tax_name=row["tax_name"],
        tax_percent=row["tax_percent"],
        tax_category=row["tax_category"],
        tax=exact(row["tax"], row["currency"]),
        gross=exact(row["gross"], row["currency"]),
        taxes=tax_parts(row),
    )


def paper_line(line: Mapping[str, Any], currency: str, numbers: Mapping[str, str]) -> PaperLine:
    """A row of an invoice or credit note as a line of its paper."""
    return PaperLine(
        text=line["text"],
        rule=line["rule"],
        net=exact(line["net"], currency),
        serial=line.get("serial"),
        first=line.get("first"),
        last=line.get("last"),
        corrects=numbers.get(line.get("credits") or ""),
        contract=line.get("contract"),
    )


def tax_parts(row: Mapping[str, Any]) -> tuple[tuple[str, Decimal, Decimal], ...]:
    """Name, percent and amount of each tax of a document, where there are several."""
    return tuple(
        (part["name"], Decimal(part["percent"]), exact(Decimal(part["amount"]), row["currency"]))
        for part in row["taxes"]
    )


def exact(amount: Decimal, currency: str) -> Decimal:
    """The amount in the currency's own places: the books keep more."""
    return amount.quantize(Decimal(1).scaleb(-places(currency)))


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
