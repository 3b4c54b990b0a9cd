"""Set-up: done already when the tests run, so it must notice that and be done at once."""

import os
import re
import subprocess
import time

import pytest

from runtime.settings import CHECKOUT


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The command, run in the checkout."""
    return subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **env}
    )


def test_second_set_up_does_nothing() -> None:
    """With the environment in place, it is seen to be in under a second and without a word."""
    began = time.monotonic()
    done = run("runtime/ensure_venv.sh")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - began < 1


def test_missing_python_is_told_plainly() -> None:
    """A machine without Python gets one sentence, not a shell's complaint."""
    done = run("runtime/ensure_venv.sh", PYTHON="python-that-is-not-there")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Tenure needs Python 3.11 or later, and 'python-that-is-not-there' is not on the PATH."
    ]


def test_parts_of_the_tests_are_in_place() -> None:
    """A second look for PostgreSQL, the compose checker, stripe-mock and the Temporal server installs nothing."""
    done = run("runtime/install_test_parts.sh")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("lock", ["requirements.lock", "compose/requirements.lock"])
def test_locks_name_no_index_and_no_machine(lock: str) -> None:
    """The lock files say what, with hashes, and leave where from to the person who installs."""
    text = (CHECKOUT / lock).read_text()
    assert not re.search(r"https?://|--index-url|--find-links|(^|\s)/\w", text)
    pins = re.findall(r"^\S+==\S+.*$", text, flags=re.MULTILINE)
    assert pins
    assert all(pin.endswith("\\") for pin in pins), "a pin without a hash"
