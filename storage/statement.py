"""Statements of account: what customers owe, move by move, from the books."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.books import PAID_AGAIN, TAKEN_BACK, Account
from storage import collective
from storage.books import Scope, postings
from storage.tables import credit_note, invoice, payment, refund


class Moved(BaseModel):
    """One invoice, credit note or payment, gross, and what is owed after it."""

    on: date
    what: str
    number: str
    contract: str
    amount: Decimal
    balance: Decimal


class Statement(NamedTuple):
    """What was owed, what happened, what is owed; in one currency."""

    currency: str
    opening: Decimal
    moves: list[Moved]
    closing: Decimal


async def statement(connection: AsyncConnection, scope: Scope, since: date, until: date) -> list[Statement]:
    """The statements of a contract or a customer, one for each currency, from a day to another, both included."""
    rows = await postings(connection, scope._replace(until=until), account=Account.RECEIVABLE)
    numbers = await _numbers(connection, {row["document"].removesuffix(PAID_AGAIN) for row in rows})
    # What was charged and paid at one moment is told in this order.
    rows.sort(
        key=lambda row: (row["currency"], row["on"], row["posted_at"], Account.CASH in {row["debit"], row["credit"]})
    )
    return [
        _statement(currency, list(group), numbers, since)
        for currency, group in groupby(rows, key=lambda row: str(row["currency"]))
    ]


async def _numbers(connection: AsyncConnection, keys: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in (invoice, credit_note):
        rows = await connection.execute(select(table.c.key, table.c.number).where(table.c.key.in_(keys)))
        found |= {row.key: row.number for row in rows}
    back = (
        select(refund.c.key, invoice.c.number)
        .join(payment, payment.c.key == refund.c.payment)
        .join(invoice, invoice.c.key == payment.c.invoice)
    )
    rows = await connection.execute(back.where(refund.c.key.in_(keys)))
    return found | {row.key: row.number for row in rows} | await collective.numbers(connection, keys)
    collected = select(payment.c.key, invoice.c.number).join(invoice, invoice.c.key == payment.c.invoice)
    back = select(refund.c.key, invoice.c.number).join(payment, payment.c.key == refund.c.payment)
    back = back.join(invoice, invoice.c.key == payment.c.invoice)
    for query in (collected.where(payment.c.key.in_(keys)), back.where(refund.c.key.in_(keys))):
        found = {row.key: row.number for row in await connection.execute(query)} | found
    return found


def _statement(currency: str, rows: list[dict[str, Any]], numbers: dict[str, str], since: date) -> Statement:
    balance = opening = Decimal(0)
    moves: list[Moved] = []
    for document, group in groupby(rows, key=lambda row: (row["on"], row["document"], _what(row))):
        parts = list(group)
        amount = sum((_signed(row) for row in parts), Decimal(0))
        balance += amount
        on, key, what = document
        if on < since:
            opening = balance
            continue
        number = numbers.get(key.removesuffix(PAID_AGAIN), key)
        moves.append(
            Moved(on=on, what=what, number=number, contract=parts[0]["contract"], amount=amount, balance=balance)
        )
    return Statement(currency, opening, moves, balance)


def _signed(row: dict[str, Any]) -> Decimal:
    amount: Decimal = row["amount"]
    return amount if row["debit"] == Account.RECEIVABLE else -amount


def _what(row: dict[str, Any]) -> str:
    if row["debit"] == Account.WRITTEN_OFF:
        return "written_off"
    if row["debit"] == Account.CASH:
        return "payment"
    if row["credit"] == Account.CASH:
        return "reversal" if TAKEN_BACK in row["key"] else "refund"
    return "invoice" if row["debit"] == Account.RECEIVABLE else "credit"
