"""Answers by idempotency key: a repeat gets the first answer, another request under the same key is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import insert
from storage.tables import idempotency

# Made once: they are asked with every command.
_OWN = (idempotency.c.owner == bindparam("of"), idempotency.c.key == bindparam("named"))
_KNOWN = select(idempotency).where(*_OWN)
_ANSWERED = idempotency.update().where(*_OWN)
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a key: the fingerprint of its request, and the answer, where it has been given."""

    fingerprint: str
    status: int | None
    answer: Any


class Unanswered(NamedTuple):
    """A request that was given to a contract, and has no answer."""

    owner: str
    key: str
    contract: str


async def begin(
    connection: AsyncConnection, owner: str, key: str, fingerprint: str, *, contract: str | None = None
) -> Known:
    """Take note of a request, and of the contract that it is about; what is known of its key."""
    about = {"contract": contract, "begun_at": datetime.now(UTC)}
    new = {"owner": owner, "key": key, "fingerprint": fingerprint} | about
    if await connection.scalar(_new(connection.dialect.name), new):
        return Known(fingerprint=fingerprint, status=None, answer=None)
    row = (await connection.execute(_KNOWN, {"of": owner, "named": key})).mappings().one()
    if row["status"] is None and row["fingerprint"] == fingerprint:
        await connection.execute(_ANSWERED, {"of": owner, "named": key} | about)
    return Known(fingerprint=row["fingerprint"], status=row["status"], answer=row["answer"])


async def finish(connection: AsyncConnection, owner: str, key: str, *, status: int, answer: Any) -> None:
    """Keep the answer that a request was given."""
    await connection.execute(_ANSWERED, {"of": owner, "named": key, "status": status, "answer": answer})


async def unanswered(connection: AsyncConnection, before: datetime) -> list[Unanswered]:
    """The oldest requests to contracts that were noted before an instant and have no answer, a hundred at most."""
    c = idempotency.c
    query = select(c.owner, c.key, c.contract).where(c.status.is_(None), c.contract.is_not(None), c.begun_at < before)
    rows = await connection.execute(query.order_by(c.begun_at).limit(_AT_ONCE))
    return [Unanswered(*row) for row in rows]


async def release(connection: AsyncConnection, owner: str, key: str) -> None:
    """Nothing is to be seen to any more about a request that has no answer; it may be sent again."""
    await connection.execute(_ANSWERED, {"of": owner, "named": key, "contract": None})


@cache
def _new(dialect: str) -> Any:
    return insert(dialect, idempotency).on_conflict_do_nothing().returning(idempotency.c.key)
