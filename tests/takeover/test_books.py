"""The books of contracts that were taken over: what was charged elsewhere is earned and given back like our own."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy.exc import DBAPIError

from bench.random_lives import RandomLife
from domain.books import Account
from domain.calendar import instant
from domain.commands import Cancel
from domain.effects import BringForward
from domain.refusal import Refusal
from domain.simulator import Life
from storage import books
from storage.books import Scope
from storage.database import Database
from storage.reconcile import differences
from tests.domain.samples import terms, utc
from tests.money.booked import book, ready
from tests.storage.samples import bill, charge, credit
from tests.takeover.samples import NUMBER, at_the_beginning_of, moved, taken
from tests.takeover.test_lives_go_on import may_move

LIVES = 30


async def stands(database: Database, number: str, currency: str) -> dict[str, Decimal]:
    """What stands on the accounts of a contract that moved."""
    async with database.read() as connection:
        found = await books.balances(connection, Scope(contract=number))
    assert all(sum(accounts.values()) == 0 for accounts in found.values())
    return {str(account): amount for account, amount in found.get(currency, {}).items() if amount}


async def close(database: Database, on: date) -> None:
    """Earned revenue, brought to a day."""
    async with database.write() as connection:
        await books.close(connection, Scope(), on)


async def test_what_was_charged_elsewhere_is_earned_here(database: Database) -> None:
    """From the day as of which the contract is taken over, to the end of the period; once."""
    await ready(database)
    life = taken()
    await book(database, life)
    await book(database, life)
    assert await stands(database, NUMBER, "EUR") == {
        "brought_forward": Decimal("26.87"),
        "deferred": Decimal("-26.87"),
    }
    await close(database, date(2027, 3, 31))
    assert await stands(database, NUMBER, "EUR") == {
        "brought_forward": Decimal("26.87"),
        "revenue": Decimal("-26.87"),
    }


async def test_what_was_charged_elsewhere_is_given_back(database: Database) -> None:
    """The credit note names a charge that no invoice of ours has; nothing stays deferred."""
    await ready(database)
    life = taken(under=terms(cancellation={"bands": [{"effect": "at_once"}]}))
    life.give(Cancel(id="bye", reason="closing"), utc(2027, 3, 21))
    await book(database, life)
    await close(database, date(2027, 12, 31))
    after = await stands(database, NUMBER, "EUR")
    assert after["receivable"] == Decimal("-18.97")
    assert "deferred" not in after


async def test_more_than_was_charged_elsewhere_is_never_given_back(database: Database) -> None:
    """The database refuses it, and also a credit of what nobody charged."""
    await ready(database)
    await book(database, taken(under=terms(cancellation={"bands": [{"effect": "at_once"}]})))
    for charged, net in ((f"{NUMBER}/1/period/1.2027-03-01", "49.01"), ("nobody", "1.00")):
        given_back = charge(f"{charged}/back", net).model_copy(update={"credits": charged})
        with pytest.raises(DBAPIError, match="more would be credited"):
            async with database.write() as connection:
                await credit(connection, bill("k", given_back))


@pytest.mark.timeout(300)
async def test_lives_that_were_taken_over_agree(database: Database) -> None:
    """Trail, documents, books and decider tell one story; in the end nothing is deferred."""
    await ready(database)
    brought = 0
    for seed in range(1, LIVES + 1):
        life = _taken_over(seed)
        if life is not None:
            await book(database, life)
            brought += any(isinstance(effect, BringForward) for effect in life.told)
    assert brought > LIVES / 6
    async with database.read() as connection:
        assert [item async for item in differences(connection)] == []
    await close(database, date(2040, 1, 1))
    async with database.read() as connection:
        found = await books.balances(connection, Scope())
    assert {accounts[Account.DEFERRED] for accounts in found.values()} == {Decimal(0)}


def _taken_over(seed: int) -> Life | None:
    """A random life, cut on a random day and taken over, and left some time later."""
    dice = Random(seed)  # noqa: S311 - dice, not secrets
    life = RandomLife(seed).live()
    day = life.contract.date_of(dice.choice(life.events).at) + timedelta(days=dice.randrange(40))
    contract = at_the_beginning_of(day, life)
    if contract is None or not may_move(contract):
        return None
    began = instant(day, contract.zone)
    went = Life.begin(moved(contract, day), began, life.world)
    with suppress(Refusal):  # it has ended meanwhile, or may not be left yet
        went.give(Cancel(id="bye", reason="closing"), began + timedelta(days=dice.randrange(300)))
    went.live_until(began + timedelta(days=900))
    return went
