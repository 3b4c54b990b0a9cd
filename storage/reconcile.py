"""Reconciliation: the contracts' events against documents, books and payments, and against the decider itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.bill import Bill
from domain.books import Account
from domain.retrace import retrace
from domain.terms import Terms
from domain.view import Entry, View
from storage import collective, contracts
from storage.books import Scope, postings
from storage.contracts import Filters
from storage.payments import refunds
from storage.tables import payment, programme_version

_PAGE = 200


class Difference(NamedTuple):
    """What does not agree, for one contract: where it was looked, and what is wrong, in words."""

    contract: str
    where: str
    what: str


async def differences(connection: AsyncConnection, *, only: str | None = None) -> AsyncIterator[Difference]:
    """Every difference of one contract, or of all of them by number; none where everything agrees."""
    terms = await terms_of_all(connection)
    if only is not None:
        view = await contracts.read(connection, only)
        for found in await of_contract(connection, view, terms) if view else ():
            yield found
        return
    after: str | None = None
    while views := await contracts.page(connection, Filters(), after=after, limit=_PAGE):
        for view in views:
            for found in await of_contract(connection, view, terms):
                yield found
        after = views[-1].number


async def terms_of_all(connection: AsyncConnection) -> dict[str, dict[int, Terms]]:
    """Every version of every programme's terms."""
    found: dict[str, dict[int, Terms]] = {}
    columns = (programme_version.c.code, programme_version.c.version, programme_version.c.terms)
    for code, version, terms in await connection.execute(select(*columns)):
        found.setdefault(code, {})[version] = Terms.model_validate(terms)
    return found


async def of_contract(connection: AsyncConnection, view: View, terms: dict[str, dict[int, Terms]]) -> list[Difference]:
    """The differences of one contract."""
    number = view.number
    entries = await trail(connection, number)
    invoices = {row["key"]: row for row in await contracts.invoices(connection, number)}
    notes = {row["key"]: row for row in await contracts.credit_notes(connection, number)}
    books = await postings(connection, Scope(contract=number, trial=None))
    payments = await _payments(connection, list(invoices))
    given_back = await refunds(connection, number)
    found = [
        *(("trail", what) for what in _gaps(entries)),
        *(("decider", what) for what in retrace(entries, terms[view.programme], view.now)),
        *(("invoices", what) for what in _documents(_bills(entries, "bill"), invoices, "invoice")),
        *(("credit notes", what) for what in _documents(_bills(entries, "credit"), notes, "credit note")),
        *(("collective invoices", what) for what in await _together(connection, entries, invoices)),
        *(("books", what) for what in _books(invoices, notes, books)),
        *(("payments", what) for what in _paid(invoices, payments, books)),
        *(("refunds", what) for what in _refunded(_decided(entries), given_back, payments, books)),
    ]
    return [Difference(number, where, what) for where, what in found]


async def trail(connection: AsyncConnection, number: str) -> list[Entry]:
    """A contract's whole trail."""
    entries: list[Entry] = []
    while page := await contracts.entries(connection, number, after=entries[-1].seq if entries else 0, limit=500):
        entries += page
    return entries


async def _payments(connection: AsyncConnection, keys: list[str]) -> list[dict[str, Any]]:
    rows = await connection.execute(select(payment).where(payment.c.invoice.in_(keys)))
    return [dict(row) for row in rows.mappings()]


def _gaps(entries: list[Entry]) -> Iterator[str]:
    for position, entry in enumerate(entries, start=1):
        if entry.seq != position:
            yield f"entry {position} is missing"
            return


def _bills(entries: Iterable[Entry], field: str) -> dict[str, Bill]:
    """What the events say was charged or credited, by key; a bill over nothing makes no document."""
    bills = (Bill.model_validate(entry.data[field]) for entry in entries if entry.data.get(field))
    return {bill.key: bill for bill in bills if bill.charges and (bill.gross or field == "credit" or bill.net == 0)}


def _documents(bills: dict[str, Bill], documents: dict[str, dict[str, Any]], what: str) -> Iterator[str]:
    for key, bill in bills.items():
        row = documents.get(key)
        if row is None:
            if bill.gross:
                yield f"{what} {key} over {bill.gross} {bill.currency} was never issued"
            continue
        if (row["net"], row["tax"], row["gross"]) != (bill.net, bill.tax, bill.gross):
            yield f"{what} {row['number']} says {row['gross']}, the contract {bill.gross}"
        lines = {line["key"]: line["net"] for line in row["lines"]}
        if lines != {charge.key: charge.net for charge in bill.charges}:
            yield f"{what} {row['number']} has other lines than the contract says"
    for key, row in documents.items():
        if key not in bills:
            yield f"{what} {row['number']} over {row['gross']} has no event of the contract"


