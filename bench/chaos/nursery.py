"""The house's own processes: forks of one that has imported everything, since what is killed often must be back soon.

A worker that starts from nothing spends seconds of a core on imports. With many rounds at once a house would do little
else, and no process would live long enough to work.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Thread
from typing import Any

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["bench.chaos.worker", "bench.chaos.api"])
_GRACE = 10.0
"""Seconds that a process has to end in order."""


def start(work: Callable[..., None], *given: Any, output: Path, env: Mapping[str, str]) -> ForkServerProcess:
    """A process that does the work with these variables besides ours, its words at the end of a file.

    It ends when we end, even by SIGKILL.
    """
    process = _FORKING.Process(target=_begin, args=(output, dict(env), work, given), daemon=True)
    process.start()
    return process


def stop(process: ForkServerProcess) -> None:
    """Ask a process to end, and kill it when it has not within ten seconds."""
    process.terminate()
    process.join(_GRACE)
    if process.is_alive():
        kill(process)


def kill(process: ForkServerProcess) -> None:
    """End a process without a word."""
    process.kill()
    process.join()


def _begin(output: Path, env: dict[str, str], work: Callable[..., None], given: tuple[Any, ...]) -> None:
    # Ctrl-C reaches us first, and we end it in our order.
    os.setsid()
    Thread(target=_end_with_parent, daemon=True).start()
    with output.open("ab") as log, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.environ.update(env)
    work(*given)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
