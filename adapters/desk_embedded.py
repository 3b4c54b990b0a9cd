"""A ticket desk in our own tables: one case per cause, worked on through the API."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.desk import EMBEDDED, Change, NewCase, Page, Update
from activities.errors import Refused
from storage import cases
from storage.contracts import next_number
from storage.database import Database, insert
from storage.tables import ticket, ticket_change, ticket_move

_OPENED = ("case", "contract", "subject", "description", "serial", "line", "stage", "urgency", "requestor", "answer_by")


class EmbeddedDesk:
    """Keeps cases for people who work on them through the API."""

    name = EMBEDDED

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, new: NewCase) -> str:
        """Open a case once, and answer with its number."""
        async with self._database.write() as connection:
            known: str | None = await connection.scalar(select(ticket.c.number).where(ticket.c.case == new.case))
            if known:
                return known
            number = f"T-{await next_number(connection, 'ticket'):06d}"
            # Whoever came first holds the case: of two that open it at once, both get that one's number.
            values = {name: value for name, value in asdict(new).items() if name in _OPENED}
            await cases.remember(connection, values | {"number": number})
            kept = await connection.scalar(select(ticket.c.number).where(ticket.c.case == new.case))
            return str(kept)

    async def update(self, update: Update) -> None:
        """Bring a case to where it is, once per key. Raises Refused where there is no such case."""
        async with self._database.write() as connection:
            known = await cases.find(connection, update.case)
            if known is None:
                raise Refused(f"the desk knows no case {update.case}")
            if not await _first_time(connection, update.key):
                return
            notes = [*known["notes"], update.note] if update.note else None
            await cases.bring(
                connection, update.case, closed=update.closed, stage=update.stage, urgency=update.urgency, notes=notes
            )

    async def changes(self, since: str | None, *, limit: int) -> Page:
        """What people did here since then."""
        query = select(ticket_change).where(ticket_change.c.id > int(since or 0)).order_by(ticket_change.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.limit(limit + 1))).mappings().all()
        found = tuple(Change(**dict(row) | {"id": str(row["id"])}) for row in rows[:limit])
        last = found[-1].id if found else since or "0"
        # Its numbers are given in the transaction that writes: none can come in before another.
        return Page(found, last=last, settled=last, more=len(rows) > limit)


async def _first_time(connection: AsyncConnection, key: str) -> bool:
    made = insert(connection, ticket_move).values(key=key, at=datetime.now(UTC)).on_conflict_do_nothing()
    return bool((await connection.execute(made)).rowcount)
