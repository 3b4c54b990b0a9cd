"""The launcher as a person types it: a house of its own, brought up and ended by the test."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.settings import CHECKOUT

PATIENCE_SECONDS = 60

Environment = dict[str, str]


def tenure(environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of the launcher, to its end."""
    command = ["./tenure", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)


@contextmanager
def everything(environment: Environment, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`./tenure up`, answering; killed at the end if it has not ended by then."""
    with log.open("wb") as output:
        process = subprocess.Popen(["./tenure", "up"], cwd=CHECKOUT, env=environment, stdout=output, stderr=output)
    try:
        _wait_until_running(process, log)
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_until_running(process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while "Tenure is running" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)
