"""Answers by idempotency key: a repeat gets the first answer, another request under the same key is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import insert
from storage.tables import idempotency


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a key: the fingerprint of its request, and the answer, where it has been given."""

    fingerprint: str
    status: int | None
    answer: Any


async def begin(connection: AsyncConnection, owner: str, key: str, fingerprint: str) -> Known:
    """Take note of a request; what was known of its key before, or what is known now."""
    values = {"owner": owner, "key": key, "fingerprint": fingerprint, "begun_at": datetime.now(UTC)}
    await connection.execute(insert(connection, idempotency).on_conflict_do_nothing(), values)
    query = select(idempotency).where(idempotency.c.owner == owner, idempotency.c.key == key)
    row = (await connection.execute(query)).mappings().one()
    return Known(fingerprint=row["fingerprint"], status=row["status"], answer=row["answer"])


async def finish(connection: AsyncConnection, owner: str, key: str, *, status: int, answer: Any) -> None:
    """Keep the answer that a request was given."""
    query = idempotency.update().where(idempotency.c.owner == owner, idempotency.c.key == key)
    await connection.execute(query, {"status": status, "answer": answer})
