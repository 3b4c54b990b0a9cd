"""Books, events and simulator agree to the cent, whatever is asked; and a fault that is planted is found."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.random_lives import lives
from domain.books import Account
from domain.simulator import Life
from storage import books
from storage.books import Scope
from storage.database import Database
from storage.reconcile import differences
from storage.tables import audit_entry, credit_note, invoice, invoice_line, posting
from tests.money.booked import book, ready

COUNT = int(os.environ.get("RANDOM_CONTRACTS", "60"))
"""How many contracts; the figure in the note is of a thousand."""


async def found(database: Database) -> list[str]:
    """Every difference, in words."""
    async with database.read() as connection:
        return [f"{item.contract} {item.where}: {item.what}" async for item in differences(connection)]


@pytest.fixture(scope="module")
def lived() -> list[Life]:
    """The lives, lived once for both databases."""
    return list(lives(COUNT))


@pytest.mark.timeout(3000)
@pytest.mark.rule("COM-4")
async def test_three_years_of_anything_agree_to_the_cent(database: Database, lived: list[Life]) -> None:
    """Trail, documents, books and decider tell one story; what is left of deferred revenue is for days to come."""
    await ready(database)
    for life in lived:
        await book(database, life)
    assert await found(database) == []
    async with database.write() as connection:
        await books.close(connection, Scope(), date(2035, 1, 1))
    async with database.read() as connection:
        for life in lived:
            await _agrees(connection, life)


async def _agrees(connection: AsyncConnection, life: Life) -> None:
    """The events' own sum is what is owed and was paid; and everything that was charged has been earned by 2035."""
    events = sum((entry.amount for entry in life.entries if entry.amount), Decimal(0))
    stands = (await books.balances(connection, Scope(contract=life.contract.number))).get(life.contract.terms.currency)
    if stands is None:
        assert events == 0
        return
    assert stands[Account.RECEIVABLE] + stands[Account.CASH] + stands[Account.WRITTEN_OFF] == events
    assert stands[Account.DEFERRED] == 0
    assert sum(stands.values()) == 0


async def test_lives_are_as_various_as_they_should_be(lived: list[Life]) -> None:
    """The dice do reach what money depends on, in every programme."""
    kinds = {entry.kind for life in lived for entry in life.entries}
    wanted = {"period_billed", "recredited", "line_added", "renewed", "suspended", "change_applied", "ended"}
    assert wanted <= kinds
    assert {life.contract.terms.code for life in lived} == {"HPG", "HPJ", "HPP", "ICM", "XEC"}
    bills = [bill for life in lived for event in life.events if (bill := getattr(event, "bill", None))]
    assert {"period", "arrears", "shortfall"} <= {charge.what for bill in bills for charge in bill.charges}
    assert any(life.contract.extended for life in lived)
    assert any(life.contract.rates for life in lived)
    assert any(entry.kind == "cut_off" for life in lived for entry in life.entries)


async def _bad(connection: AsyncConnection, statement: str) -> None:
    await connection.execute(text(statement))


async def _unguarded(database: Database, fault: Callable[[AsyncConnection, dict[str, Any]], Any]) -> None:
    """Do what the database forbids, as somebody with its password might."""
    async with database.write() as connection:
        of_service = select(invoice_line.c.invoice).where(invoice_line.c.what.in_(("period", "arrears")))
        query = select(invoice).where(invoice.c.key.in_(of_service)).order_by(invoice.c.key).limit(1)
        row = dict((await connection.execute(query)).mappings().one())
        if database.engine.dialect.name == "sqlite":
            names = await connection.scalars(text("select name from sqlite_master where type = 'trigger'"))
            for name in list(names):
                await _bad(connection, f'drop trigger "{name}"')
        else:
            for table in ("invoice", "invoice_line", "credit_note", "credit_line", "audit_entry", "posting"):
                await _bad(connection, f"alter table {table} disable trigger user")
        await fault(connection, row)


async def _other_amount(connection: AsyncConnection, row: dict[str, Any]) -> None:
    values = {"net": row["net"] + 1, "gross": row["gross"] + 1}
    await connection.execute(invoice.update().where(invoice.c.key == row["key"]).values(values))


async def _lost_posting(connection: AsyncConnection, row: dict[str, Any]) -> None:
    await connection.execute(posting.delete().where(posting.c.document == row["key"]))


async def _doubled_posting(connection: AsyncConnection, row: dict[str, Any]) -> None:
    query = select(posting).where(posting.c.document == row["key"]).limit(1)
    known = dict((await connection.execute(query)).mappings().one())
    await connection.execute(posting.insert(), known | {"key": "again"})


async def _lost_entry(connection: AsyncConnection, row: dict[str, Any]) -> None:
    whose = audit_entry.c.contract == row["contract"]
    await connection.execute(audit_entry.delete().where(whose, audit_entry.c.kind == "period_billed"))


async def _other_entry(connection: AsyncConnection, row: dict[str, Any]) -> None:
    whose = (audit_entry.c.contract == row["contract"]) & (audit_entry.c.kind == "period_billed")
    query = select(audit_entry).where(whose).order_by(audit_entry.c.seq).limit(1)
    known = dict((await connection.execute(query)).mappings().one())
    billed = known["data"]["bill"]
    changed = known["data"] | {"bill": billed | {"gross": str(Decimal(billed["gross"]) + 1)}}
    await connection.execute(audit_entry.update().where(whose, audit_entry.c.seq == known["seq"]).values(data=changed))


async def _invented_credit(connection: AsyncConnection, row: dict[str, Any]) -> None:
    known = {name: row[name] for name in row if name in credit_note.c}
    made = known | {"key": "made-up", "number": "SMP-A1", "reason": "a friend"}
    await connection.execute(credit_note.insert(), made)


async def _unpaid(connection: AsyncConnection, row: dict[str, Any]) -> None:
    state = "pending" if row["payment"] == "paid" else "paid"
    await connection.execute(invoice.update().where(invoice.c.key == row["key"]).values(payment=state))


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        (_other_amount, "invoices"),
        (_lost_posting, "books"),
        (_doubled_posting, "books"),
        (_lost_entry, "decider"),
        (_other_entry, "decider"),
        (_invented_credit, "credit notes"),
        (_unpaid, "payments"),
    ],
)
async def test_a_planted_fault_is_found(
    database: Database, fault: Callable[[AsyncConnection, dict[str, Any]], Any], where: str
) -> None:
    """Each of them is named, in the place where it is."""
    await ready(database)
    for life in lives(3, seed=5):
        await book(database, life)
    assert await found(database) == []
    await _unguarded(database, fault)
    assert where in " ".join(await found(database))
