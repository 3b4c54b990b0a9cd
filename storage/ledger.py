"""Invoices, credit notes and payments: numbered without gaps, written once, only ever credited."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.bill import Bill
from domain.books import Account, credited, given_up, invoiced, paid
from storage.books import Book, Scope, balances, post
from storage.contracts import next_number
from storage.tables import credit_line, credit_note, invoice, invoice_line, payment


async def find_invoice(connection: AsyncConnection, key: str) -> dict[str, Any] | None:
    """The invoice that a domain key has made, if it has."""
    row = (await connection.execute(select(invoice).where(invoice.c.key == key))).mappings().first()
    return dict(row) if row else None


async def issue_invoice(
    connection: AsyncConnection,
    bill: Bill,
    *,
    contract: str,
    issuer: str,
    customer: str,
    rule: str,
    at: datetime,
    method: str | None,
    payment_state: str,
    trial: bool = False,
    paid_on: date | None = None,
    reference: str | None = None,
) -> str:
    """Issue an invoice under the issuer's next number of the bill's year; answers with the number.

    A ``trial``, on a test clock, takes no number of the real sequence. ``paid_on`` is the local day on which it was
    paid at once, with the provider's ``reference``.
    """
    number = await _number(connection, _series(issuer, trial=trial), "F", bill)
    values = _head(bill, number, contract=contract, issuer=issuer, customer=customer, rule=rule, at=at)
    await connection.execute(invoice.insert(), values | {"payment": payment_state, "method": method})
    lines = [
        charge.model_dump(exclude={"credits"}) | {"invoice": bill.key, "position": position}
        for position, charge in enumerate(bill.charges, start=1)
    ]
    await connection.execute(invoice_line.insert(), lines)
    moves = list(invoiced(bill, number, rule))
    if paid_on:
        moves += paid(
            invoice=bill.key,
            on=max(paid_on, bill.on),
            amount=bill.gross,
            currency=bill.currency,
            rule=rule,
            reference=reference or number,
        )
    await post(connection, Book(contract, customer, issuer, trial), moves)
    return number


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
    number = await _number(connection, _series(issuer, trial=trial), "A", bill)
    values = _head(bill, number, contract=contract, issuer=issuer, customer=customer, rule=rule, at=at)
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
    await post(connection, Book(contract, customer, issuer, trial), credited(bill, number, rule))
    return number


def _series(issuer: str, *, trial: bool) -> str:
    return f"TEST-{issuer}" if trial else issuer


async def _number(connection: AsyncConnection, series: str, kind: str, bill: Bill) -> str:
    count = await next_number(connection, f"{kind}/{series}/{bill.on.year}")
    return f"{series}-{kind}{bill.on.year}-{count:06d}"


def _head(
    bill: Bill, number: str, *, contract: str, issuer: str, customer: str, rule: str, at: datetime
) -> dict[str, Any]:
    return {
        **bill.model_dump(exclude={"charges", "taxes"}),
        "taxes": [part.model_dump(mode="json") for part in bill.taxes],
        "number": number,
        "contract": contract,
        "issuer": issuer,
        "customer": customer,
        "rule": rule,
        "issued_at": at,
    }


async def find_payment(connection: AsyncConnection, key: str) -> dict[str, Any] | None:
    """The attempt to collect that a domain key has made, if it has."""
    row = (await connection.execute(select(payment).where(payment.c.key == key))).mappings().first()
    return dict(row) if row else None


async def add_payment(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Write down an attempt to collect."""
    await connection.execute(payment.insert(), values)


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
    """Post the payment of an invoice, once; it is dated on the day of the money, never before the invoice's own."""
    found = await find_invoice(connection, key)
    if found is None:
        return
    book = Book(found["contract"], found["customer"], found["issuer"], found["number"].startswith("TEST-"))
    moves = paid(
        invoice=key,
        on=max(on, found["on"]),
        amount=found["gross"],
        currency=found["currency"],
        rule=found["rule"],
        reference=reference or found["number"],
    )
    await post(connection, book, moves)


async def write_off(connection: AsyncConnection, key: str, *, on: date, rule: str) -> None:
    """Give up what is still owed of an invoice: its amount, but never more than the contract owes; once."""
    found = await find_invoice(connection, key)
    if found is None or found["payment"] in {"paid", "lost"}:
        return
    book = Book(found["contract"], found["customer"], found["issuer"], found["number"].startswith("TEST-"))
    stands = await balances(connection, Scope(contract=found["contract"], trial=None))
    owed = stands.get(found["currency"], {}).get(Account.RECEIVABLE, Decimal(0))
    moves = given_up(invoice=key, on=on, amount=min(found["gross"], owed), currency=found["currency"], rule=rule)
    await post(connection, book, moves)
    await connection.execute(invoice.update().where(invoice.c.key == key), {"payment": "lost"})
