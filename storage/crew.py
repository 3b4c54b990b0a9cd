"""The processes that think: decider work for many contracts, on every core, beside the event loop.

Their work is begun a few batches ahead at most, so memory is bounded; they run at low priority, because whoever bills
or answers goes first; and they end when the process that began them does, however it ends.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Self, TypeVar

from domain.forecast.asked import Unread
from domain.forecast.batch import Batch, Group, Lived
from domain.forecast.future import Programmes
from domain.forecast.kept import Kept, brought_up
from storage.states import Behind

_MINE: dict[str, Any] = {}
_NICE = 10
_AHEAD = 2
"""Batches begun for each process: one that it works at, and one that waits."""

Work = TypeVar("Work")
Done = TypeVar("Done")


def _begin(programmes: Programmes, batch: Batch) -> None:
    _MINE.update(programmes=programmes, batch=batch)
    os.nice(_NICE)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def live(groups: list[Group]) -> Lived:
    """Live through the futures of some groups, in a process of the crew."""
    batch: Batch = _MINE["batch"]
    return batch.live(groups)


def bring_up(work: list[Behind]) -> tuple[list[Kept], list[Unread]]:
    """Bring kept states up to date, in a process of the crew; what cannot be followed is named."""
    programmes: Programmes = _MINE["programmes"]
    found: list[Kept] = []
    failed: list[Unread] = []
    for item in work:
        try:
            found.append(brought_up(item.row, item.entries, programmes.of(item.programme)))
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            failed.append(Unread(contract=item.number, reason=f"its trail cannot be followed: {error}"[:300]))
    return found, failed


class Crew:
    """So many processes, with what they need to know; a context manager."""

    def __init__(self, programmes: Programmes, batch: Batch, size: int) -> None:
        self._size = size
        self._pool = ProcessPoolExecutor(
            size,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(programmes, batch),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)

    async def each(self, work: Callable[[Work], Done], batches: AsyncIterable[Work]) -> AsyncIterator[Done]:
        """Do the work for each batch, a few at a time, and give the answers in order."""
        loop, begun = asyncio.get_running_loop(), deque[asyncio.Future[Done]]()
        async for batch in batches:
            begun.append(loop.run_in_executor(self._pool, work, batch))
            if len(begun) > self._size * _AHEAD:
                yield await begun.popleft()
        while begun:
            yield await begun.popleft()
