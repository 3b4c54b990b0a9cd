"""No rule of the programmes is without a test, and no test cites a rule that there is not."""

from __future__ import annotations

import subprocess
import sys

from runtime.settings import CHECKOUT
from tests.rules import needs_test, rules


def test_every_rule_has_a_test() -> None:
    """`make rules` is content; the pages' own rules are the only ones that it lets pass."""
    found = subprocess.run(
        [sys.executable, "-m", "tests.rules"], cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-2000:]
    pages = [rule for rule, says in rules().items() if not needs_test(says)]
    assert (len(rules()), pages) == (58, ["HPG-9", "HPG-11"])
