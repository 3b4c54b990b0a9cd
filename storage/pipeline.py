"""The renewals pipeline: one row for each end of term, kept by the records, summed up by month."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.pipeline import moved
from domain.view import Entry, View
from storage.database import insert
from storage.tables import term_end


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a pipeline is narrowed by; what is not given narrows nothing. Without a clock it is that of real time."""

    programme: str | None = None
    customer: str | None = None
    reseller: str | None = None
    country: str | None = None
    currency: str | None = None
    stage: str | None = None


async def write(connection: AsyncConnection, view: View, entries: tuple[Entry, ...]) -> None:
    """Move the term ends on that a record tells of; an older record never moves them back."""
    for end in moved(view, entries):
        values = {
            "contract": view.number,
            "term": end.term,
            "version": view.version,
            "last": end.last,
            "month": f"{end.last:%Y-%m}",
            "stage": end.stage.value,
            "amount": end.amount or Decimal(0),
            "currency": view.currency,
            "programme": view.programme,
            "customer": view.customer.id,
            "reseller": view.reseller,
            "country": view.customer.country,
            "clock": view.clock,
        }
        new = insert(connection, term_end).values(values)
        kept = {"contract", "term"} | ({"amount"} if end.amount is None else set())
        changes = {name: new.excluded[name] for name in values if name not in kept}
        newer = term_end.c.version <= new.excluded.version
        await connection.execute(
            new.on_conflict_do_update(index_elements=["contract", "term"], set_=changes, where=newer)
        )


def _narrowed(query: Select[Any], narrowed: Narrowed, clock: str | None, first: str, last: str) -> Select[Any]:
    query = query.where(term_end.c.month.between(first, last))
    query = query.where(term_end.c.clock.is_(None) if clock is None else term_end.c.clock == clock)
    for field in fields(narrowed):
        value = getattr(narrowed, field.name)
        if value is not None:
            query = query.where(term_end.c[field.name] == value)
    return query


async def months(
    connection: AsyncConnection, narrowed: Narrowed, *, clock: str | None, first: str, last: str
) -> list[dict[str, Any]]:
    """How many terms end in each month, and what their next ones cost, by stage and currency."""
    by = (term_end.c.month, term_end.c.currency, term_end.c.stage)
    summed = (func.count().label("contracts"), func.sum(term_end.c.amount).label("amount"))
    query = _narrowed(select(*by, *summed), narrowed, clock, first, last).group_by(*by).order_by(*by)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def page(
    connection: AsyncConnection,
    narrowed: Narrowed,
    *,
    clock: str | None,
    first: str,
    last: str,
    after: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """One page of the term ends behind the sums, by contract and term."""
    query = _narrowed(select(term_end), narrowed, clock, first, last)
    if after is not None:
        number, _, term = after.rpartition("/")
        later = (term_end.c.contract == number) & (term_end.c.term > int(term))
        query = query.where((term_end.c.contract > number) | later)
    query = query.order_by(term_end.c.contract, term_end.c.term).limit(limit)
    return [dict(row) for row in (await connection.execute(query)).mappings()]
