"""Requests for quotes: kept from their arrival to the quote that answers them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import insert
from storage.tables import quote_request


async def keep(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Write a request down; one that is there stays as it is."""
    await connection.execute(insert(connection, quote_request).on_conflict_do_nothing(), values)


async def find(connection: AsyncConnection, request_id: str) -> dict[str, Any] | None:
    """A request by id."""
    row = (await connection.execute(select(quote_request).where(quote_request.c.id == request_id))).mappings().first()
    return dict(row) if row else None


async def answer(connection: AsyncConnection, request_id: str, contract: str) -> bool:
    """Note the contract whose quote answers a request; false where there is no such request that waits."""
    waiting = quote_request.c.contract.is_(None) | (quote_request.c.contract == contract)
    result = await connection.execute(
        quote_request.update().where(quote_request.c.id == request_id, waiting).values(contract=contract)
    )
    return result.rowcount == 1


async def page(
    connection: AsyncConnection, *, waiting: bool | None, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """Requests by id; those that wait for a quote, those that have one, or all."""
    query = select(quote_request).order_by(quote_request.c.id).limit(limit)
    if after is not None:
        query = query.where(quote_request.c.id > after)
    if waiting is not None:
        empty = quote_request.c.contract.is_(None)
        query = query.where(empty if waiting else ~empty)
    return [dict(row) for row in (await connection.execute(query)).mappings()]
