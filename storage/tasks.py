"""What waits for people, as a list: brought up to date with each record, taken by somebody, gone when it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.tasks import Task
from storage.database import insert
from storage.tables import contract, task

_LAST = datetime(9999, 12, 31, tzinfo=UTC)
"""Where tasks without a day stand in the list: after all the others."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of tasks is narrowed by; what is not given narrows nothing."""

    role: str | None = None
    kind: str | None = None
    contract: str | None = None
    programme: str | None = None
    customer: str | None = None
    taken_by: str | None = None
    by_until: datetime | None = None
    trial: bool = False
    done: bool = False


async def bring_up_to_date(connection: AsyncConnection, number: str, tasks: tuple[Task, ...]) -> None:
    """Make a contract's open tasks these: new ones are added, known ones stay taken, the others are done."""
    now = datetime.now(UTC)
    if not tasks:
        await connection.execute(_ALL_DONE, {"of": number, "closed_at": now})
        return
    rows = [item.model_dump() | {"contract": number, "opened_at": now} for item in tasks]
    await connection.execute(_open(connection.dialect.name), rows)
    await connection.execute(_OTHERS_DONE, {"of": number, "open": [item.id for item in tasks], "closed_at": now})


# Made once: they are told with much that happens.
_ALL_DONE = task.update().where(task.c.contract == bindparam("of"), task.c.closed_at.is_(None))
_OTHERS_DONE = _ALL_DONE.where(task.c.id.not_in(bindparam("open", expanding=True)))


@cache
def _open(dialect: str) -> Any:
    made = insert(dialect, task)
    fresh = {name: made.excluded[name] for name in ("what", "role", "rule", "by", "answers", "given")}
    return made.on_conflict_do_update(index_elements=["id"], set_=fresh | {"closed_at": None})


async def page(
    connection: AsyncConnection, wanted: Wanted, *, after: tuple[datetime, str] | None, limit: int
) -> list[dict[str, Any]]:
    """One page of tasks, what must be done soonest first; those without a day come last."""
    query = select(task, contract.c.programme, contract.c.customer, contract.c.clock).join(
        contract, contract.c.number == task.c.contract
    )
    query = _narrowed(query, wanted)
    if after is not None:
        query = query.where(_later(*after))
    query = query.order_by(task.c.by.is_(None), task.c.by, task.c.id).limit(limit)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def place(row: dict[str, Any]) -> tuple[datetime, str]:
    """Where a task stands in the list."""
    return row["by"] or _LAST, row["id"]


def _later(by: datetime, task_id: str) -> Any:
    undated = task.c.by.is_(None)
    if by == _LAST:
        return and_(undated, task.c.id > task_id)
    return or_(undated, task.c.by > by, and_(task.c.by == by, task.c.id > task_id))


def _narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    for column, value in (
        (task.c.role, wanted.role),
        (task.c.kind, wanted.kind),
        (task.c.contract, wanted.contract),
        (contract.c.programme, wanted.programme),
        (contract.c.customer, wanted.customer),
        (task.c.taken_by, wanted.taken_by),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.by_until is not None:
        query = query.where(task.c.by <= wanted.by_until)
    if wanted.contract is None:
        query = query.where(contract.c.clock.is_not(None) if wanted.trial else contract.c.clock.is_(None))
    return query.where(task.c.closed_at.is_not(None) if wanted.done else task.c.closed_at.is_(None))


async def find(connection: AsyncConnection, task_id: str) -> dict[str, Any] | None:
    """A task, open or done."""
    query = select(task, contract.c.programme, contract.c.customer, contract.c.clock).join(
        contract, contract.c.number == task.c.contract
    )
    row = (await connection.execute(query.where(task.c.id == task_id))).mappings().first()
    return dict(row) if row else None


async def take(connection: AsyncConnection, task_id: str, who: str) -> bool:
    """Take an open task that nobody else has; whether it is theirs now."""
    free = or_(task.c.taken_by.is_(None), task.c.taken_by == who)
    query = task.update().where(task.c.id == task_id, task.c.closed_at.is_(None), free)
    done = await connection.execute(query, {"taken_by": who, "taken_at": datetime.now(UTC)})
    return bool(done.rowcount)


async def release(connection: AsyncConnection, task_id: str) -> None:
    """Give a task back to everybody."""
    await connection.execute(
        task.update().where(task.c.id == task_id, task.c.closed_at.is_(None)), {"taken_by": None, "taken_at": None}
    )
