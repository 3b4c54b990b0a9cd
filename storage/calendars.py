"""Calendars that are subscribed to: whose they are, and the token by which alone each is read, kept as a hash."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.forecast.asked import Selection
from storage.database import insert
from storage.tables import calendar


async def add(connection: AsyncConnection, token: str, selection: Selection, **values: Any) -> None:
    """A new calendar; made again by a repeat of the same command, it has the newer token."""
    row = values | {
        "sha256": _hash(token),
        "selection": selection.model_dump(mode="json"),
        "created_at": datetime.now(UTC),
    }
    new = insert(connection, calendar).values(row)
    again = new.on_conflict_do_update(index_elements=["id"], set_={"sha256": new.excluded.sha256})
    await connection.execute(again)


async def of_token(connection: AsyncConnection, token: str) -> dict[str, Any] | None:
    """The calendar whose token this is, unless it is revoked."""
    query = select(calendar).where(calendar.c.sha256 == _hash(token), calendar.c.revoked_at.is_(None))
    row = (await connection.execute(query)).mappings().first()
    return dict(row) if row else None


async def find(connection: AsyncConnection, id_: str) -> dict[str, Any] | None:
    """A calendar by its id, revoked or not."""
    row = (await connection.execute(select(calendar).where(calendar.c.id == id_))).mappings().first()
    return dict(row) if row else None


async def page(connection: AsyncConnection, *, after: str | None, limit: int) -> list[dict[str, Any]]:
    """One page of calendars by id."""
    query = select(calendar).order_by(calendar.c.id).limit(limit)
    if after is not None:
        query = query.where(calendar.c.id > after)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def revoke(connection: AsyncConnection, id_: str) -> None:
    """Make a calendar's token useless from now on."""
    query = calendar.update().where(calendar.c.id == id_, calendar.c.revoked_at.is_(None))
    await connection.execute(query, {"revoked_at": datetime.now(UTC)})


def _hash(token: str) -> str:
    # The token has 256 random bits: a plain hash cannot be guessed back, and is quick on every request.
    return sha256(token.encode()).hexdigest()
