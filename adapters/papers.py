"""Papers: invoices, credit notes, statements and documents, each composed from data into the source of a PDF."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from activities.papers import Page, Paper, Sheet
from adapters import press, templates
from adapters.einvoice import xml
from adapters.legible import legible
from adapters.notation import Notation
from domain.tax import EU
from domain.terms import Terms
from storage.documents import Source

_NOTES = {"AE": "reverse_charge", "O": "outside"}


class Papers:
    """Writes the papers of every programme in a folder, and prints them."""

    maker = press.MAKER

    def __init__(self, root: Path) -> None:
        self._root = root

    def invoice(self, paper: Paper, terms: Terms) -> Source:
        """An invoice or credit note; between sellers and customers in the EU it is a Factur-X."""
        paper = legible(paper)
        language = templates.spoken(paper.language, terms.languages)
        labels = self._labels(terms, "invoice", language)
        write = Notation(language, paper.customer["country"], paper.currency)
        inside = None
        if terms.issuer.country in EU and paper.customer["country"] in EU:
            inside = xml(paper, terms).decode()
        return self._source("invoice", terms, _data(paper, terms, labels, write), language, inside)

    def statement(self, sheet: Sheet, terms: Terms) -> Source:
        """A statement of account."""
        sheet = legible(sheet)
        language = templates.spoken(sheet.language, terms.languages)
        labels = self._labels(terms, "statement", language)
        write = Notation(language, sheet.customer["country"], sheet.currency)
        return self._source("statement", terms, _sheet(sheet, terms, labels, write), language)

    def document(self, page: Page, terms: Terms) -> Source:
        """A document from its template's own files. Raises Refused where there is no such template."""
        page = legible(page)
        files = templates.layout(self._own(terms), page.name)
        language = templates.spoken(page.language, terms.languages)
        labels = self._labels(terms, page.name, language)
        write = Notation(language, page.customer["country"], page.currency)
        return Source(page.name, files, _page(page, terms, labels, write) | {"language": language})

    def printed(self, source: Source) -> bytes:
        """The PDF of a source: the same source gives the same bytes."""
        return press.printed(source)

    def _source(
        self, name: str, terms: Terms, data: dict[str, Any], language: str, inside: str | None = None
    ) -> Source:
        files = templates.layout(self._own(terms), name)
        return Source(name=name, files=files, data=data | {"language": language}, inside=inside)

    def _labels(self, terms: Terms, name: str, language: str) -> dict[str, str]:
        return templates.words(self._own(terms), name, language)

    def _own(self, terms: Terms) -> Path:
        return self._root / terms.code.lower()


def _letter(
    paper: Paper | Sheet | Page, terms: Terms, labels: dict[str, str], write: Notation, kind: str
) -> dict[str, Any]:
    """What every paper has."""
    number = paper.number if isinstance(paper, Paper) else paper.contract
    return {
        "title": f"{labels[kind]} {number}",
        "kind": labels[kind],
        "number": number,
        "number_label": labels["contract" if number == paper.contract else "number"],
        "contract": paper.contract,
        "issued": [paper.on.year, paper.on.month, paper.on.day],
        "labels": labels,
        "issuer": terms.issuer.model_dump(include={"name", "address", "email", "phone", "tax_number"}),
        "customer": {
            "name": paper.customer["name"],
            "contact": paper.customer.get("contact"),
            "address": _address(paper, terms, write),
            "vat_number": paper.customer.get("vat_number"),
        },
    }


def _data(paper: Paper, terms: Terms, labels: dict[str, str], write: Notation) -> dict[str, Any]:
    """An invoice or credit note as its template reads it."""
    facts = [[labels["date"], write.day(paper.on)], [labels["contract"], paper.contract]]
    facts += [[labels["due"], write.day(paper.due)]] if paper.due else []
    return _letter(paper, terms, labels, write, paper.kind) | {
        "role": paper.kind,
        "facts": facts,
        "lines": [
            {
                "text": line.text,
                "serial": line.serial or "",
                "period": _span(line.first, line.last, write),
                "rule": line.rule,
                "net": write.money(line.net),
                "corrects": line.corrects,
                "contract": line.contract,
            }
            for line in paper.lines
        ],
        "net": write.money(paper.net),
        "taxes": [
            [write.tax(labels["tax_at"], name, percent), write.money(amount)]
            for name, percent, amount in paper.taxes or ((paper.tax_name, paper.tax_percent, paper.tax),)
        ],
        "gross": write.money(paper.gross),
        "notes": _notes(paper, terms, labels),
    }


def _span(first: date | None, last: date | None, write: Notation) -> str:
    return " – ".join(write.day(day, short=True) for day in (first, last) if day)


def _sheet(sheet: Sheet, terms: Terms, labels: dict[str, str], write: Notation) -> dict[str, Any]:
    """A statement of account as its template reads it."""
    return _letter(sheet, terms, labels, write, "statement") | {
        "facts": [[labels["until"], write.day(sheet.on)]],
        "owed": sheet.closing >= 0,
        "opening": write.money(sheet.opening),
        "closing": write.money(abs(sheet.closing)),
        "moves": [
            {
                "on": write.day(line.on, short=True),
                "what": labels[line.what],
                "number": line.number,
                "amount": write.money(line.amount),
                "balance": write.money(line.balance),
            }
            for line in sheet.lines
        ],
    }


def _page(page: Page, terms: Terms, labels: dict[str, str], write: Notation) -> dict[str, Any]:
    """Any other document as its template reads it."""
    data = write.written(page.data)
    for tax in data.get("taxes", ()):
        tax["label"] = write.tax(labels["tax_at"], tax["name"], Decimal(tax["percent"]))
    if "languages" in data:
        data["languages"] = [write.tongue(code) for code in data["languages"]]
    if "hours" in data:
        data["hours"] = _hours(data["hours"], write)
    return _letter(page, terms, labels, write, "title") | {
        "facts": [[labels["date"], write.day(page.on)]],
        "data": data,
    }


def _hours(spans: list[dict[str, Any]], write: Notation) -> list[list[Any]]:
    """The desk's hours, by the days that have the same."""
    by_days: dict[str, list[str]] = {}
    for span in spans:
        by_days.setdefault(write.weekdays(span["days"]), []).append(f"{span['opens']} – {span['closes']}")
    return [[days, hours] for days, hours in by_days.items()]


def _address(paper: Paper | Sheet | Page, terms: Terms, write: Notation) -> list[str]:
    """The customer's address as its country writes it; the country's name where it is abroad, or all that is known."""
    known, country = paper.address or {}, paper.customer["country"]
    street, code, city = (known.get(part) or "" for part in ("street", "postal_code", "city"))
    if country == "JP":
        lines = [f"〒{code.removeprefix('〒')}" if code else "", f"{city}{street}"]
    else:
        lines = [street, f"{code} {city}".strip()]
    lines = [line for line in lines if line]
    return lines if lines and country == terms.issuer.country else [*lines, write.country(country)]


def _notes(paper: Paper, terms: Terms, labels: dict[str, str]) -> list[str]:
    notes = [labels[_NOTES[paper.tax_category]]] if paper.tax_category in _NOTES else []
    if paper.kind == "invoice" and paper.due is None:
        notes.append(labels["collected"])
    if paper.due and terms.issuer.bank:
        notes.append(f"{labels['pay_to']} {terms.issuer.bank} ({paper.number})")
    return notes
