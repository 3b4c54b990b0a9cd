"""The books as rows: posted once, never changed; balances and statements are sums over them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.books import Account, Period, Posting, earning
from storage.database import insert
from storage.tables import brought_charge, invoice, invoice_line, posting


class Book(NamedTuple):
    """Whose postings they are; ``trial`` keeps those of test clocks apart from the real ones."""

    contract: str
    customer: str
    issuer: str
    trial: bool


async def post(connection: AsyncConnection, book: Book, postings: Iterable[Posting]) -> None:
    """Post, each key once: one that is there stays as it is."""
    at = datetime.now(UTC)
    rows = [book._asdict() | item._asdict() | {"posted_at": at} for item in postings]
    if rows:
        await connection.execute(insert(connection, posting).on_conflict_do_nothing(), rows)


class Scope(NamedTuple):
    """Which postings are meant: all real ones, or those of a contract, a customer or an issuer, until a day."""

    contract: str | None = None
    customer: str | None = None
    issuer: str | None = None
    trial: bool | None = False
    until: date | None = None


def _in(query: Select[Any], scope: Scope) -> Select[Any]:
    for name in ("contract", "customer", "issuer", "trial"):
        value = getattr(scope, name)
        if value is not None:
            query = query.where(posting.c[name] == value)
    return query.where(posting.c.on <= scope.until) if scope.until else query


async def balances(connection: AsyncConnection, scope: Scope) -> dict[str, dict[Account, Decimal]]:
    """What stands on each account, by currency: debits less credits. Their sum is zero in every currency."""
    found: dict[str, dict[Account, Decimal]] = {}
    for side, sign in (("debit", 1), ("credit", -1)):
        query = select(posting.c.currency, posting.c[side], func.sum(posting.c.amount)).group_by(
            posting.c.currency, posting.c[side]
        )
        for currency, account, amount in await connection.execute(_in(query, scope)):
            accounts = found.setdefault(currency, dict.fromkeys(Account, Decimal(0)))
            accounts[Account(account)] += sign * amount
    return found


async def postings(
    connection: AsyncConnection, scope: Scope, *, account: Account | None = None
) -> list[dict[str, Any]]:
    """The postings in the order of their days; those that touch an account, where one is named."""
    query = _in(select(posting), scope)
    if account is not None:
        query = query.where((posting.c.debit == account) | (posting.c.credit == account))
    rows = await connection.execute(query.order_by(posting.c.on, posting.c.posted_at, posting.c.key))
    return [dict(row) for row in rows.mappings()]


async def periods(connection: AsyncConnection, scope: Scope) -> list[tuple[Book, Period, Decimal, str]]:
    """Every charged period of service that began by a day, what of it is earned already, and its rule."""
    until = scope.until or date.max
    totals = await _totals(connection, scope, until)
    done = await _earned(connection, scope)
    query = (
        select(invoice_line, invoice.c.contract, invoice.c.customer, invoice.c.issuer, invoice.c.currency)
        .join(invoice, invoice.c.key == invoice_line.c.invoice)
        .where(invoice_line.c.what == "period", invoice_line.c.first.is_not(None), invoice_line.c.first <= until)
    )
    if scope.contract is not None:
        query = query.where(invoice.c.contract == scope.contract)
    brought = select(brought_charge).where(brought_charge.c.first <= until)
    if scope.contract is not None:
        brought = brought.where(brought_charge.c.contract == scope.contract)
    rows = [
        *(await connection.execute(query)).mappings(),
        *(dict(row) | {"net": row["deferred"]} for row in (await connection.execute(brought)).mappings()),
    ]
    found = []
    for row in rows:
        key = row["key"]
        if key not in totals:  # a correction of a period: its own line counts with the first one
            continue
        book = Book(row["contract"], row["customer"], row["issuer"], totals[key][1])
        period = Period(
            charge=key,
            first=row["first"],
            last=row["last"],
            charged=row["net"],
            total=totals[key][0],
            currency=row["currency"],
        )
        found.append((book, period, done.get(key, Decimal(0)), row["rule"]))
    return found


async def _totals(connection: AsyncConnection, scope: Scope, until: date) -> dict[str, tuple[Decimal, bool]]:
    """What is deferred of each period by its first charge: charges less credits, and whether it is on trial."""
    signed = case((posting.c.credit == Account.DEFERRED, posting.c.amount), else_=-posting.c.amount)
    touches = and_(
        (posting.c.credit == Account.DEFERRED) | (posting.c.debit == Account.DEFERRED),
        posting.c.credit != Account.REVENUE,
        posting.c.debit != Account.REVENUE,
    )
    query = _in(
        select(posting.c.charge, func.sum(signed), func.max(case((posting.c.trial, 1), else_=0))).where(touches),
        scope._replace(until=until),
    ).group_by(posting.c.charge)
    sums: dict[str, tuple[Decimal, bool]] = {}
    for charge, amount, trial in await connection.execute(query):
        base = _base(charge)
        before = sums.get(base, (Decimal(0), False))[0]
        sums[base] = (before + Decimal(amount), bool(trial))
    return sums


def _base(charge: str) -> str:
    """The first charge of a period: a later correction has its key with a part of its own after a slash."""
    parts = charge.split("/")
    return "/".join(parts[:4])


async def _earned(connection: AsyncConnection, scope: Scope) -> dict[str, Decimal]:
    signed = case((posting.c.credit == Account.REVENUE, posting.c.amount), else_=-posting.c.amount)
    query = _in(
        select(posting.c.charge, func.sum(signed)).where(
            (posting.c.credit == Account.REVENUE) | (posting.c.debit == Account.REVENUE)
        ),
        scope._replace(until=None),
    ).group_by(posting.c.charge)
    return {charge: Decimal(amount) for charge, amount in await connection.execute(query)}


async def billed(connection: AsyncConnection, *, after: str | None, limit: int) -> list[str]:
    """The next contracts by number that have been sent an invoice."""
    query = select(invoice.c.contract).distinct().order_by(invoice.c.contract).limit(limit)
    return list(await connection.scalars(query if after is None else query.where(invoice.c.contract > after)))


async def close(connection: AsyncConnection, scope: Scope, on: date) -> int:
    """Bring earned revenue to where it stands at the end of a day; how many periods moved. Repeating it moves none."""
    moved = 0
    for book, period, already, rule in await periods(connection, scope._replace(until=on)):
        made = list(earning(period, already, on, rule))
        await post(connection, book, made)
        moved += len(made)
    return moved
