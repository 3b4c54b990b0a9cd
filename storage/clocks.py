"""Test clocks, and the contracts that live on them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import insert
from storage.tables import contract, test_clock


async def add(connection: AsyncConnection, clock: str, name: str, now: datetime) -> datetime:
    """Write down a new clock, unless it is there; answers with where it stands."""
    values = {"id": clock, "name": name, "now": now, "deleted": False, "created_at": datetime.now(UTC)}
    await connection.execute(insert(connection, test_clock).on_conflict_do_nothing(), values)
    stands: datetime = (await connection.scalars(select(test_clock.c.now).where(test_clock.c.id == clock))).one()
    return stands


async def find(connection: AsyncConnection, clock: str, *, hold: bool = False) -> dict[str, Any] | None:
    """A clock, deleted ones too; ``hold`` keeps it from moving until the transaction is over."""
    query = select(test_clock).where(test_clock.c.id == clock)
    row = (await connection.execute(query.with_for_update() if hold else query)).mappings().first()
    return dict(row) if row else None


async def page(connection: AsyncConnection, *, after: str | None, limit: int) -> list[dict[str, Any]]:
    """One page of the clocks that are not deleted."""
    query = select(test_clock).where(test_clock.c.deleted.is_(False)).order_by(test_clock.c.id).limit(limit)
    if after is not None:
        query = query.where(test_clock.c.id > after)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def aim(connection: AsyncConnection, clock: str, target: datetime) -> None:
    """Say where a clock is going, unless it has been there; where it is to go further already, that stays."""
    nearer = or_(test_clock.c.target.is_(None), test_clock.c.target < target)
    going = test_clock.update().where(test_clock.c.id == clock, test_clock.c.now < target, nearer)
    await connection.execute(going, {"target": target})


async def arrive(connection: AsyncConnection, clock: str, now: datetime) -> None:
    """Say that a clock, with all its contracts, is where it was going; a later target, set meanwhile, stays.

    Whoever says so late, because somebody else was asked to move it in the meantime, does not turn it back.
    """
    later = case((test_clock.c.target > now, test_clock.c.target), else_=None)
    arrived = test_clock.update().where(test_clock.c.id == clock, test_clock.c.now <= now)
    await connection.execute(arrived.values(now=now, target=later))


async def delete(connection: AsyncConnection, clock: str) -> None:
    """Say that a clock is gone."""
    await connection.execute(test_clock.update().where(test_clock.c.id == clock), {"deleted": True, "target": None})


async def members(connection: AsyncConnection, clock: str) -> list[str]:
    """The contracts of a clock that have not ended for good."""
    query = select(contract.c.number).where(contract.c.clock == clock, contract.c.closed.is_(False))
    return list(await connection.scalars(query.order_by(contract.c.number)))


async def unsettled(connection: AsyncConnection, numbers: list[str], to: datetime) -> list[str]:
    """Those of the contracts that have not yet done everything that falls due up to an instant."""
    query = select(contract.c.number).where(
        contract.c.number.in_(numbers),
        contract.c.closed.is_(False),
        or_(contract.c.now < to, contract.c.next_due_at <= to),
    )
    return list(await connection.scalars(query))


async def next_happening(connection: AsyncConnection, clock: str) -> datetime | None:
    """When the next of a clock's contracts does something by itself."""
    query = select(func.min(contract.c.next_due_at)).where(contract.c.clock == clock, contract.c.closed.is_(False))
    found: datetime | None = await connection.scalar(query)
    return found
