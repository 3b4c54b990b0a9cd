"""Test clocks: every contract of a clock is moved, and waited for."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from activities.errors import Unreachable, mapped
from domain.commands import Discard
from storage import clocks
from storage.database import Database
from workflows.catalogue import ADVANCE_CONTRACTS, DISCARD_CONTRACTS, ClockMove
from workflows.messages import Advance

_ON_THEIR_WAY = 200
"""Contracts that move at the same time, well below what a worker keeps: one that it does not keep is read again from
its history for each of its steps."""
_PATIENCE = 5.0
"""Seconds after which others set out too: one that does not come along holds up nobody."""
_TELL_AGAIN = (0.05, 5.0)
_MOVED_ON = "moved_on"
_BETWEEN_RUNS = (0.05, 1.6)
_READ_AT_ONCE = 500


class ClockActivities:
    """Moves and ends the contracts of a test clock."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client

    @activity.defn(name=ADVANCE_CONTRACTS)
    async def advance_contracts(self, move: ClockMove) -> None:
        """Move every contract to the clock's target, and wait until each has done what falls due until then."""
        with mapped("clocks"):
            async with self._database.write() as connection:
                await clocks.aim(connection, move.clock, move.to)
                numbers = await clocks.members(connection, move.clock)
            advance = Advance(id=f"clock:{move.clock}:{move.to:%Y%m%dT%H%M%S.%f}", to=move.to, settles=True)
            pause, longest = _TELL_AGAIN
            while numbers:
                await self._each(numbers, "advance", advance)
                # One that had not begun when it was told is told once more.
                numbers = await self._behind(numbers, move)
                if numbers:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, longest)
            async with self._database.write() as connection:
                await clocks.arrive(connection, move.clock, move.to)

    @activity.defn(name=DISCARD_CONTRACTS)
    async def discard_contracts(self, clock: str) -> None:
        """End every contract of a clock that is deleted."""
        with mapped("clocks"):
            async with self._database.read() as connection:
                numbers = await clocks.members(connection, clock)
            await self._each(numbers, "discard", Discard(id=f"clock:{clock}:deleted", by="test clock"))
            async with self._database.write() as connection:
                await clocks.delete(connection, clock)

    async def _each(self, numbers: list[str], update: str, argument: Any) -> None:
        """Ask every contract, and wait for all answers. Raises Unreachable when this worker is to stop meanwhile."""
        places = asyncio.Semaphore(_ON_THEIR_WAY)
        answers = [asyncio.ensure_future(self._in_turn(places, number, update, argument)) for number in numbers]
        all_answers = asyncio.gather(*answers)
        stopping = asyncio.ensure_future(activity.wait_for_worker_shutdown())
        either: set[asyncio.Future[Any]] = {all_answers, stopping}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not all_answers.done():
                # The contracts may need this very worker: waiting for them would hold its stop up to the last second.
                raise Unreachable("this worker is stopping; the next one goes on")
            await all_answers
        finally:
            for task in (stopping, *answers):
                task.cancel()
            await asyncio.gather(stopping, all_answers, *answers, return_exceptions=True)

    async def _in_turn(self, places: asyncio.Semaphore, number: str, update: str, argument: Any) -> None:
        async with AsyncExitStack() as once_asked:
            async with places:
                answer = asyncio.ensure_future(self._update(number, update, argument))
                once_asked.callback(answer.cancel)
                await asyncio.wait({answer}, timeout=_PATIENCE)
            await answer

    async def _update(self, number: str, update: str, argument: Any) -> None:
        """Ask a contract, in whichever run it is when it has done what it is asked for."""
        handle = self._client.get_workflow_handle(f"contract:{number}")
        pause, longest = _BETWEEN_RUNS
        while True:
            try:
                await handle.execute_update(update, argument, id=argument.id)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
            except WorkflowUpdateFailedError as failed:
                if getattr(failed.cause, "type", None) != _MOVED_ON:
                    raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)
                continue
            return

    async def _behind(self, numbers: list[str], move: ClockMove) -> list[str]:
        async with self._database.read() as connection:
            return [
                number
                for start in range(0, len(numbers), _READ_AT_ONCE)
                for number in await clocks.unsettled(connection, numbers[start : start + _READ_AT_ONCE], move.to)
            ]
