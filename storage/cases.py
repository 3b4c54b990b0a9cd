"""Cases as they stand at the desk, whichever it is: its number for each, and to which contract it belongs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.contracts import next_number
from storage.database import insert
from storage.tables import ticket, ticket_change

_ENDS = {"closed", "reopened"}


async def remember(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Write down a case that the desk has opened, once."""
    opened = {"status": "open", "notes": [], "opened_at": datetime.now(UTC)}
    await connection.execute(insert(connection, ticket).values(opened | values).on_conflict_do_nothing())


async def bring(connection: AsyncConnection, case: str, *, closed: bool | None = None, **known: object) -> bool:
    """Bring a case to where it is; what is None stays. Whether there is such a case."""
    changes: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    if closed is not None:
        changes |= {"status": "closed" if closed else "open", "closed_at": datetime.now(UTC) if closed else None}
    if not changes:
        return await find(connection, case) is not None
    return bool((await connection.execute(ticket.update().where(ticket.c.case == case), changes)).rowcount)


async def find(connection: AsyncConnection, case: str) -> dict[str, Any] | None:
    """A case, if there is one."""
    row = (await connection.execute(select(ticket).where(ticket.c.case == case))).mappings().first()
    return dict(row) if row else None


async def listed(
    connection: AsyncConnection, *, status: str | None, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """Cases by their number, from one on."""
    query = select(ticket).order_by(ticket.c.case).limit(limit)
    query = query.where(ticket.c.status == status) if status else query
    query = query.where(ticket.c.case > after) if after else query
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def work(connection: AsyncConnection, case: str, by: str, done: list[dict[str, Any]]) -> bool:
    """What somebody at the embedded desk does to a case, each thing a change of its own. Whether there is the case."""
    known = await find(connection, case)
    if known is None:
        return False
    for item in done:
        change = {"stage": None, "result": None, "note": None, "minutes": 0} | item
        number = await next_number(connection, "ticket_change")
        await connection.execute(
            ticket_change.insert(), change | {"id": number, "case": case, "at": datetime.now(UTC), "by": by}
        )
    notes = [item["note"] for item in done if item.get("note") and item["what"] in {"answered", "noted"}]
    closed = {"closed": True, "reopened": False}.get(next((d["what"] for d in done if d["what"] in _ENDS), ""))
    await bring(
        connection,
        case,
        closed=closed,
        stage=next((item["stage"] for item in done if item["what"] == "moved"), None),
        result=next((item["result"] for item in done if item["what"] == "closed"), None),
        minutes=known["minutes"] + sum(item.get("minutes", 0) for item in done),
        notes=[*known["notes"], *notes] if notes else None,
    )
    return True
