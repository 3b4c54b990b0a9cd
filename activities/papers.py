"""What goes to customers on paper: what is on it, what it is made from, and who prints it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, Protocol

from domain.terms import Terms
from storage.documents import Source


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One line: net, by its rule, for a device and a period; a credit says which invoice it gives back.

    ``contract`` is said where a paper is about several.
    """

    text: str
    rule: str
    net: Decimal
    serial: str | None = None
    first: date | None = None
    last: date | None = None
    corrects: str | None = None
    contract: str | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """An issued invoice or credit note, as its rows have it; amounts in ``currency``, in the reader's ``language``.

    ``taxes`` are the name, percent and amount of each tax, where there are several.
    ``due`` is the last day to pay of an invoice on account. What became of it since is not on it: it never changes.
    """

    kind: Literal["invoice", "credit"]
    number: str
    contract: str
    on: date
    currency: str
    language: str
    customer: dict[str, Any]
    address: dict[str, Any] | None
    lines: tuple[PaperLine, ...]
    net: Decimal
    tax_name: str
    tax_percent: Decimal
    tax_category: str
    tax: Decimal
    gross: Decimal
    due: date | None = None
    taxes: tuple[tuple[str, Decimal, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One document or payment of an account, gross, and what is owed after it."""

    on: date
    what: str
    number: str
    amount: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Sheet:
    """A contract's statement of account, until a day."""

    contract: str
    on: date
    currency: str
    language: str
    customer: dict[str, Any]
    address: dict[str, Any] | None
    opening: Decimal
    lines: tuple[SheetLine, ...]
    closing: Decimal


@dataclass(frozen=True, slots=True)
class Page:
    """Any other document: the name of its template, and the ``data`` that the contract gave it, on a local day."""

    name: str
    contract: str
    on: date
    currency: str
    language: str
    customer: dict[str, Any]
    address: dict[str, Any] | None
    data: dict[str, Any]


class PaperPort(Protocol):
    """Who writes papers, and prints them; ``maker`` names the program that makes the bytes."""

    maker: str

    def invoice(self, paper: Paper, terms: Terms) -> Source:
        """The source of an invoice or credit note."""

    def statement(self, sheet: Sheet, terms: Terms) -> Source:
        """The source of a statement of account."""

    def document(self, page: Page, terms: Terms) -> Source:
        """The source of any other document. Raises Refused where there is no such template."""

    def printed(self, source: Source) -> bytes:
        """The PDF of a source: the same source gives the same bytes."""
