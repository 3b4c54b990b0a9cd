"""How a command ends: with its own exit code, whatever threads of others are still about."""

from __future__ import annotations

import subprocess
import sys

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
