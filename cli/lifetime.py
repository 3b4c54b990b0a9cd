"""How long a process of ours lives: until its work ends, or until someone asks it to stop."""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Coroutine
from typing import Any

import uvloop

_COLLECT_AFTER = (5_000, 10, 10)
"""New objects until cycles are looked for, and so on: at Python's own 700 that was a tenth of a worker's time."""


def run(work: Coroutine[Any, Any, None]) -> None:
    """Runs the work; SIGINT and SIGTERM end it in order, through its own `async with` blocks, and count as success."""
    # What is imported lives as long as the process: it need not be looked through again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    uvloop.run(_until_asked_to_stop(work))


async def _until_asked_to_stop(work: Coroutine[Any, Any, None]) -> None:
    task, asked, loop = asyncio.ensure_future(work), asyncio.Event(), asyncio.get_running_loop()

    def stop() -> None:
        # Asked twice, we are stopping already: a second cancellation would cut the orderly end short.
        if not asked.is_set():
            asked.set()
            task.cancel()
            # Whoever read this may be gone already; that must not keep us.
            with contextlib.suppress(OSError):
                print("\nStopping: running work gets 30 seconds to end ...", file=sys.stderr, flush=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not asked.is_set():
            raise
