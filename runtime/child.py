"""Programs that run beside us and never outlive us."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import IO

TETHER = Path(__file__).with_name("tether.py")


def start(
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | int | None = None,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
    end_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """The program, running in a session of its own, so that Ctrl-C reaches us first and we end it in our order.

    On Linux it gets the end signal when the thread that called this ends, even by SIGKILL.
    """
    tether: list[str | Path] = [sys.executable, "-I", "-S", TETHER, str(os.getpid()), str(int(end_signal)), user or "-"]
    return subprocess.Popen(
        [*tether, *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=env,
        pass_fds=keep_open,
        start_new_session=True,
    )


def stop(
    process: subprocess.Popen[bytes],
    *,
    end_signal: signal.Signals = signal.SIGTERM,
    grace: timedelta = timedelta(seconds=10),
) -> int:
    """The exit code of the program after it was asked to end, or killed when it did not within the grace."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(end_signal)
    try:
        return process.wait(grace.total_seconds())
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
