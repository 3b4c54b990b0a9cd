"""Answers by idempotency key: a repeat gets the first answer, another request under the same key is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import insert
from storage.tables import idempotency

# Made once: they are asked with every command.
_OWN = (idempotency.c.owner == bindparam("of"), idempotency.c.key == bindparam("named"))
_KNOWN = select(idempotency).where(*_OWN)
_ANSWERED = idempotency.update().where(*_OWN)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a key: the fingerprint of its request, and the answer, where it has been given."""

    fingerprint: str
    status: int | None
    answer: Any


async def begin(connection: AsyncConnection, owner: str, key: str, fingerprint: str) -> Known:
    """Take note of a request; what was known of its key before, or what is known now."""
    values = {"owner": owner, "key": key, "fingerprint": fingerprint, "begun_at": datetime.now(UTC)}
    if await connection.scalar(_new(connection.dialect.name), values):
        return Known(fingerprint=fingerprint, status=None, answer=None)
    row = (await connection.execute(_KNOWN, {"of": owner, "named": key})).mappings().one()
    return Known(fingerprint=row["fingerprint"], status=row["status"], answer=row["answer"])


async def finish(connection: AsyncConnection, owner: str, key: str, *, status: int, answer: Any) -> None:
    """Keep the answer that a request was given."""
    await connection.execute(_ANSWERED, {"of": owner, "named": key, "status": status, "answer": answer})


@cache
def _new(dialect: str) -> Any:
    return insert(dialect, idempotency).on_conflict_do_nothing().returning(idempotency.c.key)
