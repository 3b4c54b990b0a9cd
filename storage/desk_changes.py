"""What was heard from the desk: each change once, in the order in which it was heard, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.contracts import next_number
from storage.database import insert
from storage.tables import desk_change, desk_cursor


async def cursor(connection: AsyncConnection, desk: str) -> str | None:
    """Where to read on; none before anything was read."""
    found: str | None = await connection.scalar(select(desk_cursor.c.cursor).where(desk_cursor.c.desk == desk))
    return found


async def read_up_to(connection: AsyncConnection, desk: str, to: str) -> None:
    """Remember how far a desk was read."""
    values = {"cursor": to, "read_at": datetime.now(UTC)}
    made = insert(connection, desk_cursor).values(values | {"desk": desk})
    await connection.execute(made.on_conflict_do_update(index_elements=["desk"], set_=values))


async def hear(connection: AsyncConnection, desk: str, changes: list[dict[str, Any]]) -> None:
    """Write down changes that were not heard before; each names its `id` and `case`."""
    ids = [change["id"] for change in changes]
    query = select(desk_change.c.id).where(desk_change.c.desk == desk, desk_change.c.id.in_(ids))
    known = set(await connection.scalars(query))
    for change in changes:
        if change["id"] in known:
            continue
        values = {
            "desk": desk,
            "id": change["id"],
            "seq": await next_number(connection, "desk_change"),
            "case": change["case"],
            "change": change,
            "state": "waiting",
            "heard_at": datetime.now(UTC),
        }
        await connection.execute(insert(connection, desk_change).values(values).on_conflict_do_nothing())


async def waiting(connection: AsyncConnection, desk: str, *, limit: int) -> list[dict[str, Any]]:
    """What no contract has answered yet, in the order in which it was heard."""
    query = select(desk_change).where(desk_change.c.desk == desk, desk_change.c.state == "waiting")
    rows = await connection.execute(query.order_by(desk_change.c.seq).limit(limit))
    return [dict(row) for row in rows.mappings()]


async def settle(connection: AsyncConnection, row: dict[str, Any], state: str, reason: str | None = None) -> None:
    """Say what the contract answered to a change."""
    await connection.execute(
        desk_change.update().where(desk_change.c.desk == row["desk"], desk_change.c.id == row["id"]),
        {"state": state, "reason": reason[:1000] if reason else None},
    )


async def listed(
    connection: AsyncConnection, *, state: str | None, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Changes, the latest first."""
    query = select(desk_change).order_by(desk_change.c.seq.desc()).limit(limit)
    query = query.where(desk_change.c.state == state) if state else query
    query = query.where(desk_change.c.seq < before) if before else query
    return [dict(row) for row in (await connection.execute(query)).mappings()]
