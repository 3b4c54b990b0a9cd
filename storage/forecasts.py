"""Forecasts that were asked for: what was asked, how far each has come, and its answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.forecast.asked import Asked, Forecast, Progress
from storage.database import insert
from storage.tables import forecast


async def add(connection: AsyncConnection, *, id_: str, asked: Asked, by: str, as_of: datetime) -> None:
    """Write a forecast down that is to be made, unless it is there."""
    values = {
        "id": id_,
        "asked": asked.model_dump(mode="json"),
        "by": by,
        "as_of": as_of,
        "progress": Progress().model_dump(mode="json"),
        "created_at": datetime.now(UTC),
    }
    await connection.execute(insert(connection, forecast).on_conflict_do_nothing(), values)


async def find(connection: AsyncConnection, id_: str) -> dict[str, Any] | None:
    """A forecast, with its answer once it has one."""
    row = (await connection.execute(select(forecast).where(forecast.c.id == id_))).mappings().first()
    return dict(row) if row else None


async def page(connection: AsyncConnection, *, after: str | None, limit: int) -> list[dict[str, Any]]:
    """One page of forecasts by id, without their answers."""
    columns = [column for column in forecast.c if column.name != "answer"]
    query = select(*columns).order_by(forecast.c.id).limit(limit)
    if after is not None:
        query = query.where(forecast.c.id > after)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def come(connection: AsyncConnection, id_: str, progress: Progress) -> None:
    """Say how far a forecast has come."""
    await connection.execute(
        forecast.update().where(forecast.c.id == id_), {"progress": progress.model_dump(mode="json")}
    )


async def finish(connection: AsyncConnection, id_: str, *, answer: Forecast | None, error: str | None = None) -> None:
    """Keep a forecast's answer, or why there is none."""
    values = {
        "answer": answer.model_dump(mode="json") if answer else None,
        "error": error[:500] if error else None,
        "progress": Progress(phase="done").model_dump(mode="json"),
        "finished_at": datetime.now(UTC),
    }
    await connection.execute(forecast.update().where(forecast.c.id == id_), values)
