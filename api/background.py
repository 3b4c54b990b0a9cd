"""What a process looks at again and again, for as long as it serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

_LOG = structlog.get_logger()


@asynccontextmanager
async def repeated(look: Callable[[], Awaitable[None]], *, every: timedelta, delayed: str) -> AsyncIterator[None]:
    """For as long as the block lasts, look; where Temporal or the database does not answer, log so and go on."""
    task = asyncio.create_task(_again_and_again(look, every, delayed))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _again_and_again(look: Callable[[], Awaitable[None]], every: timedelta, delayed: str) -> None:
    while True:
        try:
            await look()
        except (RPCError, SQLAlchemyError, OSError) as error:
            _LOG.warning(delayed, reason=str(error))
        await asyncio.sleep(every.total_seconds())
