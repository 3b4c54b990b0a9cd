"""A payment provider that needs no account: the token says what becomes of a charge, and its own table remembers.

Besides the tokens that the simulator knows (`pm_declined`, `pm_declined_stolen_card`, `pm_later`, `pm_slow`):
`pm_gone...` never answers, `pm_delay...` answers after a second, `pm_twice...` has charged when its first answer is
lost, and answers again when it is asked again. The same key always gets the same answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.errors import Refused, Unreachable
from activities.payments import Attempt, Charged, GiveBack
from domain.simulator import answered
from storage.database import Database, insert
from storage.provider import Held
from storage.tables import provider_payment, provider_refund

DELAY = 1.0


class EmbeddedPayments:
    """Collects nothing, says that it did, and keeps a book of what it said."""

    name = "embedded"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def close(self) -> None:
        """It has no connections of its own."""

    async def charge(self, attempt: Attempt) -> Charged:
        """The answer that the token asks for. Raises Unreachable where it says so."""
        if attempt.method.startswith("pm_gone"):
            raise Unreachable("the payment provider does not answer")
        if attempt.method.startswith("pm_delay"):
            await asyncio.sleep(DELAY)
        if not attempt.amount:
            return _answer(attempt)
        async with self._database.write() as connection:
            charged, new = await self._book(connection, attempt)
        if new and attempt.method.startswith("pm_twice"):
            raise Unreachable("the payment provider's answer was lost on the way")
        return charged

    async def _book(self, connection: AsyncConnection, attempt: Attempt) -> tuple[Charged, bool]:
        """Book a charge, once by its key; what was answered first, and whether this is the first time."""
        charged = _answer(attempt)
        values = {
            "key": attempt.key,
            "invoice": attempt.invoice,
            "amount": attempt.amount,
            "currency": attempt.currency,
            "outcome": charged.outcome,
            "reference": charged.reference,
            "reason": charged.reason,
            "at": datetime.now(UTC),
        }
        made = insert(connection, provider_payment).on_conflict_do_nothing()
        if (await connection.execute(made, values)).rowcount:
            return charged, True
        known = select(provider_payment).where(provider_payment.c.key == attempt.key)
        row = (await connection.execute(known)).mappings().one()
        return Charged(row["outcome"], row["reference"], row["reason"]), False

    async def refund(self, wanted: GiveBack) -> str:
        """Give back at most what was collected, once. Raises Refused for more, or where the token says so."""
        async with self._database.write() as connection:
            known = select(provider_refund.c.key).where(provider_refund.c.key == wanted.key)
            if await connection.scalar(known) is None:
                await self._give_back(connection, wanted)
        return _reference("re", wanted.key)

    async def _give_back(self, connection: AsyncConnection, wanted: GiveBack) -> None:
        query = select(provider_payment).where(provider_payment.c.reference == wanted.charge)
        row = (await connection.execute(query)).mappings().first()
        if row is None or row["outcome"] != "paid":
            raise Refused(f"the payment provider has no payment {wanted.charge} to give back")
        gone = await _refunded(connection, row["key"])
        if wanted.amount > row["amount"] - gone:
            raise Refused(f"of {wanted.charge} {row['amount'] - gone} is left, {wanted.amount} was to go back")
        values = {"key": wanted.key, "payment": row["key"], "amount": wanted.amount, "at": datetime.now(UTC)}
        await connection.execute(provider_refund.insert(), values)

    async def held(self, *, contract: str | None = None, since: datetime | None = None) -> AsyncIterator[Held]:
        """Every payment in its book."""
        sums = select(provider_refund.c.payment, func.sum(provider_refund.c.amount).label("refunded"))
        by_payment = sums.group_by(provider_refund.c.payment).subquery()
        query: Any = select(provider_payment, by_payment.c.refunded).outerjoin(
            by_payment, by_payment.c.payment == provider_payment.c.key
        )
        if contract is not None:
            query = query.where(provider_payment.c.key.startswith(f"{contract}/", autoescape=True))
        if since is not None:
            query = query.where(provider_payment.c.at >= since)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(provider_payment.c.key))).mappings().all()
        for row in rows:
            refunded = row["refunded"] or Decimal(0)
            yield Held(row["key"], row["amount"], row["currency"], row["outcome"], refunded, row["reference"])


def _answer(attempt: Attempt) -> Charged:
    """What the token says; the first attempt at an invoice has its key, a later one a key of its own."""
    outcome, reason = answered(attempt.method, again=attempt.key != attempt.invoice)
    return Charged(outcome, _reference("ch", attempt.key), reason)


async def _refunded(connection: AsyncConnection, key: str) -> Decimal:
    query = select(func.sum(provider_refund.c.amount)).where(provider_refund.c.payment == key)
    return await connection.scalar(query) or Decimal(0)


def _reference(kind: str, key: str) -> str:
    return f"{kind}_{sha256(key.encode()).hexdigest()[:20]}"
