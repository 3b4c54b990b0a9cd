"""What a payment provider says: what it has, against what we wrote down by domain key; and the events that it sends."""

from __future__ import annotations

from collections.abc import AsyncIterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.dunning.unpaid import ON_ACCOUNT
from storage.database import insert
from storage.tables import invoice, payment, provider_event, refund


class Held(NamedTuple):
    """One payment that a provider has: ``outcome`` is `paid`, `pending`, `declined` or `reversed`; gross amounts."""

    key: str
    amount: Decimal
    currency: str
    outcome: str
    refunded: Decimal
    reference: str


class Mismatch(NamedTuple):
    """What a provider and we do not agree on, for one contract, in words."""

    contract: str
    what: str


async def mismatches(
    connection: AsyncConnection, provider: str, held: AsyncIterable[Held], *, contract: str | None = None
) -> list[Mismatch]:
    """Every payment that is missing on either side, or has another amount, outcome or refund there."""
    ours = {row["key"]: row for row in await _ours(connection, provider, contract)}
    found: list[Mismatch] = []
    async for item in held:
        number = item.key.partition("/")[0]
        if contract is not None and number != contract:
            continue
        row = ours.pop(item.key, None)
        if row is None:
            what = f"has {item.key} ({item.outcome}, {item.amount} {item.currency}), which we never wrote down"
            found.append(Mismatch(number, what))
        else:
            found += [Mismatch(number, f"{item.key}: {what}") for what in _differs(row, item)]
    found += [
        Mismatch(row["contract"], f"knows nothing of {key}, which is {row['outcome']} over {row['amount']} here")
        for key, row in ours.items()
    ]
    return sorted(found)


async def _ours(connection: AsyncConnection, provider: str, contract: str | None) -> list[dict[str, Any]]:
    sums = select(refund.c.payment, func.sum(refund.c.amount).label("refunded")).where(refund.c.state == "made")
    by_payment = sums.group_by(refund.c.payment).subquery()
    query = (
        select(payment, invoice.c.contract, invoice.c.currency, by_payment.c.refunded)
        .join(invoice, invoice.c.key == payment.c.invoice)
        .outerjoin(by_payment, by_payment.c.payment == payment.c.key)
        .where(payment.c.provider == provider, payment.c.method != ON_ACCOUNT)
    )
    if contract is not None:
        query = query.where(invoice.c.contract == contract)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _differs(row: dict[str, Any], item: Held) -> list[str]:
    said = [
        ("amount", (row["amount"], row["currency"]), (item.amount, item.currency)),
        ("outcome", row["outcome"], item.outcome),
        ("sum of refunds", row["refunded"] or Decimal(0), item.refunded),
    ]
    return [
        f"another {what} there, {_shown(there)}, than here, {_shown(here)}"
        for what, here, there in said
        if here != there
    ]


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


async def taken(connection: AsyncConnection, event: str) -> bool:
    """Whether an event that the provider sent was taken before."""
    return await connection.scalar(select(provider_event.c.id).where(provider_event.c.id == event)) is not None


async def kinds_about(connection: AsyncConnection, about: str) -> set[str]:
    """The kinds of event that were taken about one thing of the provider's, by its reference."""
    return set(await connection.scalars(select(provider_event.c.kind).where(provider_event.c.about == about)))


async def take(connection: AsyncConnection, event: str, kind: str, about: str) -> None:
    """Note that an event was taken, once."""
    values = {"id": event, "kind": kind, "about": about, "received_at": datetime.now(UTC)}
    await connection.execute(insert(connection, provider_event).on_conflict_do_nothing(), values)
