"""Invoices and credit notes: numbered without gaps, written once, only ever credited; and whether they are paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.bill import Bill
from domain.books import PAID_AGAIN, Account, Posting, credited, given_up, invoiced, paid, taken_back
from storage.books import Book, Scope, balances, post
from storage.contracts import next_number
from storage.tables import credit_line, credit_note, invoice, invoice_line, posting


async def find_invoice(connection: AsyncConnection, key: str) -> dict[str, Any] | None:
    """The invoice that a domain key has made, if it has."""
    row = (await connection.execute(select(invoice).where(invoice.c.key == key))).mappings().first()
    return dict(row) if row else None


async def find_invoices(connection: AsyncConnection, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Those invoices that domain keys have made, by their keys."""
    found = await connection.execute(select(invoice).where(invoice.c.key.in_(list(keys))))
    return {row["key"]: dict(row) for row in found.mappings()}


class Issue(NamedTuple):
    """An invoice to be issued: its bill, the rule that it falls due by, and how its payment stands.

    With ``cut_off`` it is a bill that waits for that day: the invoice's number is that of the collective one on which
    it goes out. ``paid_on`` is the local day on which it was paid at once, with the provider's ``reference``;
    ``set_off`` of it was in the customer's favour before.
    """

    bill: Bill
    rule: str
    at: datetime
    method: str | None
    payment: str
    cut_off: date | None = None
    paid_on: date | None = None
    reference: str | None = None
    set_off: Decimal = Decimal(0)


async def issue_invoices(connection: AsyncConnection, book: Book, wanted: Sequence[Issue]) -> list[str]:
    """Issue invoices of a contract, each under the issuer's next number of its bill's year; answers with the numbers.

    A book on ``trial``, of a test clock, takes no number of the real sequence.
    """
    numbers = await _numbers(connection, book, wanted)
    heads, lines, moves = [], [], []
    for one, number in zip(wanted, numbers, strict=True):
        stands = {"payment": one.payment, "method": one.method, "set_off": one.set_off, "cut_off": one.cut_off}
        heads.append(_head(one.bill, number, book, rule=one.rule, at=one.at) | stands)
        lines += [
            charge.model_dump(exclude={"credits"}) | {"invoice": one.bill.key, "position": position}
            for position, charge in enumerate(one.bill.charges, start=1)
        ]
        moves += [*invoiced(one.bill, number, one.rule), *_paid_at_once(one, number)]
    await connection.execute(invoice.insert(), heads)
    await connection.execute(invoice_line.insert(), lines)
    await post(connection, book, moves)
    return numbers


async def _numbers(connection: AsyncConnection, book: Book, wanted: Sequence[Issue]) -> list[str]:
    """The next numbers, in order; those of one kind and year are taken at once."""
    series = [("B" if one.cut_off else "F", one.bill.on.year) for one in wanted]
    taken = {
        (kind, year): iter(await numbered(connection, book.issuer, kind, year, trial=book.trial, count=count))
        for (kind, year), count in sorted(Counter(series).items())
    }
    return [next(taken[one]) for one in series]


def _paid_at_once(one: Issue, number: str) -> Iterable[Posting]:
    if one.paid_on is None:
        return ()
    return paid(
        invoice=one.bill.key,
        on=max(one.paid_on, one.bill.on),
        amount=one.bill.gross - one.set_off,
        currency=one.bill.currency,
        rule=one.rule,
        reference=one.reference or number,
    )


async def find_credit(connection: AsyncConnection, key: str) -> str | None:
    """The number of the credit note that a domain key has made, if it has."""
    number: str | None = await connection.scalar(select(credit_note.c.number).where(credit_note.c.key == key))
    return number


async def issue_credit(
    connection: AsyncConnection,
    bill: Bill,
    *,
    contract: str,
    issuer: str,
    customer: str,
    rule: str,
    reason: str,
    at: datetime,
    trial: bool = False,
) -> str:
    """Issue a credit note under the issuer's next number; the database refuses more than was charged."""
    book = Book(contract, customer, issuer, trial)
    (number,) = await numbered(connection, issuer, "A", bill.on.year, trial=trial)
    values = _head(bill, number, book, rule=rule, at=at)
    await connection.execute(credit_note.insert(), values | {"reason": reason})
    lines = [
        {
            "key": charge.key,
            "credit_note": bill.key,
            "credits": charge.credits,
            "text": charge.text,
            "rule": charge.rule,
            "net": charge.net,
            "days": charge.days,
        }
        for charge in bill.charges
    ]
    await connection.execute(credit_line.insert(), lines)
    await post(connection, book, credited(bill, number, rule))
    return number


async def apply_credit(connection: AsyncConnection, applied: Mapping[str, Decimal]) -> None:
    """Less is to be paid of invoices that a credit pays a part of, gross by key; one that it pays whole is paid."""
    for key, amount in applied.items():
        row = await find_invoice(connection, key)
        if row is None:
            continue
        stands = {"set_off": row["set_off"] + amount}
        paid_off = not await still_open(connection, row | stands)
        await connection.execute(
            invoice.update().where(invoice.c.key == key), stands | ({"payment": "paid"} if paid_off else {})
        )


