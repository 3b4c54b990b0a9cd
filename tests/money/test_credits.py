"""Refunds, set-off and payments that are taken back: contract, books, tables and provider agree to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.payments_embedded import EmbeddedPayments
from domain.books import Account
from domain.effects import IssueInvoice, Refund
from domain.simulator import Life
from storage import books, payments
from storage.books import Scope
from storage.database import Database
from storage.provider import mismatches
from storage.statement import statement
from tests.money.booked import book, ready
from tests.money.credited_lives import CreditedLife, publish
from tests.money.test_reconcile import COUNT, found


@pytest.fixture(scope="module")
def lived() -> list[tuple[CreditedLife, Life]]:
    """The lives, lived once for both databases."""
    made = [CreditedLife(seed) for seed in range(1, COUNT + 1)]
    return [(item, item.live()) for item in made]


def test_lives_reach_what_they_should(lived: list[tuple[CreditedLife, Life]]) -> None:
    """Refunds, invoices that credit has paid, payments under way, taken back and paid again."""
    kinds = {entry.kind for _, life in lived for entry in life.entries}
    assert {"refunded", "collection_pending", "payment_reversed", "collection_received"} <= kinds
    invoices = [effect for _, life in lived for effect in life.told if isinstance(effect, IssueInvoice)]
    assert any(Decimal(0) < effect.set_off for effect in invoices)


@pytest.mark.timeout(3000)
@pytest.mark.rule("COM-4")
async def test_everything_agrees_to_the_cent(database: Database, lived: list[tuple[CreditedLife, Life]]) -> None:
    """What the contract says is owed, the books say; what was given back was collected; the provider knows the same."""
    await ready(database)
    await publish(database)
    for random, life in lived:
        await book(database, life, random.reports)
    assert await found(database) == []
    provider = EmbeddedPayments(database)
    async with database.read() as connection:
        assert await mismatches(connection, provider.name, provider.held()) == []
        for _, life in lived:
            await _agrees(connection, life)


async def _agrees(connection: AsyncConnection, life: Life) -> None:
    contract = life.contract
    scope = Scope(contract=contract.number, trial=None)
    stands = (await books.balances(connection, scope)).get(contract.terms.currency, {})
    account = contract.account
    owed = sum(account.open.values(), Decimal(0)) - account.credit
    assert stands.get(Account.RECEIVABLE, Decimal(0)) == owed, contract.number
    wanted = sum((effect.amount for effect in life.told if isinstance(effect, Refund)), Decimal(0))
    made = [row for row in await payments.refunds(connection, contract.number) if row["state"] == "made"]
    assert sum((row["amount"] for row in made), Decimal(0)) == wanted
    for said in await statement(connection, scope, date(2020, 1, 1), date(2050, 1, 1)):
        shown = [move for move in said.moves if move.what == "refund"]
        assert len(shown) == len({row["key"] for row in made})
        assert all(move.number.startswith(contract.terms.issuer.code) for move in shown)
