"""The paper of an issued invoice or credit note, from its rows: the same whoever asks first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

from activities.papers import Paper, PaperLine
from domain.dunning.unpaid import ON_ACCOUNT
from domain.money import places
from domain.state import Customer
from domain.terms import Terms

Kind = Literal["invoice", "credit"]


def issued_paper(
    kind: Kind,
    row: Mapping[str, Any],
    issued: Iterable[Mapping[str, Any]],
    *,
    customer: Customer,
    address: dict[str, Any] | None,
    terms: Terms,
) -> Paper:
    """What is on the paper of a row; ``issued`` are the contract's invoices, which a credit note's lines name."""
    numbers = {line["key"]: invoice["number"] for invoice in issued for line in invoice["lines"]}
    owed = kind == "invoice" and row["method"] == ON_ACCOUNT
    return Paper(
        kind=kind,
        number=row["number"],
        contract=row["contract"],
        on=row["on"],
        currency=row["currency"],
        language=customer.language,
        customer=customer.model_dump(),
        address=address,
        lines=tuple(paper_line(line, row["currency"], numbers) for line in row["lines"]),
        net=exact(row["net"], row["currency"]),
        tax_name=row["tax_name"],
        tax_percent=row["tax_percent"],
        tax_category=row["tax_category"],
        tax=exact(row["tax"], row["currency"]),
        gross=exact(row["gross"], row["currency"]),
        due=terms.order.due_on(row["on"]) if owed else None,
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