async def numbered(
    connection: AsyncConnection, issuer: str, kind: str, year: int, *, trial: bool, count: int = 1
) -> list[str]:
    """The issuer's next numbers of a kind of document and a year; what is on trial has a series of its own."""
    series = f"TEST-{issuer}" if trial else issuer
    last = await next_number(connection, f"{kind}/{series}/{year}", count)
    return [f"{series}-{kind}{year}-{number:06d}" for number in range(last - count + 1, last + 1)]


def _head(bill: Bill, number: str, book: Book, *, rule: str, at: datetime) -> dict[str, Any]:
    return {
        **bill.model_dump(exclude={"charges", "taxes"}),
        "taxes": [part.model_dump(mode="json") for part in bill.taxes],
        "number": number,
        "contract": book.contract,
        "issuer": book.issuer,
        "customer": book.customer,
        "rule": rule,
        "issued_at": at,
    }


async def mark(
    connection: AsyncConnection,
    key: str,
    state: str,
    *,
    on: date,
    method: str | None = None,
    reference: str | None = None,
) -> None:
    """Say how an invoice's payment stands, and post the money where it came in; one that is paid stays paid."""
    changes = {"payment": state} | ({"method": method} if method else {})
    await connection.execute(invoice.update().where(invoice.c.key == key, invoice.c.payment != "paid"), changes)
    if state == "paid":
        await _receive(connection, key, on, reference)


async def _receive(connection: AsyncConnection, key: str, on: date, reference: str | None) -> None:
    """Post what is still to be paid of an invoice; dated on the day of the money, never before the invoice's own."""
    found = await find_invoice(connection, key)
    if found is None:
        return
    came_in, times = await _cash(connection, found)
    moves = paid(
        invoice=key,
        on=max(on, found["on"]),
        amount=found["gross"] - found["set_off"] - came_in,
        currency=found["currency"],
        rule=found["rule"],
        reference=reference or found["number"],
        times=times,
    )
    await post(connection, book_of(found), moves)


def book_of(row: dict[str, Any]) -> Book:
    """Whose postings an invoice's are."""
    return Book(row["contract"], row["customer"], row["issuer"], row["number"].startswith("TEST-"))


async def still_open(connection: AsyncConnection, row: dict[str, Any]) -> Decimal:
    """What is still to be paid of an invoice: gross, less what was set off and what came in and stayed."""
    came_in, _ = await _cash(connection, row)
    open_: Decimal = row["gross"] - row["set_off"] - came_in
    return open_


async def _cash(connection: AsyncConnection, row: dict[str, Any]) -> tuple[Decimal, int]:
    """What came in for an invoice and was not taken back, and how often it came in."""
    query = (
        select(posting.c.debit, func.sum(posting.c.amount), func.count())
        .where(posting.c.contract == row["contract"], posting.c.document == row["key"])
        .where(or_(posting.c.debit == Account.CASH, posting.c.credit == Account.CASH))
        .group_by(posting.c.debit)
    )
    sums = {debit: (Decimal(amount), count) for debit, amount, count in await connection.execute(query)}
    came_in, times = sums.get(Account.CASH, (Decimal(0), 0))
    went, _ = sums.get(Account.RECEIVABLE, (Decimal(0), 0))
    return came_in - went, times


async def receive_more(
    connection: AsyncConnection, row: dict[str, Any], attempt: str, amount: Decimal, *, on: date, reference: str | None
) -> None:
    """Post what came in by another attempt for an invoice that was paid already, once, under the attempt's own key."""
    moves = paid(
        invoice=f"{attempt}{PAID_AGAIN}",
        on=max(on, row["on"]),
        amount=amount,
        currency=row["currency"],
        rule=row["rule"],
        reference=reference or row["number"],
    )
    await post(connection, book_of(row), moves)


async def take_back(connection: AsyncConnection, key: str, amount: Decimal, *, on: date, reference: str) -> bool:
    """Post that the payment of an invoice was taken back, once by its reference; whether it was news.

    Never more than came in; an invoice that is not paid has no payment to take back.
    """
    found = await find_invoice(connection, key)
    if found is None or found["payment"] != "paid":
        return False
    came_in, _ = await _cash(connection, found)
    moves = list(
        taken_back(
            invoice=key,
            on=max(on, found["on"]),
            amount=min(amount, came_in),
            currency=found["currency"],
            rule=found["rule"],
            reference=reference,
        )
    )
    known = select(posting.c.key).where(posting.c.key.in_([move.key for move in moves]))
    if not moves or await connection.scalar(known) is not None:
        return False
    await post(connection, book_of(found), moves)
    await connection.execute(invoice.update().where(invoice.c.key == key), {"payment": "reversed"})
    return True


async def write_off(connection: AsyncConnection, key: str, *, on: date, rule: str) -> None:
    """Give up what is still owed of an invoice: its amount, but never more than the contract owes; once."""
    found = await find_invoice(connection, key)
    if found is None or found["payment"] in {"paid", "lost"}:
        return
    stands = await balances(connection, Scope(contract=found["contract"], trial=None))
    owed = stands.get(found["currency"], {}).get(Account.RECEIVABLE, Decimal(0))
    moves = given_up(
        invoice=key, on=on, amount=min(await still_open(connection, found), owed), currency=found["currency"], rule=rule
    )
    await post(connection, book_of(found), moves)
    await connection.execute(invoice.update().where(invoice.c.key == key), {"payment": "lost"})
