"""Checkouts on their way: what each step has said so far."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import insert
from storage.tables import checkout


async def put(connection: AsyncConnection, contract: str, values: dict[str, Any]) -> None:
    """Keep what a step has said, instead of what it said before."""
    made = insert(connection, checkout).values(values | {"contract": contract})
    await connection.execute(made.on_conflict_do_update(index_elements=["contract"], set_=values))


async def read(connection: AsyncConnection, contract: str) -> dict[str, Any]:
    """What the steps of a checkout have said; empty before the first."""
    row = (await connection.execute(select(checkout).where(checkout.c.contract == contract))).mappings().first()
    return dict(row) if row else {}
