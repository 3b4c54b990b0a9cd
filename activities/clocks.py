"""Test clocks: every contract of a clock is moved, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import monotonic
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

_AT_ONCE = 20
_ON_THEIR_WAY = 200
"""Contracts that move at the same time, well below what a worker keeps: one that it does not keep is read again from
its history for each of its steps, and once more to be asked whether it has settled."""
_PATIENCE = 5.0
"""Seconds after which others set out too: one that does not come along holds up nobody."""
_LOOK_AGAIN = (0.01, 0.5)
_TELL_AGAIN = 5.0
_MOVED_ON = "moved_on"
_BETWEEN_RUNS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)


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
            advance = Advance(id=f"clock:{move.clock}:{move.to:%Y%m%dT%H%M%S.%f}", to=move.to)
            moving: list[str] = []
            for batch in batched(numbers, _AT_ONCE):
                await self._each(batch, "advance", advance)
                moving = await self._fewer([*moving, *batch], move)
            await self._settled(moving, move, advance)
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
        for batch in batched(numbers, _AT_ONCE):
            activity.heartbeat(batch[0])
            await asyncio.gather(*(self._update(number, update, argument) for number in batch))

    async def _update(self, number: str, update: str, argument: Any) -> None:
        handle = self._client.get_workflow_handle(f"contract:{number}")
        for pause in _BETWEEN_RUNS:
            try:
                await handle.execute_update(update, argument, id=argument.id)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return
                raise
            except WorkflowUpdateFailedError as failed:
                if getattr(failed.cause, "type", None) != _MOVED_ON:
                    raise
                await asyncio.sleep(pause)
            else:
                return
        raise Unreachable(f"{number} is going over into its next run")

    async def _fewer(self, moving: list[str], move: ClockMove) -> list[str]:
        """Those that are still on their way, once they are few enough for others to set out, or have taken long."""
        pause, longest = _LOOK_AGAIN
        until = monotonic() + _PATIENCE
        while len(moving) > _ON_THEIR_WAY and monotonic() < until:
            _alive(moving)
            moving = await self._unsettled(moving, move)
            if len(moving) > _ON_THEIR_WAY:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, longest)
        return moving

    async def _settled(self, numbers: list[str], move: ClockMove, advance: Advance) -> None:
        pause, longest = _LOOK_AGAIN
        waiting, told = numbers, monotonic()
        while waiting:
            _alive(waiting)
            if monotonic() - told > _TELL_AGAIN:
                # One that had not begun when it was told is told once more; the others know the id.
                await self._each(waiting, "advance", advance)
                told = monotonic()
            waiting = await self._unsettled(waiting, move)
            if waiting:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, longest)

    async def _unsettled(self, numbers: list[str], move: ClockMove) -> list[str]:
        """Those that the read model shows behind, and those whose last word an activity is still waiting for."""
        behind = await self._behind(numbers, move)
        level = sorted(set(numbers) - set(behind))
        working: list[str] = []
        for batch in batched(level, _AT_ONCE):
            found = await asyncio.gather(*(self._is_at_work(number) for number in batch))
            working += [number for number, busy in zip(batch, found, strict=True) if busy]
        # What had been worked on until it was looked at may have moved the read model since it was read.
        again = await self._behind(sorted(set(level) - set(working)), move)
        return [*behind, *working, *again]

    async def _behind(self, numbers: list[str], move: ClockMove) -> list[str]:
        async with self._database.read() as connection:
            return [
                number
                for batch in batched(numbers, 500)
                for number in await clocks.unsettled(connection, batch, move.to)
            ]

    async def _is_at_work(self, number: str) -> bool:
        """Whether a contract waits for the answer to something; what is set aside, and tried again, does not count."""
        handle = self._client.get_workflow_handle(f"contract:{number}")
        try:
            settled: bool = await handle.query("settled", result_type=bool)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return not settled


def _alive(waiting: list[str]) -> None:
    activity.heartbeat(len(waiting))
    if activity.is_worker_shutdown():
        # The contracts may need this very worker: waiting for them would hold its stop up to the last second.
        raise Unreachable("this worker is stopping; the next one goes on")


def batched(numbers: list[str], size: int) -> Iterator[list[str]]:
    """The numbers in batches of at most so many."""
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]
