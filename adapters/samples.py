"""Papers with made-up data, for the person who edits their templates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from ruamel.yaml import YAML

from activities.errors import Refused
from activities.papers import Page, Paper, PaperLine, PaperPort, Sheet, SheetLine
from adapters.texts import COMMON, SPOKEN
from domain.terms import Terms
from storage.documents import Source

FOLDER = COMMON / "papers"
BOOKED = ("invoice", "credit", "statement")
"""The papers that are made from the books; every other is a document of a contract."""


def names() -> tuple[str, ...]:
    """The papers that can be previewed."""
    return BOOKED + tuple(
        sorted(path.stem for path in FOLDER.glob("*.yaml") if "title" in _read(path.name).get("en", {}))
    )


class CannotPreview(Exception):
    """There is no such paper or language, or its template is wrong."""


def previewed(name: str, papers: PaperPort, terms: Terms, language: str, lines: int = 2) -> bytes:
    """A paper as a PDF. Raises CannotPreview, which says what is wrong."""
    if language not in SPOKEN:
        raise CannotPreview(f"there is no sample in `{language}`: take one of {', '.join(SPOKEN)}")
    try:
        return papers.printed(sample(name, papers, terms, language, lines))
    except Refused as refusal:
        raise CannotPreview(str(refusal)) from refusal


def sample(name: str, papers: PaperPort, terms: Terms, language: str, lines: int = 2) -> Source:
    """The source of a paper with as many lines as asked for. Raises Refused where there is none of that name."""
    if name == "statement":
        return papers.statement(_statement(terms, language), terms)
    if name in BOOKED:
        return papers.invoice(_invoice(name, terms, language, lines), terms)
    return papers.document(_page(name, terms, language, lines), terms)


@cache
def _read(file: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(FOLDER / file)
    return found


def _about(terms: Terms, language: str) -> dict[str, Any]:
    told = _read("sample.yaml")
    return {
        "contract": told["contract"],
        "on": told["on"],
        "currency": terms.currency,
        "language": language,
        "customer": told["customer"][language],
        "address": told["address"][language],
    }


def _invoice(kind: Any, terms: Terms, language: str, count: int) -> Paper:
    told = _read("sample.yaml")
    texts = (told["service"][language], told["fee"][language])
    lines = tuple(
        PaperLine(
            text=texts[at % 2],
            rule=next(iter(terms.rules)),
            net=Decimal(told["net"][at % 2]),
            serial=f"SN-{701 + at}",
            corrects=told["number"] if kind == "credit" else None,
            first=None if at % 2 else date(2027, 7, 1),
            last=None if at % 2 else date(2028, 6, 30),
        )
        for at in range(count)
    )
    net = sum((line.net for line in lines), Decimal(0))
    tax = net * told["tax_percent"] / 100
    return Paper(
        kind=kind,
        number=told["number"],
        lines=lines,
        net=net,
        tax_name=_tax_name(terms),
        tax_percent=Decimal(told["tax_percent"]),
        tax_category="S",
        tax=tax,
        gross=net + tax,
        due=told["due"] if kind == "invoice" else None,
        **_about(terms, language),
    )


def _tax_name(terms: Terms) -> str:
    return next((rate.name for rate in terms.tax.rates), "VAT")


def _statement(terms: Terms, language: str) -> Sheet:
    told = _read("sample.yaml")
    amounts = [Decimal(net) for net in told["net"]]
    moves = (("invoice", amounts[0]), ("payment", -amounts[0]), ("invoice", amounts[1]))
    lines, balance = [], Decimal(0)
    for at, (what, amount) in enumerate(moves, start=1):
        balance += amount
        lines.append(SheetLine(on=date(2027, 4, at), what=what, number=told["number"], amount=amount, balance=balance))
    return Sheet(opening=Decimal(0), lines=tuple(lines), closing=balance, **_about(terms, language))


def _page(name: str, terms: Terms, language: str, count: int) -> Page:
    told = _read("sample.yaml")
    percent = told["tax_percent"]
    tax = {
        "name": _tax_name(terms),
        "percent": str(percent),
        "amount": str(Decimal(told["data"]["total"]) * percent / 100),
    }
    service, model = told["service"][language], "ProServer D380"
    priced = {"text": service, "model": model, "quantity": 1, "period": 12}
    device = {"text": service, "model": model, "place": told["place"][language], "starts_on": date(2027, 7, 1)}
    data = told["data"] | {
        "taxes": [tax],
        "prices": [
            priced | {"serial": f"SN-{701 + at}", "amount": told["net"][at % 2], "term_amount": told["net"][at % 2]}
            for at in range(count)
        ],
        "lines": [
            device
            | {
                "serial": f"SN-{701 + at}",
                "quantity": 1,
                "last_day": None if at % 2 else date(2028, 6, 30),
                "replaced": [] if at % 2 else [{"serial": "SN-688", "last_day": date(2027, 9, 30)}],
            }
            for at in range(count)
        ],
        "entitlements": [
            {"text": text, "per_year": None if at else 4} for at, text in enumerate(told["included"][language])
        ],
        "rules": [{"rule": rule, "text": text} for rule, text in terms.rules.items()],
        "reason": told["reason"][language],
    }
    return Page(name=name, data=data, **_about(terms, language))
