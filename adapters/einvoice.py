"""Factur-X: an invoice as data (EN 16931) inside its own PDF."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from unittest import mock

import facturx
from drafthorse.models.accounting import ApplicableTradeTax
from drafthorse.models.document import Document
from drafthorse.models.note import IncludedNote
from drafthorse.models.party import TaxRegistration
from drafthorse.models.payment import PaymentTerms
from drafthorse.models.tradelines import LineItem

from activities.papers import Paper, PaperLine
from domain.terms import Terms

GUIDELINE = "urn:cen.eu:en16931:2017"
_INVOICE, _CREDIT = "380", "381"
_REASONS = {"AE": "Reverse charge", "O": "Not subject to VAT"}
_ONE_AT_A_TIME = threading.Lock()


def embedded(pdf: bytes, inside: str, data: dict[str, Any]) -> bytes:
    """The PDF with its data inside, dated as the paper is: the same paper gives the same bytes."""
    with _dated(datetime.combine(date(*data["issued"]), time(), UTC)):
        made: bytes = facturx.generate_from_binary(
            pdf,
            inside.encode(),
            flavor="factur-x",
            level="en16931",
            check_xsd=True,
            lang=data["language"],
            pdf_metadata={
                "author": data["issuer"]["name"],
                "keywords": "Factur-X",
                "title": data["number"],
                "subject": data["contract"],
            },
            afrelationship="data",
        )
    return made


@contextmanager
def _dated(at: datetime) -> Iterator[None]:
    """The library dates a file on the moment at which it is made; a paper is dated on its own day."""

    class Dated(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return at if tz else at.replace(tzinfo=None)

    with _ONE_AT_A_TIME, mock.patch.object(facturx.facturx, "datetime", Dated):
        yield


def xml(paper: Paper, terms: Terms) -> bytes:
    """The invoice as Cross Industry Invoice, profile EN 16931."""
    document = Document()
    document.context.guideline_parameter.id = GUIDELINE
    document.header.id = paper.number
    document.header.type_code = _INVOICE if paper.kind == "invoice" else _CREDIT
    document.header.issue_date_time = paper.on
    note = IncludedNote()
    note.content = paper.contract
    document.header.notes.add(note)
    _parties(document, paper, terms)
    for position, line in enumerate(paper.lines, start=1):
        document.trade.items.add(_line(position, line, paper))
    _settlement(document, paper)
    made: bytes = document.serialize(schema=None)
    return made


def _parties(document: Document, paper: Paper, terms: Terms) -> None:
    agreement, issuer = document.trade.agreement, terms.issuer
    agreement.seller.name = issuer.name
    agreement.seller.address.line_one = issuer.address
    agreement.seller.address.country_id = issuer.country
    agreement.seller.electronic_address.uri_ID = ("EM", issuer.email)
    if paper.tax_category == "O":
        # Who sells outside the tax must not name a VAT number, and must be known by something.
        agreement.seller.id = issuer.code
    elif issuer.tax_number:
        agreement.seller.tax_registrations.add(TaxRegistration(id=("VA", issuer.tax_number)))
    agreement.buyer.name = paper.customer["name"]
    address = paper.address or {}
    agreement.buyer.address.line_one = address.get("street") or paper.customer["name"]
    if address.get("postal_code"):
        agreement.buyer.address.postcode = address["postal_code"]
    if address.get("city"):
        agreement.buyer.address.city_name = address["city"]
    agreement.buyer.address.country_id = paper.customer["country"]
    if paper.customer.get("email"):
        agreement.buyer.electronic_address.uri_ID = ("EM", paper.customer["email"])
    if paper.customer.get("vat_number") and paper.tax_category != "O":
        agreement.buyer.tax_registrations.add(TaxRegistration(id=("VA", paper.customer["vat_number"])))
    agreement.buyer_order.issuer_assigned_id = paper.contract
    document.trade.delivery.event.occurrence = paper.on


def _line(position: int, line: PaperLine, paper: Paper) -> LineItem:
    item = LineItem()
    item.document.line_id = str(position)
    item.product.name = line.text
    if line.serial:
        item.product.description = line.serial
    item.agreement.net.amount = abs(line.net)
    item.delivery.billed_quantity = (Decimal(1) if line.net >= 0 else Decimal(-1), "C62")
    if line.first and line.last:
        item.settlement.period.start = line.first
        item.settlement.period.end = line.last
    item.settlement.trade_tax.type_code = "VAT"
    item.settlement.trade_tax.category_code = paper.tax_category
    if paper.tax_category != "O":
        item.settlement.trade_tax.rate_applicable_percent = paper.tax_percent
    item.settlement.monetary_summation.total_amount = line.net
    return item


def _settlement(document: Document, paper: Paper) -> None:
    settlement = document.trade.settlement
    settlement.currency_code = paper.currency
    settlement.payment_reference = paper.number
    # Nothing of a negative sum is a negative nothing, which is not zero to whom it is sent.
    owed = paper.tax or abs(paper.tax)
    tax = ApplicableTradeTax()
    tax.calculated_amount = owed
    tax.basis_amount = paper.net
    tax.type_code = "VAT"
    tax.category_code = paper.tax_category
    if paper.tax_category != "O":
        tax.rate_applicable_percent = paper.tax_percent
    if paper.tax_category in _REASONS:
        tax.exemption_reason = _REASONS[paper.tax_category]
    settlement.trade_tax.add(tax)
    settlement.terms.add(_terms(paper))
    summation = settlement.monetary_summation
    summation.line_total = paper.net
    summation.charge_total = Decimal("0.00")
    summation.allowance_total = Decimal("0.00")
    summation.tax_basis_total = paper.net
    summation.tax_total = (owed, paper.currency)
    summation.grand_total = paper.gross
    summation.prepaid_total = Decimal("0.00")
    summation.due_amount = paper.gross


def _terms(paper: Paper) -> Any:
    terms = PaymentTerms()
    terms.due = paper.due or paper.on
    return terms
