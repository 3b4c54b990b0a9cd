"""Collective invoices: one number over the bills of a customer's contracts, whoever asks first, on both databases."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from domain.commands import Accept, Checkout
from domain.effects import IssueCollective
from domain.simulator import Life
from storage import bank, collective, programmes
from storage.books import Scope
from storage.collective import CutOff
from storage.database import Database
from storage.migrate import upgrade
from storage.reconcile import differences
from storage.statement import statement
from storage.tables import collective_invoice, invoice
from tests.domain.samples import offer, quote, terms, utc
from tests.money.booked import book

UNDER = terms(order={"payment": "on_account"}, order_fees=[], billing={"consolidated": {"rule": "SMP-4", "day": 31}})
CUT = CutOff("c-1", "SMP", "EUR", date(2027, 3, 31))


def life(number: int, price: str, since: int = 1, until: int = 1) -> Life:
    """A contract of the one customer, in service from a day of March on, lived until a day of April."""
    asked = quote(offer(serial=f"SN{number}", prices={1: Decimal(price)}), under=UNDER)
    begun = Life.begin(asked.model_copy(update={"number": f"SMP-2027-{number:06d}"}), utc(2027, 3, since))
    begun.give(Accept(id="a", revision=1), utc(2027, 3, since))
    begun.give(Checkout(id="b", method="on_account", registered=True), utc(2027, 3, since))
    begun.live_until(utc(2027, 4, until))
    return begun


def waiting(number: int, price: str) -> Life:
    """The same, before it has asked for its invoice."""
    found = life(number, price)
    found.told[:] = [effect for effect in found.told if not isinstance(effect, IssueCollective)]
    return found


@pytest.fixture
async def ready(database: Database) -> Database:
    """A database that knows the programme."""
    await upgrade(database)
    async with database.write() as connection:
        await programmes.store(
            connection, code="SMP", version=1, terms=UNDER.model_dump(mode="json"), catalogue={}, sha256="0" * 64
        )
    return database


async def issued(database: Database) -> list[dict[str, Any]]:
    """The collective invoices of the customer."""
    async with database.read() as connection:
        return await collective.of_customer(connection, "c-1")


async def wrong(database: Database) -> list[str]:
    """What does not agree."""
    async with database.read() as connection:
        return [f"{item.where}: {item.what}" async for item in differences(connection)]


async def test_three_contracts_are_one_invoice_with_one_number(ready: Database) -> None:
    """The sum of their bills, each with its own event; a fourth that comes late has a supplementary one."""
    for number, price in ((1, "31"), (2, "62.01"), (3, "10.10")):
        await book(ready, waiting(number, price))
    async with ready.write() as connection:
        assert await collective.issue(connection, CUT, rule="SMP-4", at=utc(2027, 4, 1)) == ["SMP-F2027-000001"]
        assert await collective.issue(connection, CUT, rule="SMP-4", at=utc(2027, 4, 1)) == ["SMP-F2027-000001"]
    await book(ready, life(4, "20", since=15))
    first, second = await issued(ready)
    assert (first["number"], str(first["net"]), str(first["gross"])) == ("SMP-F2027-000001", "103.11", "123.73")
    assert [bill["contract"][-1] for bill in first["bills"]] == ["1", "2", "3"]
    assert (second["number"], [bill["contract"][-1] for bill in second["bills"]]) == ("SMP-F2027-000002", ["4"])
    assert await wrong(ready) == []


async def test_whoever_asks_first_issues_for_all(ready: Database) -> None:
    """Eight at once: one invoice, one number, no gap."""
    for number in range(1, 5):
        await book(ready, waiting(number, "31"))

    async def ask() -> list[str]:
        async with ready.write() as connection:
            return await collective.issue(connection, CUT, rule="SMP-4", at=utc(2027, 4, 1))

    await asyncio.gather(*(ask() for _ in range(8)))
    (only,) = await issued(ready)
    assert (only["number"], len(only["bills"])) == ("SMP-F2027-000001", 4)


async def test_its_number_pays_all_its_bills_and_stands_in_the_statement(ready: Database) -> None:
    """A transfer of the whole amount that names it; anything else differs."""
    await book(ready, waiting(1, "31"))
    await book(ready, life(2, "31"))
    async with ready.read() as connection:
        matched, row = await bank.meant(connection, "Facture SMP-F2027-000001", Decimal("74.40"), "EUR")
        differs, _ = await bank.meant(connection, "Facture SMP-F2027-000001", Decimal("37.20"), "EUR")
        (account,) = await statement(connection, Scope(customer="c-1"), date.min, date(2027, 3, 31))
    assert (matched, differs) == ("matched", "differs")
    assert row is not None
    assert [bill["contract"][-1] for bill in row["bills"]] == ["1", "2"]
    assert {move.number for move in account.moves} == {"SMP-F2027-000001"}
    assert account.closing == Decimal("74.40")


async def test_a_bill_that_is_left_out_is_found(ready: Database) -> None:
    """Reconciliation names it."""
    await book(ready, life(1, "31"))
    async with ready.write() as connection:
        await connection.execute(invoice.update().values(collective=None))
    assert [found for found in await wrong(ready) if "is on no collective invoice" in found] != []


async def test_what_lives_on_a_test_clock_stays_apart(ready: Database) -> None:
    """A trial has a series of its own, and takes nothing of the real customer along."""
    await book(ready, waiting(1, "31"))
    async with ready.write() as connection:
        assert await collective.issue(connection, CUT._replace(clock="clock-1"), rule="SMP-4", at=utc(2027, 4, 1)) == []
        assert list(await connection.scalars(select(collective_invoice.c.number))) == []
