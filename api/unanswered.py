"""What a process that died had taken and not written down: the contract is asked to write it itself.

A command's request is noted before it is given, and its answer after what it caused is written down. Where there is no
answer after a while, nobody may have written.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.service import RPCError, RPCStatusCode

from api.background import repeated
from api.services import Services
from storage import idempotency

_ANSWER_WITHIN = timedelta(seconds=10)
_LOOK_EVERY = timedelta(seconds=10)
_LEFT_BEHIND = timedelta(seconds=60)
"""Longer than an answer may take."""


@asynccontextmanager
async def seeing_to_it(services: Services) -> AsyncIterator[None]:
    """For as long as the block lasts, let contracts write down what those who asked them did not."""

    async def look() -> None:
        await see_to(services, _LEFT_BEHIND)

    async with repeated(look, every=_LOOK_EVERY, delayed="commands.unanswered.delayed"):
        yield


async def see_to(services: Services, left: timedelta) -> int:
    """Let the contracts write down that were asked so long ago without an answer; how many requests there were."""
    async with services.database.read() as connection:
        found = await idempotency.unanswered(connection, services.now() - left)
    for request in found:
        await _written_down(services, request.contract)
        async with services.database.write() as connection:
            await idempotency.release(connection, request.owner, request.key)
    return len(found)


async def _written_down(services: Services, number: str) -> None:
    """The contract writes down what it does not know to be written; one that is over has done so before it ended."""
    try:
        handle = services.client.get_workflow_handle(f"contract:{number}")
        await handle.signal("write_down", rpc_timeout=_ANSWER_WITHIN)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
