"""Attempts to collect, as the provider answered them, and what was given back of those that were paid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.books import refunded
from domain.dunning.unpaid import ON_ACCOUNT
from domain.money import rounded
from storage.books import post
from storage.contracts import credit_notes, invoices
from storage.database import insert
from storage.ledger import book_of, find_invoice
from storage.tables import payment, provider_payment, refund

# What may become of an attempt: nothing that was paid is declined after all, but it may be taken back.
_FROM = {"paid": ("pending", "declined", "reversed"), "declined": ("pending",), "reversed": ("paid",), "pending": ()}


async def find(connection: AsyncConnection, key: str) -> dict[str, Any] | None:
    """The attempt to collect that a domain key has made, if it has."""
    row = (await connection.execute(select(payment).where(payment.c.key == key))).mappings().first()
    return dict(row) if row else None


async def find_held(connection: AsyncConnection, key: str | None, reference: str) -> dict[str, Any] | None:
    """The attempt that a provider means, by our key where it knows it, else by its own reference."""
    if key is not None:
        return await find(connection, key)
    query = select(payment).where(payment.c.reference == reference)
    row = (await connection.execute(query)).mappings().first()
    return dict(row) if row else None


async def add(connection: AsyncConnection, values: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Write down an attempt to collect, or several."""
    await connection.execute(payment.insert(), values)


async def of_invoice(connection: AsyncConnection, key: str) -> list[dict[str, Any]]:
    """The attempts to collect an invoice, the latest first."""
    query = select(payment).where(payment.c.invoice == key).order_by(payment.c.at.desc(), payment.c.key)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def settle(connection: AsyncConnection, key: str, outcome: str, reason: str | None = None) -> bool:
    """Say what became of an attempt; whether it was news. What comes too late to be true changes nothing."""
    said = {"outcome": outcome, "reason": reason}
    allowed = payment.c.outcome.in_(_FROM[outcome])
    changed = await connection.execute(payment.update().where(payment.c.key == key, allowed), said)
    return bool(changed.rowcount)


async def reported(connection: AsyncConnection, invoice: str, outcome: str) -> None:
    """What a person says that the provider answered: its latest attempt is so, in the embedded provider's book too."""
    attempts = await of_invoice(connection, invoice)
    latest = next((row for row in attempts if row["outcome"] in _FROM[outcome]), None)
    if latest is None or latest["method"] == ON_ACCOUNT:
        return
    await settle(connection, latest["key"], outcome)
    if latest["provider"] == "embedded":
        theirs = provider_payment.update().where(provider_payment.c.key == latest["key"])
        await connection.execute(theirs, {"outcome": outcome})


async def plan_refund(
    connection: AsyncConnection, cause: str, contract: str, amount: Decimal, currency: str
) -> list[dict[str, Any]]:
    """The refunds by which an amount goes back, written down before anybody is asked; the same ones when repeated.

    Each is part of a payment that was collected, at most what is left of it; what was credited comes first.
    """
    known = await _caused(connection, cause)
    if known:
        return known
    at = datetime.now(UTC)
    for row, part in _parts(await _refundable(connection, contract), amount):
        values = {"key": f"{cause}/{row['key'].partition('/')[2]}", "cause": cause, "payment": row["key"]}
        values |= {"amount": part, "currency": currency, "state": "open", "at": at}
        await connection.execute(insert(connection, refund).on_conflict_do_nothing(), values)
    return await _caused(connection, cause)


class _Collected(NamedTuple):
    """An attempt that was paid: what is left of it, and what of that its invoice does not ask for any more."""

    attempt: dict[str, Any]
    most: Decimal
    over: Decimal


def _parts(found: list[_Collected], amount: Decimal) -> Iterator[tuple[dict[str, Any], Decimal]]:
    """How an amount goes back: what credited invoices do not ask for first, then from the newest on."""
    parts = dict.fromkeys((item.attempt["key"] for item in found), Decimal(0))
    for item, most in (*((item, item.over) for item in found), *((item, item.most) for item in reversed(found))):
        key = item.attempt["key"]
        part = min(amount, most - parts[key])
        if part > 0:
            parts[key] += part
            amount -= part
    yield from ((item.attempt, parts[item.attempt["key"]]) for item in found if parts[item.attempt["key"]])


