"""Collective invoices: what a customer's contracts billed until a cut-off day, as one document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from activities.issued import exact, paper_line, tax_parts
from activities.papers import Paper
from api.contracts import TaxOut
from api.downloads import downloaded, kept
from api.fields import Day
from api.money import CustomerId
from api.papers import PDF, PaperNumber
from api.problems import RESPONSES, not_found
from api.security import MayRead
from api.services import Needs
from domain.terms import Terms
from storage import checkouts, collective, contracts, programmes

router = APIRouter(prefix="/customers/{customer}/collective-invoices", tags=["money"], responses=RESPONSES)


class CollectiveBillOut(BaseModel):
    """One contract's bill on a collective invoice, gross."""

    key: str
    number: str
    contract: str
    on: Day
    gross: Decimal
    payment: str


class CollectiveOut(BaseModel):
    """A collective invoice: one number for the bills of several contracts."""

    key: str
    number: str
    on: Day = Field(description="The cut-off day.")
    currency: str
    net: Decimal
    tax_name: str
    tax_percent: Decimal
    tax_category: str
    tax: Decimal
    taxes: list[TaxOut]
    gross: Decimal
    payment: str = Field(description="`paid` when each of its bills is.")
    issued_at: datetime
    bills: list[CollectiveBillOut]


@router.get("", operation_id="list_collective_invoices")
async def list_collective_invoices(services: Needs, customer: CustomerId, _: MayRead) -> list[CollectiveOut]:
    """A customer's collective invoices, each with the bills of which it is made."""
    async with services.database.read() as connection:
        found = await collective.of_customer(connection, customer)
    return [CollectiveOut.model_validate(row) for row in found]


@router.get("/{paper}/pdf", operation_id="read_collective_invoice_pdf", response_class=Response, responses=PDF)
async def read_collective_invoice_pdf(
    services: Needs, customer: CustomerId, paper: PaperNumber, _: MayRead
) -> Response:
    """A collective invoice as PDF/A-3, each line with its contract; in the EU with its data inside."""
    async with services.database.read() as connection:
        found = await collective.find(connection, paper)
        if found is None or found["customer"] != customer:
            raise not_found(f"collective invoice {paper} of customer {customer}")
        lines = await collective.lines(connection, found["bills"])
        first = found["bills"][0]["contract"]
        shown = await contracts.read(connection, first)
        version = await programmes.one(connection, shown.programme, shown.terms_version) if shown else None
        address = (await checkouts.read(connection, first)).get("billing_address")
    if shown is None or version is None:
        raise not_found(f"contract {first}")
    terms = Terms.model_validate(version["terms"])
    made = _paper(found, lines, shown.customer.model_dump(), address, terms)
    source = services.papers.invoice(made, terms)
    return downloaded(await kept(services, f"{found['key']}/paper", first, "invoice", source), f"{paper}.pdf")


def _paper(
    row: Mapping[str, Any],
    lines: list[dict[str, Any]],
    customer: dict[str, Any],
    address: dict[str, Any] | None,
    terms: Terms,
) -> Paper:
    numbers = list(dict.fromkeys(bill["contract"] for bill in row["bills"]))
    currency = row["currency"]
    return Paper(
        kind="invoice",
        number=row["number"],
        contract=", ".join(numbers[:3]) + (f" + {len(numbers) - 3}" if len(numbers) > 3 else ""),
        on=row["on"],
        currency=currency,
        language=customer["language"],
        customer=customer,
        address=address,
        lines=tuple(paper_line(line, currency, {}) for line in lines),
        net=exact(row["net"], currency),
        tax_name=row["tax_name"],
        tax_percent=row["tax_percent"],
        tax_category=row["tax_category"],
        tax=exact(row["tax"], currency),
        gross=exact(row["gross"], currency),
        due=terms.order.due_on(row["on"]),
        taxes=tax_parts(row),
    )
