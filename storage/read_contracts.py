"""What is known of a contract before it has reported for the first time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import contract


async def start_of(connection: AsyncConnection, number: str) -> dict[str, Any] | None:
    """What a contract was started with, or will be; none where there is no such contract."""
    found: dict[str, Any] | None = await connection.scalar(select(contract.c.start).where(contract.c.number == number))
    return found
