"""The house: which room may know which, and what no room may contain."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from runtime.settings import CHECKOUT
from workflows.catalogue import ACTIVITY

# Each room with the modules of ours that it may import; its own are always allowed.
ARROWS = {
    "domain": (),
    "workflows": ("domain",),
    "activities": ("domain", "workflows.catalogue", "workflows.messages", "storage"),
    "adapters": ("domain", "activities", "storage"),
    "storage": ("domain",),
    "api": (
        "domain",
        "workflows",
        "activities",
        "storage",
        "runtime",
        "adapters.programme_files",
        "adapters.camt",
        "adapters.dsn",
        "adapters.stripe_events",
        "adapters.ical",
    ),
    "runtime": (),
    "cli": ("domain", "workflows", "adapters", "storage", "api", "runtime", "worker"),
}
OURS = (*ARROWS, "worker", "bench", "tests")

# Where programmes are data: a name here would be a rule of one programme in everybody's code.
NEUTRAL = ("domain", "workflows", "activities", "api", "storage")
MAKERS = ("hp", "hewlett", "xerox", "ibm", "ricoh", "lexmark", "brother", "epson", "kyocera", "konica", "canon")

IMPURE_CALLS = ("open", "float", "print", "input")
IMPURE_ATTRIBUTES = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.monotonic")
IMPURE_MODULES = ("random", "secrets", "uuid", "time", "os", "io", "socket", "asyncio", "sqlalchemy", "temporalio")


def sources(room: str) -> list[Path]:
    """The Python files of a room."""
    return sorted((CHECKOUT / room).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every module or name that a file imports, dotted, wherever in the file the import stands."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place(path, node.lineno)}: say from where, not from how many dots"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def attributes(path: Path) -> Iterator[tuple[int, str]]:
    """Every `name.attribute` in a file, by the last two parts."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            yield node.lineno, f"{name}.{node.attr}"


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Every call of a plain name or of an attribute, by the name called."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name):
                yield node.lineno, called.id
            elif isinstance(called, ast.Attribute):
                yield node.lineno, called.attr


def place(path: Path, line: int) -> str:
    """Where a finding is, to click on."""
    return f"{path.relative_to(CHECKOUT)}:{line}"


def within(module: str, allowed: str) -> bool:
    """Whether a dotted name is an allowed module or something in it."""
    return module == allowed or module.startswith(f"{allowed}.")


@pytest.mark.parametrize("room", ARROWS)
def test_imports_follow_the_arrows(room: str) -> None:
    """A room imports only what is drawn on the plan, so that each can be understood without what is behind it."""
    assert sources(room), f"there is no room {room}"
    allowed = (room, *ARROWS[room])
    wrong = [
        f"{place(path, line)} imports {module}"
        for path in sources(room)
        for line, module in imported(path)
        if any(within(module, ours) for ours in OURS) and not any(within(module, fine) for fine in allowed)
    ]
    assert wrong == []


def test_domain_is_pure() -> None:
    """The decider has no clock, no dice, no file, no network and no binary fractions: the same in, the same out."""
    wrong = [
        f"{place(path, line)}: {what}"
        for path in sources("domain")
        for line, what in (*impure_imports(path), *impure_uses(path))
    ]
    assert wrong == []


def impure_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Imports by which the outside would come in."""
    return ((line, m) for line, m in imported(path) if any(within(m, impure) for impure in IMPURE_MODULES))


def impure_uses(path: Path) -> Iterator[tuple[int, str]]:
    """Calls of builtins and clocks whose answer is not in the arguments."""
    yield from ((line, name) for line, name in attributes(path) if name in IMPURE_ATTRIBUTES)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            yield node.lineno, f"{node.func.id}()"


def test_workflows_are_not_patched() -> None:
    """What changes is data chosen at a run's start; branches on patches would stay for the years a contract lives."""
    wrong = [
        place(path, line)
        for path in sources("workflows")
        for line, name in calls(path)
        if name in ("patched", "deprecate_patch")
    ]
    assert wrong == []


def test_workflows_take_time_from_temporal() -> None:
    """A workflow that looked at the machine's clock or dice would not replay."""
    wrong = [
        f"{place(path, line)}: {name}"
        for path in sources("workflows")
        for line, name in attributes(path)
        if name in IMPURE_ATTRIBUTES or name.split(".")[0] in ("random", "uuid", "secrets")
    ]
    assert wrong == []


def programme_words() -> set[str]:
    """The codes and names of every programme in the checkout, and of the makers that they come from."""
    words = set(MAKERS)
    for terms in sorted((CHECKOUT / "programmes").glob("*/terms.yaml")):
        data = YAML(typ="safe").load(terms.read_text(encoding="utf-8"))
        words |= {terms.parent.name.lower(), str(data["code"]).lower(), str(data["issuer"]["name"]).lower()}
    return words


def test_programmes_are_found() -> None:
    """The next test knows what to look for."""
    assert len(programme_words()) > len(MAKERS)


@pytest.mark.parametrize("room", NEUTRAL)
def test_no_programme_is_named(room: str) -> None:
    """A programme is data: no code asks which one it has before it."""
    words = "|".join(map(re.escape, sorted(programme_words())))
    named = re.compile(f"(?<![a-z])({words})(?![a-z])", re.IGNORECASE)
    wrong = [
        f"{place(path, number)}: {line.strip()}"
        for path in sources(room)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if named.search(line)
    ]
    assert wrong == []


def test_the_worker_does_all_that_contracts_ask_for() -> None:
    """An activity of the catalogue that no worker runs would leave its effect waiting for ever."""
    named = {call.attr for call in ast.walk(tree(CHECKOUT / "worker.py")) if isinstance(call, ast.Attribute)}
    missing = [name for name in ACTIVITY.values() if name.partition(".")[2] not in named]
    assert missing == []
