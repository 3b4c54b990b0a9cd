"""Contracts that were brought in, and the runs that brought them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.contracts import STARTING
from storage.database import insert
from storage.tables import brought_contract, contract, import_run


async def begin(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Note that a run has begun, once."""
    await connection.execute(insert(connection, import_run).on_conflict_do_nothing(), values)


async def written(connection: AsyncConnection, run: str, contracts: int, at: datetime) -> None:
    """Note that every contract of a run has been written down, and how many it brought."""
    done = {"contracts": contracts, "written_at": at}
    await connection.execute(import_run.update().where(import_run.c.id == run), done)


async def known(connection: AsyncConnection, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What is known of some contracts by their keys: number, fingerprint, and whether they have started."""
    query = (
        select(brought_contract.c.key, brought_contract.c.contract, brought_contract.c.sha256, contract.c.status)
        .join(contract, contract.c.number == brought_contract.c.contract)
        .where(brought_contract.c.key.in_(list(keys)))
    )
    rows = (await connection.execute(query)).mappings()
    return {row["key"]: dict(row) | {"started": row["status"] != STARTING} for row in rows}


async def keep(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    """Note which contracts were brought, by which run, from which line."""
    await connection.execute(brought_contract.insert(), rows)


async def progress(connection: AsyncConnection, run: str) -> dict[str, Any] | None:
    """A run, with how many of its contracts are written down and have started; none without such a run."""
    row = (await connection.execute(select(import_run).where(import_run.c.id == run))).mappings().first()
    if row is None:
        return None
    of_run = select(func.count()).select_from(brought_contract).where(brought_contract.c.run == run)
    both = brought_contract.join(contract, contract.c.number == brought_contract.c.contract)
    waiting = select(func.count()).select_from(both).where(brought_contract.c.run == run, contract.c.status == STARTING)
    total = int(await connection.scalar(of_run) or 0)
    return dict(row) | {"written": total, "started": total - int(await connection.scalar(waiting) or 0)}


async def waiting(connection: AsyncConnection, run: str) -> list[str]:
    """The contracts of a run that are written down and have not started."""
    query = (
        select(contract.c.number)
        .join(brought_contract, brought_contract.c.contract == contract.c.number)
        .where(brought_contract.c.run == run, contract.c.status == STARTING)
        .order_by(brought_contract.c.line)
    )
    return list(await connection.scalars(query))


async def page(connection: AsyncConnection, *, after: str | None, limit: int) -> list[str]:
    """One page of the runs' ids, the newest first, after one of them."""
    query = select(import_run.c.id).order_by(import_run.c.begun_at.desc(), import_run.c.id).limit(limit)
    if after is not None:
        begun = select(import_run.c.begun_at).where(import_run.c.id == after).scalar_subquery()
        query = query.where(
            (import_run.c.begun_at < begun) | ((import_run.c.begun_at == begun) & (import_run.c.id > after))
        )
    return list(await connection.scalars(query))
