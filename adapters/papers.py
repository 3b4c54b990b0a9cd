"""Invoices and credit notes on paper: PDF/A-3 through typst, the same to the byte each time, from data alone."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from ruamel.yaml import YAML

from activities.papers import Paper, Sheet
from adapters.einvoice import embedded
from adapters.texts import COMMON
from domain.tax import EU
from domain.terms import Terms

_TEMPLATES = COMMON / "papers"
_NOTES = {"AE": "reverse_charge", "O": "outside"}


class Papers:
    """Makes papers; one at a time, each from the same rows the same bytes."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def make(self, paper: Paper, terms: Terms) -> bytes:
        """The PDF of an invoice or credit note; between sellers and customers in the EU it is a Factur-X."""
        labels = self._labels(terms.code, paper.language)
        plain = _compiled("invoice", _data(paper, terms, labels))
        if terms.issuer.country in EU and paper.customer["country"] in EU:
            return embedded(plain, paper, terms)
        return plain

    def statement(self, sheet: Sheet, terms: Terms) -> bytes:
        """The PDF of a statement of account."""
        return _compiled("statement", _sheet(sheet, terms, self._labels(terms.code, sheet.language)))

    def _labels(self, programme: str, language: str) -> dict[str, str]:
        own = self._root / programme.lower() / "papers" / "labels.yaml"
        labels = _read(COMMON / "papers" / "labels.yaml")
        chosen = dict(labels.get(language) or labels["en"])
        return chosen | (dict(_read(own).get(language) or {}) if own.exists() else {})


@cache
def _read(path: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = YAML(typ="safe").load(path)
    return found


@cache
def _fonts() -> list[str]:
    return [str(files("noto_cjk_sans_jp_regular"))]


def _compiled(template: str, paper: dict[str, Any]) -> bytes:
    """The paper as PDF/A-3b. What is in it goes in as data: nothing of it is ever read as markup."""
    made: bytes = typst.compile(
        str(_TEMPLATES / f"{template}.typ"),
        root=str(_TEMPLATES),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards="a-3b",
        sys_inputs={"paper": json.dumps(paper, ensure_ascii=False, sort_keys=True)},
    )
    return made


class _Notation:
    """Dates and amounts as a reader writes them."""

    def __init__(self, language: str, currency: str) -> None:
        self._language, self._currency = language, currency

    def day(self, on: date | None) -> str:
        """A date; nothing where there is none."""
        return format_date(on, format="medium", locale=self._language) if on else ""

    def money(self, amount: Decimal) -> str:
        """An amount in the paper's currency."""
        return format_currency(amount, self._currency, locale=self._language)


def _letter(paper: Paper | Sheet, terms: Terms, labels: dict[str, str], kind: str, number: str) -> dict[str, Any]:
    """What every paper has."""
    return {
        "title": f"{labels[kind]} {number}",
        "kind": labels[kind],
        "number": number,
        "language": paper.language,
        "issued": [paper.on.year, paper.on.month, paper.on.day],
        "labels": labels,
        "issuer": terms.issuer.model_dump(include={"name", "address", "email", "phone", "tax_number"}),
        "customer": {
            "name": paper.customer["name"],
            "address": _address(paper),
            "vat_number": paper.customer.get("vat_number"),
        },
    }


def _data(paper: Paper, terms: Terms, labels: dict[str, str]) -> dict[str, Any]:
    """An invoice or credit note as its template reads it."""
    write = _Notation(paper.language, paper.currency)
    facts = [[labels["date"], write.day(paper.on)], [labels["contract"], paper.contract]]
    facts += [[labels["due"], write.day(paper.due)]] if paper.due else []
    return _letter(paper, terms, labels, paper.kind, paper.number) | {
        "facts": facts,
        "lines": [
            {
                "text": line.text,
                "serial": line.serial or "",
                "period": " – ".join(filter(None, (write.day(line.first), write.day(line.last)))),
                "rule": line.rule,
                "net": write.money(line.net),
                "corrects": line.corrects,
                "contract": line.contract,
            }
            for line in paper.lines
        ],
        "net": write.money(paper.net),
        "taxes": [
            [f"{name} {format_decimal(percent, locale=paper.language)} %", write.money(amount)]
            for name, percent, amount in paper.taxes or ((paper.tax_name, paper.tax_percent, paper.tax),)
        ],
        "gross": write.money(paper.gross),
        "notes": _notes(paper, terms, labels),
    }


def _sheet(sheet: Sheet, terms: Terms, labels: dict[str, str]) -> dict[str, Any]:
    """A statement of account as its template reads it."""
    write = _Notation(sheet.language, sheet.currency)
    return _letter(sheet, terms, labels, "statement", sheet.contract) | {
        "facts": [[labels["until"], write.day(sheet.on)]],
        "opening": write.money(sheet.opening),
        "closing": write.money(sheet.closing),
        "moves": [
            {
                "on": write.day(line.on),
                "what": labels[line.what],
                "number": line.number,
                "amount": write.money(line.amount),
                "balance": write.money(line.balance),
            }
            for line in sheet.lines
        ],
    }


def _address(paper: Paper | Sheet) -> list[str]:
    """The customer's address, line by line; its country where nothing more is known."""
    known = paper.address or {}
    town = " ".join(filter(None, (known.get("postal_code"), known.get("city"))))
    country = Locale.parse(paper.language).territories.get(paper.customer["country"], paper.customer["country"])
    return [part for part in (known.get("street"), town, country) if part]


def _notes(paper: Paper, terms: Terms, labels: dict[str, str]) -> list[str]:
    notes = [labels[_NOTES[paper.tax_category]]] if paper.tax_category in _NOTES else []
    if paper.kind == "invoice" and paper.due is None:
        notes.append(labels["collected"])
    if paper.due and terms.issuer.bank:
        notes.append(f"{labels['pay_to']}: {terms.issuer.bank} ({paper.number})")
    return notes
