"""Bank statements as banks send them (ISO 20022, CAMT.053): the money that came in, entry by entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

MOST_ENTRIES = 10_000


class StatementInvalid(Exception):
    """The file is no statement of this kind; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class BankEntry:
    """Money that came in: the bank's own reference, the day, the amount, and what the payer wrote."""

    reference: str
    on: date
    amount: Decimal
    currency: str
    text: str


def entries(content: bytes) -> tuple[BankEntry, ...]:
    """The booked credits of a statement, of any version of CAMT.053. Raises StatementInvalid."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise StatementInvalid(f"this is not XML: {error.msg}") from error
    if "camt.053" not in str(etree.QName(root).namespace or ""):
        raise StatementInvalid("this is XML, but no CAMT.053 statement")
    found = tuple(_credits(root))
    if len(found) > MOST_ENTRIES:
        raise StatementInvalid(f"a statement may have {MOST_ENTRIES} entries at most; split it")
    return found


def _credits(root: Any) -> Iterator[BankEntry]:
    for statement in root.iterfind(".//{*}Stmt"):
        account = _text(statement, "{*}Id") or "statement"
        for position, entry in enumerate(statement.iterfind("{*}Ntry"), start=1):
            booked = _text(entry, "{*}Sts/{*}Cd") or _text(entry, "{*}Sts")
            if _text(entry, "{*}CdtDbtInd") == "CRDT" and booked == "BOOK":
                yield _entry(entry, f"{account}/{position}")


def _entry(entry: Any, position: str) -> BankEntry:
    amount = entry.find("{*}Amt")
    day = _text(entry, "{*}BookgDt/{*}Dt") or _text(entry, "{*}BookgDt/{*}DtTm")[:10]
    texts = [found.text or "" for found in entry.iterfind(".//{*}RmtInf//{*}Ustrd")]
    texts += [found.text or "" for found in entry.iterfind(".//{*}RmtInf//{*}Ref")]
    texts += [_text(entry, ".//{*}EndToEndId"), _text(entry, "{*}AddtlNtryInf")]
    try:
        return BankEntry(
            reference=(_text(entry, "{*}AcctSvcrRef") or position)[:100],
            on=date.fromisoformat(day),
            amount=Decimal(str(amount.text).strip()),
            currency=str(amount.get("Ccy")),
            text=" ".join(text.strip() for text in texts if text.strip())[:1000],
        )
    except (AttributeError, InvalidOperation, ValueError) as error:
        raise StatementInvalid(f"entry {position} lacks its amount or its day") from error


def _text(element: Any, path: str) -> str:
    return (element.findtext(path) or "").strip()
