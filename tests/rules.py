"""`make rules`: every rule of docs/rules.md with the tests that prove it; fails while one has none."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterable

import pytest

from runtime.settings import CHECKOUT

RULES = CHECKOUT / "docs" / "rules.md"
_ROW = re.compile(r"^\| (?P<rule>[A-Z]+-\d+) \| (?P<says>.+) \|$", re.MULTILINE)


def rules() -> dict[str, str]:
    """Every rule by its number, and what it says."""
    return {found["rule"]: found["says"] for found in _ROW.finditer(RULES.read_text(encoding="utf-8"))}


def needs_test(says: str) -> bool:
    """Whether a rule is about more than a page."""
    return not says.startswith("*(page)*")


class Collected:
    """A pytest plugin that notes which test cites which rule."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, items: Iterable[pytest.Item]) -> None:
        """Note every test of the collection, once for all its parameters."""
        for item in items:
            name = item.nodeid.partition("[")[0]
            for mark in item.iter_markers("rule"):
                for rule in mark.args:
                    if name not in self.tests.setdefault(str(rule), []):
                        self.tests[str(rule)].append(name)


def collected() -> dict[str, list[str]]:
    """The tests by the rule that they cite; nothing is run."""
    plugin = Collected()
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(
            ["--collect-only", "-q", "-p", "no:cacheprovider", str(CHECKOUT / "tests")], plugins=[plugin]
        )
    if code != pytest.ExitCode.OK:
        raise SystemExit("the tests cannot be collected; run pytest")
    return plugin.tests


def main() -> int:
    """Print the table; 1 where a rule has no test, or a test cites a rule that there is not."""
    known, tests = rules(), collected()
    for rule, says in known.items():
        found = tests.get(rule, [])
        shown = "(page)" if not needs_test(says) else f"{len(found)} test(s)" if found else "NO TEST"
        print(f"{rule:7} {shown:10} {says[:90]}")
        for name in found:
            print(f"        {name}")
    bare = [rule for rule, says in known.items() if needs_test(says) and not tests.get(rule)]
    unknown = sorted(set(tests) - set(known))
    if bare:
        print(f"\n{len(known)} rules, without a test: {', '.join(bare)}")
    if unknown:
        print(f"\nTests cite rules that there are not: {', '.join(unknown)}")
    if not bare and not unknown:
        pages = sum(not needs_test(says) for says in known.values())
        print(f"\n{len(known)} rules, all with tests but {pages} about pages.")
    return 1 if bare or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