async def _caused(connection: AsyncConnection, cause: str) -> list[dict[str, Any]]:
    query = (
        select(refund, payment.c.reference.label("charge"), payment.c.provider, payment.c.invoice)
        .join(payment, payment.c.key == refund.c.payment)
        .where(refund.c.cause == cause)
        .order_by(refund.c.key)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def _refundable(connection: AsyncConnection, contract: str) -> list[_Collected]:
    """The collected payments of a contract, the oldest invoice first."""
    bills = {row["key"]: row for row in await invoices(connection, contract)}
    query = select(payment).where(
        payment.c.invoice.in_(list(bills)), payment.c.outcome == "paid", payment.c.method != ON_ACCOUNT
    )
    attempts = [dict(row) for row in (await connection.execute(query)).mappings()]
    gone = await _given_back(connection, [row["key"] for row in attempts])
    credit = _credited(bills.values(), await credit_notes(connection, contract))
    order = {key: place for place, key in enumerate(bills)}
    found = []
    for attempt in sorted(attempts, key=lambda row: order[row["invoice"]]):
        bill, most = bills[attempt["invoice"]], attempt["amount"] - gone.get(attempt["key"], Decimal(0))
        asked = max(Decimal(0), bill["gross"] - bill["set_off"] - credit.get(bill["key"], Decimal(0)))
        found.append(_Collected(attempt, most, max(Decimal(0), most - asked)))
    return found


async def _given_back(connection: AsyncConnection, keys: list[str]) -> dict[str, Decimal]:
    """What went back, or is to go back, of each payment."""
    query = select(refund.c.payment, refund.c.amount).where(refund.c.payment.in_(keys), refund.c.state != "refused")
    sums: dict[str, Decimal] = {}
    for key, amount in await connection.execute(query):
        sums[key] = sums.get(key, Decimal(0)) + amount
    return sums


def _credited(bills: Iterable[dict[str, Any]], notes: Iterable[dict[str, Any]]) -> dict[str, Decimal]:
    """What of each invoice was credited, gross: a note's lines with their share of its tax."""
    home = {line["key"]: row["key"] for row in bills for line in row["lines"]}
    sums: dict[str, Decimal] = {}
    for note in notes:
        for line in note["lines"]:
            share = rounded(line["net"] * note["gross"] / note["net"], note["currency"])
            key = home[line["credits"]]
            sums[key] = sums.get(key, Decimal(0)) + share
    return sums


async def refund_made(connection: AsyncConnection, row: dict[str, Any], reference: str, *, on: date, rule: str) -> None:
    """Post a refund that the provider made, once, under its own key."""
    bill = await find_invoice(connection, row["invoice"])
    if bill is None:
        return
    done = {"state": "made", "reference": reference, "reason": None}
    await connection.execute(refund.update().where(refund.c.key == row["key"]), done)
    move = refunded(
        refund=row["key"],
        on=max(on, bill["on"]),
        amount=row["amount"],
        currency=row["currency"],
        rule=rule,
        reference=reference,
    )
    await post(connection, book_of(bill), [move])


async def refund_refused(connection: AsyncConnection, key: str, reason: str) -> None:
    """Note that the provider will not give money back this way."""
    await connection.execute(refund.update().where(refund.c.key == key), {"state": "refused", "reason": reason[:500]})


async def refunded_outside(
    connection: AsyncConnection, attempt: dict[str, Any], total: Decimal, currency: str, *, on: date, reference: str
) -> bool:
    """Book what somebody gave back at the provider itself, up to the sum of its refunds; whether it was news."""
    known = (await _given_back(connection, [attempt["key"]])).get(attempt["key"], Decimal(0))
    bill = await find_invoice(connection, attempt["invoice"])
    if total <= known or bill is None:
        return False
    row = {
        "key": f"{attempt['key']}/refunded/{total.normalize():f}",
        "cause": "provider",
        "payment": attempt["key"],
        "amount": total - known,
        "currency": currency,
        "state": "open",
        "at": datetime.now(UTC),
    }
    await connection.execute(insert(connection, refund).on_conflict_do_nothing(), row)
    await refund_made(connection, row | {"invoice": attempt["invoice"]}, reference, on=on, rule=bill["rule"])
    return True


async def refunds(connection: AsyncConnection, contract: str) -> list[dict[str, Any]]:
    """A contract's refunds, with the invoice that each was collected for."""
    keys = [row["key"] for row in await invoices(connection, contract)]
    query = (
        select(refund, payment.c.invoice)
        .join(payment, payment.c.key == refund.c.payment)
        .where(payment.c.invoice.in_(keys))
        .order_by(refund.c.at, refund.c.key)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]
