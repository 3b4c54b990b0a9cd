"""Invoices and credit notes: exact, gapless, written once, and never credited beyond what was charged."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Table, delete, select, update
from sqlalchemy.exc import DBAPIError

from storage import contracts, ledger
from storage.database import Database
from storage.tables import credit_line, credit_note, invoice, invoice_line
from tests.storage.samples import CONTRACT, bill, charge, credit, issue


async def test_sixteen_issuers_leave_no_gap(database: Database) -> None:
    """Whoever issues at the same time, the year's numbers run from 1 on, each once; a transaction undone takes none."""

    async def one(position: int) -> None:
        async with database.write() as connection:
            await issue(connection, bill(f"k{position}", charge(f"c{position}")))
            if position % 4 == 0:
                raise ZeroDivisionError

    done = await asyncio.gather(*(one(position) for position in range(16)), return_exceptions=True)
    assert sum(isinstance(item, ZeroDivisionError) for item in done) == 4
    async with database.read() as connection:
        numbers = sorted(await connection.scalars(select(invoice.c.number)))
    assert numbers == [f"SMP-F2027-{n:06d}" for n in range(1, 13)]


async def test_each_issuer_and_year_counts_for_itself(database: Database) -> None:
    """Another issuer, another year and what a test clock issues have sequences of their own."""
    async with database.write() as connection:
        numbers = [
            await issue(connection, bill("a", charge("a1"))),
            await issue(connection, bill("b", charge("b1")), issuer="OTH"),
            await issue(connection, bill("c", charge("c1"), on=date(2028, 1, 1))),
            await issue(connection, bill("d", charge("d1")), trial=True),
            await issue(connection, bill("e", charge("e1"))),
        ]
    assert numbers == [
        "SMP-F2027-000001",
        "OTH-F2027-000001",
        "SMP-F2028-000001",
        "TEST-SMP-F2027-000001",
        "SMP-F2027-000002",
    ]


async def test_amounts_are_exact(database: Database) -> None:
    """What was billed is read back to the last digit, with its lines in order."""
    billed = bill("k", charge("c1", "0.10"), charge("c2", "9999999999.99"), charge("c3", "0.0333"))
    async with database.write() as connection:
        await issue(connection, billed)
    async with database.read() as connection:
        found = (await contracts.invoices(connection, CONTRACT))[0]
    assert [line["net"] for line in found["lines"]] == [Decimal("0.10"), Decimal("9999999999.99"), Decimal("0.0333")]
    assert found["gross"] == billed.gross


async def test_a_key_is_invoiced_once(database: Database) -> None:
    """The database refuses a second invoice under the same key, and a second line for the same charge."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge("c")))
    for again in (bill("k", charge("other")), bill("other", charge("c"))):
        with pytest.raises(DBAPIError):
            async with database.write() as connection:
                await issue(connection, again)


@pytest.mark.parametrize("table", [invoice, invoice_line, credit_note, credit_line], ids=lambda table: table.name)
async def test_what_is_issued_stays(database: Database, table: Table) -> None:
    """Neither an invoice nor a credit note is changed or deleted, whoever tries."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge("c")))
        await credit(connection, bill("n", charge("n1", "10.00", credits="c")))
    for forbidden in (update(table).values(net=Decimal(1)), delete(table)):
        with pytest.raises(DBAPIError, match=r"written once|only credited"):
            async with database.write() as connection:
                await connection.execute(forbidden)


async def test_only_the_payment_of_an_invoice_moves(database: Database) -> None:
    """An invoice may be paid later, and one that is paid stays paid."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge("c")))
        await ledger.mark(connection, "k", "declined", on=date(2027, 3, 1))
    async with database.read() as connection:
        assert (await ledger.find_invoice(connection, "k") or {})["payment"] == "paid"


async def test_credit_never_exceeds_the_charge(database: Database) -> None:
    """A charge can be given back in parts, up to the whole of it and no cent more."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge("c", "49.90")))
        await credit(connection, bill("n1", charge("n1", "40.00", credits="c")))
    with pytest.raises(DBAPIError, match="more would be credited"):
        async with database.write() as connection:
            await credit(connection, bill("n2", charge("n2", "9.91", credits="c")))
    async with database.write() as connection:
        await credit(connection, bill("n3", charge("n3", "9.90", credits="c")))


async def test_what_was_charged_again_can_be_credited_again(database: Database) -> None:
    """Leaving, staying after all, and leaving again credits the same days twice, and charges them once in between."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge("c", "49.90")))
        await credit(connection, bill("n1", charge("c/7", "30.00", credits="c")))
        await issue(connection, bill("k2", charge("c/8", "30.00")))
        await credit(connection, bill("n2", charge("c/9", "30.00", credits="c")))
    with pytest.raises(DBAPIError, match="more would be credited"):
        async with database.write() as connection:
            await credit(connection, bill("n3", charge("c/10", "19.91", credits="c")))


async def test_two_credits_at_once_stay_below_the_charge(database: Database) -> None:
    """Of credits that race for the same charge, just as many are issued as it can bear."""

    async def one(position: int) -> None:
        async with database.write() as connection:
            await credit(connection, bill(f"n{position}", charge(f"n{position}", "20.00", credits="c")))

    async with database.write() as connection:
        await issue(connection, bill("k", charge("c", "49.90")))
    done = await asyncio.gather(*(one(position) for position in range(6)), return_exceptions=True)
    assert sum(item is None for item in done) == 2
