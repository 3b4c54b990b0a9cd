"""The documents that follow a complete order, and what they may say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain.calendar import DAY
from domain.effects import Effect, MakeDocument
from domain.entitlements.rights import rights
from domain.envelope import Event
from domain.message import message
from domain.state import Contract
from domain.terms import Terms


def order_papers(contract: Contract, event: Event) -> Iterator[Effect]:
    """The documents that follow a complete order, and the message that they go along with."""
    papers = contract.terms.order.documents
    if papers is None:
        return
    data = papers_data(contract)
    keys = []
    for name in papers.documents:
        keys.append(contract.key("document", name))
        yield MakeDocument(key=keys[-1], at=event.at, rule=papers.rule, document=name, data=dict(data))
    sent = message(contract, event, "order_documents", documents=list(papers.documents))
    yield sent.model_copy(update={"attached": tuple(keys), "rule": papers.rule})


def papers_data(contract: Contract) -> dict[str, object]:
    """What the documents of an order may say: the lines, the order's total, the rules, who to call and when."""
    terms, order = contract.terms, contract.order
    return {
        "lines": [
            {
                "serial": line.serial,
                "model": line.model,
                "text": line.text,
                "quantity": line.quantity,
                "starts_on": _day(line.starts_on or contract.start_on),
                "last_day": _day(line.ends_on),
                "place": line.place,
                "replaced": [{"serial": item.serial, "last_day": _day(item.on - DAY)} for item in line.replaced],
            }
            for line in contract.lines
        ],
        "first_day": _day(contract.active_since),
        "last_day": _day(contract.term.last if contract.term else None),
        "total": str(order.bill.gross) if order else "0",
        "charged": bool(order and order.bill.charges),
        "rules": [{"rule": rule, "text": text} for rule, text in terms.rules.items()],
        "version": terms.version,
        "languages": list(terms.languages),
        "hours": _hours(terms),
        "access_code": contract.access_code,
        "entitlements": [
            {"text": terms.text(item.text, contract.customer.language), "per_year": item.per_year}
            for item in rights(contract, contract.date_of(contract.at))
        ],
    }


def _hours(terms: Terms) -> list[dict[str, object]]:
    """The desk's hours, each with its days of the week; empty where the terms list none."""
    return [
        {"days": list(span.days), "opens": f"{span.opens:%H:%M}", "closes": f"{span.closes:%H:%M}"}
        for span in (terms.desk.hours if terms.desk else ())
    ]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
