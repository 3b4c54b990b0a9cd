"""A ticket desk in our own tables: one case per cause, its stages and notes."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.errors import Refused
from storage.contracts import next_number
from storage.database import Database, insert
from storage.tables import ticket, ticket_move


class EmbeddedDesk:
    """Keeps cases for people who look at them through the API."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self, *, case: str, contract: str, subject: str, serial: str | None, line: str | None, stage: str
    ) -> str:
        """Open a case once, and answer with its number."""
        async with self._database.write() as connection:
            known: str | None = await connection.scalar(select(ticket.c.number).where(ticket.c.case == case))
            if known:
                return known
            number = f"T-{await next_number(connection, 'ticket'):06d}"
            await connection.execute(
                ticket.insert(),
                {
                    "case": case,
                    "contract": contract,
                    "number": number,
                    "subject": subject,
                    "serial": serial,
                    "line": line,
                    "stage": stage,
                    "status": "open",
                    "notes": [],
                    "opened_at": datetime.now(UTC),
                },
            )
            return number

    async def move(self, *, key: str, case: str, stage: str, note: str | None) -> None:
        """Put a case into another stage, once per key. Raises Refused where there is no such case."""
        async with self._database.write() as connection:
            await self._once(connection, key, case, {"stage": stage}, note)

    async def close(self, *, key: str, case: str, note: str | None) -> None:
        """Close a case, once per key. Raises Refused where there is no such case."""
        async with self._database.write() as connection:
            closed = {"status": "closed", "closed_at": datetime.now(UTC)}
            await self._once(connection, key, case, closed, note)

    async def _once(
        self, connection: AsyncConnection, key: str, case: str, changes: dict[str, object], note: str | None
    ) -> None:
        notes = await connection.scalar(select(ticket.c.notes).where(ticket.c.case == case))
        if notes is None:
            raise Refused(f"the desk knows no case {case}")
        made = insert(connection, ticket_move).values(key=key, at=datetime.now(UTC)).on_conflict_do_nothing()
        if (await connection.execute(made)).rowcount:
            added = {"notes": [*notes, note]} if note else {}
            await connection.execute(ticket.update().where(ticket.c.case == case), changes | added)
