"""Programs beside us: ended in order, by force when they must be."""

import os
import signal
import subprocess
import time
from datetime import timedelta

from runtime import child

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.1; done"


def test_willing_program_ends_when_asked() -> None:
    """A program that heeds SIGTERM is given the time to."""
    process = child.start(["sleep", "60"])
    time.sleep(0.3)
    assert child.stop(process) == -signal.SIGTERM


def test_stubborn_program_is_killed() -> None:
    """A program that ignores SIGTERM ends all the same."""
    process = child.start(["sh", "-c", STUBBORN], output=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as said:
        said.readline()
        assert child.stop(process, grace=timedelta(seconds=0.3)) == -signal.SIGKILL


def test_ended_program_keeps_its_exit_code() -> None:
    """Stopping what has ended by itself is no mistake and tells how it ended."""
    process = child.start(["sh", "-c", "exit 3"])
    process.wait()
    assert child.stop(process) == 3


def test_interrupt_at_the_terminal_does_not_reach_it() -> None:
    """Ctrl-C is ours to handle: the program has a session of its own."""
    process = child.start(["sleep", "60"])
    try:
        assert os.getsid(process.pid) == process.pid != os.getsid(0)
    finally:
        child.stop(process)
