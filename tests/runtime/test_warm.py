"""A worker that has just begun: what it needs is loaded before the first contract asks for it."""

from __future__ import annotations

import subprocess
import sys

from runtime.settings import CHECKOUT

FIRST_TERMS = """
import sys
from pathlib import Path
from adapters.programme_files import load
from domain.desk import open_spans
from datetime import date
import worker

worker.warm_up()
loaded = set(sys.modules)
desk = load(Path("programmes/hpp")).terms.desk
assert desk.holidays and list(open_spans(desk, date(2027, 3, 1), "Europe/Madrid"))
print(*sorted(name for name in set(sys.modules) - loaded if name.startswith("holidays")))
"""


def test_no_workflow_waits_for_a_library() -> None:
    """A worker has every country's holidays when it starts: loaded by its first contract, they would stop it."""
    command = [sys.executable, "-c", FIRST_TERMS]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
