"""The processes of a shaken house end with whoever started them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil

from runtime.settings import CHECKOUT

_STARTS_ONE = """
import sys, time
from pathlib import Path
from bench.chaos import nursery

if __name__ == "__main__":
    print(nursery.start(time.sleep, 600, output=Path(sys.argv[1]), env={}).pid, flush=True)
    time.sleep(600)
"""
_WITHIN = 10


def test_a_process_ends_with_its_parent_even_when_that_is_killed(tmp_path: Path) -> None:
    """The parent gets SIGKILL: its process ends, and so does the one from which that was forked."""
    command = [sys.executable, "-c", _STARTS_ONE, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=CHECKOUT) as parent:
        assert parent.stdout is not None
        started = psutil.Process(int(parent.stdout.readline()))
        family = [started, *psutil.Process(parent.pid).children()]
        assert started.is_running()
        parent.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=_WITHIN)
    assert alive == []
