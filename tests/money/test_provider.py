"""The payment provider is a truth beside ours: whatever it and our tables do not agree on is named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count, islice
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.payments_embedded import EmbeddedPayments
from domain.effects import Refund
from domain.simulator import Life
from storage.database import Database
from storage.provider import mismatches
from storage.tables import payment, posting, provider_payment, provider_refund, refund
from tests.money.booked import book, ready
from tests.money.credited_lives import CreditedLife, publish
from tests.money.test_reconcile import found

LIVES = 3


async def said(database: Database) -> list[str]:
    """Every difference, those with the provider too, in words."""
    provider = EmbeddedPayments(database)
    async with database.read() as connection:
        wrong = await mismatches(connection, provider.name, provider.held())
    return [f"provider {item.contract}: {item.what}" for item in wrong] + await found(database)


@pytest.fixture(scope="module")
def lived() -> list[tuple[CreditedLife, Life]]:
    """The first lives in which something was given back, lived once."""
    made = ((item, item.live()) for item in map(CreditedLife, count(1)))
    return list(islice((pair for pair in made if any(isinstance(e, Refund) for e in pair[1].told)), LIVES))


@pytest.fixture
async def booked(database: Database, lived: list[tuple[CreditedLife, Life]]) -> Database:
    """Some lives that refunds belong to, everything in order."""
    await ready(database)
    await publish(database)
    for random, life in lived:
        await book(database, life, random.reports)
    assert await said(database) == []
    return database


async def _refunded(connection: AsyncConnection) -> dict[str, Any]:
    return dict((await connection.execute(select(refund).order_by(refund.c.key))).mappings().first() or {})


async def _paid(connection: AsyncConnection) -> dict[str, Any]:
    query = select(provider_payment).where(
        provider_payment.c.outcome == "paid", provider_payment.c.key.not_in(select(provider_refund.c.payment))
    )
    return dict((await connection.execute(query.order_by(provider_payment.c.key))).mappings().first() or {})


async def _lost_there(connection: AsyncConnection) -> None:
    row = await _paid(connection)
    await connection.execute(provider_payment.delete().where(provider_payment.c.key == row["key"]))


async def _unknown_here(connection: AsyncConnection) -> None:
    row = await _paid(connection)
    await connection.execute(provider_payment.insert(), row | {"key": f"{row['key']}/x", "reference": "ch_x"})


async def _lost_here(connection: AsyncConnection) -> None:
    row = await _paid(connection)
    await connection.execute(payment.delete().where(payment.c.key == row["key"]))


async def _other_amount(connection: AsyncConnection) -> None:
    row = await _paid(connection)
    changed = provider_payment.update().where(provider_payment.c.key == row["key"])
    await connection.execute(changed.values(amount=row["amount"] + 1))


async def _other_currency(connection: AsyncConnection) -> None:
    row = await _paid(connection)
    changed = provider_payment.update().where(provider_payment.c.key == row["key"])
    await connection.execute(changed.values(currency="XXX"))


async def _other_outcome(connection: AsyncConnection) -> None:
    row = await _paid(connection)
    changed = provider_payment.update().where(provider_payment.c.key == row["key"])
    await connection.execute(changed.values(outcome="pending"))


async def _refunded_there(connection: AsyncConnection) -> None:
    row = await _paid(connection)
    made = {"key": "by-hand", "payment": row["key"], "amount": row["amount"], "at": row["at"]}
    await connection.execute(provider_refund.insert(), made)


async def _never_refunded_there(connection: AsyncConnection) -> None:
    row = await _refunded(connection)
    await connection.execute(provider_refund.delete().where(provider_refund.c.key == row["key"]))


async def _unposted_refund(connection: AsyncConnection) -> None:
    row = await _refunded(connection)
    await connection.execute(posting.delete().where(posting.c.key == row["key"]))


async def _forgotten_refund(connection: AsyncConnection) -> None:
    row = await _refunded(connection)
    await connection.execute(refund.delete().where(refund.c.key == row["key"]))


async def _undecided_refund(connection: AsyncConnection) -> None:
    row = await _refunded(connection)
    await connection.execute(refund.insert(), row | {"key": f"{row['key']}/x"})


async def _unfinished_refund(connection: AsyncConnection) -> None:
    row = await _refunded(connection)
    await connection.execute(refund.update().where(refund.c.key == row["key"]).values(state="open"))


FAULTS: list[tuple[Callable[[AsyncConnection], Awaitable[None]], str]] = [
    (_lost_there, "knows nothing of"),
    (_unknown_here, "which we never wrote down"),
    (_lost_here, "which we never wrote down"),
    (_other_amount, "another amount there"),
    (_other_currency, "another amount there"),
    (_other_outcome, "another outcome there, pending, than here, paid"),
    (_refunded_there, "another sum of refunds there"),
    (_never_refunded_there, "another sum of refunds there"),
    (_unposted_refund, "the books say 0"),
    (_forgotten_refund, "another sum of refunds there"),
    (_undecided_refund, "the contract decided"),
    (_unfinished_refund, "was begun and never made"),
]


@pytest.mark.parametrize(("fault", "says"), FAULTS)
async def test_a_planted_fault_is_found(
    booked: Database, fault: Callable[[AsyncConnection], Awaitable[None]], says: str
) -> None:
    """Missing on either side, another amount, another state, a refund that is not one: each is named."""
    async with booked.write() as connection:
        if booked.is_sqlite:
            await connection.execute(text('drop trigger "posting_frozen_DELETE"'))
        else:
            await connection.execute(text("alter table posting disable trigger user"))
        await fault(connection)
    assert says in " | ".join(await said(booked))


async def test_one_contract_is_compared(booked: Database, lived: list[tuple[CreditedLife, Life]]) -> None:
    """What is wrong with another contract is not its business."""
    async with booked.write() as connection:
        await _lost_there(connection)
    provider = EmbeddedPayments(booked)
    async with booked.read() as connection:
        wrong = await mismatches(connection, provider.name, provider.held())
        numbers = {item.contract for item in wrong}
        assert len(numbers) == 1
        (number,) = numbers
        for other in (life.contract.number for _, life in lived):
            some = await mismatches(connection, provider.name, provider.held(contract=other), contract=other)
            assert bool(some) is (other == number)
