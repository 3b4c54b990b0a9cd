"""What papers about an offer say: each line's price, the tax, and the forms on which the customer may order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from domain.effects import MakeDocument
from domain.envelope import Event
from domain.money import percent_of
from domain.state import Contract, Line
from domain.tax import levied


def priced(line: Line, amount: Decimal, term_amount: Decimal) -> dict[str, object]:
    """One line of an offer: net, for one of its periods and for the whole term."""
    return {
        "serial": line.serial,
        "model": line.model,
        "quantity": line.quantity,
        "text": line.text,
        "period": line.period,
        "amount": str(amount),
        "term_amount": str(term_amount),
    }


def taxed(contract: Contract, net: Decimal, on: date) -> dict[str, object]:
    """What a net amount costs with the tax of a day; no tax where the terms hold none for the customer."""
    rate = levied(contract.terms, contract.customer, on, contract.rates)
    if rate is None:
        return {"taxes": [], "gross": str(net)}
    parts = [(part, percent_of(net, part.percent, contract.terms.currency)) for part in rate.parts or (rate,)]
    taxes = [{"name": part.name, "percent": str(part.percent), "amount": str(amount)} for part, amount in parts]
    return {"taxes": taxes, "gross": str(net + sum(amount for _, amount in parts))}


def reply_forms(
    contract: Contract, event: Event, occurrence: object, data: dict[str, object], *, renews: bool
) -> Iterator[MakeDocument]:
    """The forms of order that go along with an offer, for the customer to fill in and return."""
    forms = contract.terms.order.forms
    for form in forms.forms.values() if forms else ():
        if form.document:
            yield MakeDocument(
                key=contract.key("document", f"{form.document}-{occurrence}"),
                at=event.at,
                rule=forms.rule if forms else event.rule,
                document=form.document,
                data=data | {"fields": list(form.needs), "renews": renews, "declines": form.declines or not renews},
            )
