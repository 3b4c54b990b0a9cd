"""How a command ends: with its own exit code, whatever threads of others are still about."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from cli import __main__ as launcher
from runtime.settings import CHECKOUT
from tests.runtime.launched import Environment, tenure


@pytest.mark.parametrize(("given", "code"), [(None, 0), (0, 0), (3, 3), ("a sentence", 1)])
def test_the_exit_code_is_the_command_s_own(monkeypatch: pytest.MonkeyPatch, given: object, code: int) -> None:
    """As Python would have it."""

    def end() -> None:
        sys.exit(given)  # type: ignore[arg-type]

    monkeypatch.setattr(launcher, "main", end)
    assert launcher.run() == code


def test_everything_that_was_printed_arrives(environment: Environment) -> None:
    """Also through a pipe, to the last line, and the traceback of a mistake of ours."""
    done = tenure(environment, "--help")
    assert (done.returncode, "simulate" in done.stdout) == (0, True)
    broken = "import cli.app, runpy; cli.app.main = lambda: 1 / 0; runpy.run_module('cli', run_name='__main__')"
    failed = subprocess.run([sys.executable, "-c", broken], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (failed.returncode, "ZeroDivisionError" in failed.stderr) == (1, True)


def test_it_stops_when_nobody_reads_any_more() -> None:
    """A process that is asked to stop does, also where what it prints goes into a pipe that is closed."""
    waits = "import asyncio; from cli.lifetime import run; print(1, flush=True); run(asyncio.sleep(60))"
    with subprocess.Popen(
        [sys.executable, "-c", waits], cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stderr.close()
        time.sleep(1)  # until its handlers are there
        process.terminate()
        try:
            assert process.wait(20) != -signal.SIGKILL
        finally:
            process.kill()