async def _together(
    connection: AsyncConnection, entries: Iterable[Entry], invoices: dict[str, dict[str, Any]]
) -> list[str]:
    """Whether every bill whose cut-off day is over is on a collective invoice, and that is the sum of its bills."""
    over = max((str(entry.data["on"]) for entry in entries if entry.kind == "cut_off"), default="")
    waiting = [row for row in invoices.values() if row["cut_off"] and row["collective"] is None]
    wrong = [f"{row['number']} is on no collective invoice" for row in waiting if row["cut_off"].isoformat() <= over]
    for number in set((await collective.numbers(connection, invoices)).values()):
        found = await collective.find(connection, number)
        parts = sum((bill["gross"] for bill in found["bills"]), Decimal(0)) if found else Decimal(0)
        if found is None or found["gross"] != parts:
            wrong.append(f"collective invoice {number} is not the sum of its bills, {parts}")
    return wrong


def _books(
    invoices: dict[str, dict[str, Any]], notes: dict[str, dict[str, Any]], books: list[dict[str, Any]]
) -> Iterator[str]:
    """Whether what is posted for each document is what the document says."""
    owed: dict[str, Decimal] = {}
    for row in books:
        sides = {row["debit"], row["credit"]}
        if Account.RECEIVABLE in sides and not sides & {Account.CASH, Account.WRITTEN_OFF}:
            sign = 1 if row["debit"] == Account.RECEIVABLE else -1
            owed[row["document"]] = owed.get(row["document"], Decimal(0)) + sign * row["amount"]
    says = {key: row["gross"] for key, row in invoices.items()} | {key: -row["gross"] for key, row in notes.items()}
    for key in sorted(says.keys() | owed.keys()):
        if says.get(key, Decimal(0)) != owed.get(key, Decimal(0)):
            yield f"{key}: the document says {says.get(key, 0)}, the books say {owed.get(key, 0)}"


def _paid(
    invoices: dict[str, dict[str, Any]], payments: list[dict[str, Any]], books: list[dict[str, Any]]
) -> Iterator[str]:
    """Whether what came in and stayed is what the invoices, the attempts and the books say, once each."""
    cash: dict[str, Decimal] = {}
    for row in books:
        if Account.CASH in {row["debit"], row["credit"]}:
            sign = 1 if row["debit"] == Account.CASH else -1
            cash[row["document"]] = cash.get(row["document"], Decimal(0)) + sign * row["amount"]
    collected = {row["invoice"] for row in payments if row["outcome"] == "paid"}
    for key, row in invoices.items():
        asked, has = row["gross"] - row["set_off"], cash.get(key, Decimal(0))
        if row["payment"] == "paid" and has != asked:
            yield f"invoice {row['number']} is paid, the books have {has} of {asked}"
        if row["payment"] != "paid" and asked and has == asked:
            yield f"invoice {row['number']} is {row['payment']}, and the books have its payment"
        if key in collected and row["payment"] != "paid":
            yield f"invoice {row['number']} was collected and is {row['payment']}"


def _decided(entries: Iterable[Entry]) -> Decimal:
    """What the events say was given back, gross."""
    amounts = (Decimal(str(entry.data["amount"])) for entry in entries if entry.kind == "refunded")
    return sum(amounts, Decimal(0))


def _refunded(
    decided: Decimal,
    given_back: list[dict[str, Any]],
    payments: list[dict[str, Any]],
    books: list[dict[str, Any]],
) -> Iterator[str]:
    """Whether what went back is what was decided, what the books say, and no more than was collected."""
    posted = {
        row["key"]: row["amount"] for row in books if row["credit"] == Account.CASH and row["document"] == row["key"]
    }
    made = {row["key"]: row for row in given_back if row["state"] == "made"}
    for key in sorted(made.keys() | posted.keys()):
        says, has = made[key]["amount"] if key in made else Decimal(0), posted.get(key, Decimal(0))
        if says != has:
            yield f"refund {key} is {says}, the books say {has}"
    ours = sum((row["amount"] for row in given_back if row["cause"] != "provider"), Decimal(0))
    if ours > decided:
        yield f"{ours} was given back, the contract decided {decided}"
    for row in given_back:
        if row["state"] == "open":
            yield f"refund {row['key']} over {row['amount']} was begun and never made"
    for paid in payments:
        gone = sum((row["amount"] for row in made.values() if row["payment"] == paid["key"]), Decimal(0))
        if gone > paid["amount"]:
            yield f"{gone} was given back of {paid['key']}, over {paid['amount']}"
