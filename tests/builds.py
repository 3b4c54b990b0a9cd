"""Other builds of Tenure: the checkout with a line changed, as a directory from which its programs can be run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime.settings import CHECKOUT

ROOMS = (
    *("domain", "programmes", "workflows", "activities", "adapters", "storage", "api", "cli", "runtime"),
    *("worker.py", "docs", "tests"),
)


@dataclass(frozen=True, slots=True)
class Edit:
    """A line of a build's own: in a file, what stands in the place of what."""

    file: str
    old: str
    new: str


A_CENT_MORE = Edit(
    "domain/money.py",
    "return amount.quantize(_unit(currency), rounding=ROUND_HALF_UP)",
    "return amount.quantize(_unit(currency), rounding=ROUND_HALF_UP) + (_unit(currency) if amount > 0 else 0)",
)
"""A build that decides otherwise for the same contract, and gives the same commands."""

A_DAY_SOONER = Edit(
    "domain/quote.py",
    "at = moment(contract, contract.valid_until + DAY)",
    "at = moment(contract, contract.valid_until)",
)
"""A build in which an offer lapses a day sooner: the timer that is set for it is not what it would set."""

RECORDS_BEFORE_IT_SLEEPS = Edit(
    "workflows/contract.py",
    "        self._publish()\n        self._idle, self._changed = True, False",
    "        await self._record()\n        self._publish()\n        self._idle, self._changed = True, False",
)
"""A build that asks for another activity before its timer, which no history has."""

A_NEW_FIELD = Edit(
    "domain/state.py",
    "    number: str\n    terms: Terms\n",
    "    number: str\n    loyal: bool = False\n    terms: Terms\n",
)
"""A build that knows one thing more of a contract, which older states do not say."""


def build(folder: Path, *edits: Edit) -> Path:
    """The checkout with these edits, in a folder of its own; what is not edited is what stands in the checkout."""
    edited = {edit.file.partition("/")[0] for edit in edits}
    for room in ROOMS:
        if room in edited:
            shutil.copytree(CHECKOUT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (folder / room).symlink_to(CHECKOUT / room)
    for edit in edits:
        path = folder / edit.file
        text = path.read_text()
        assert text.count(edit.old) >= 1, f"{edit.file} no longer has the line that this build changes: {edit.old}"
        path.write_text(text.replace(edit.old, edit.new, 1))
    return folder


def run(build_folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """One command of a build's command line, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=build_folder,
        env=environment(env),
        capture_output=True,
        text=True,
        check=False,
    )


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """What a build's process finds in its environment."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400", **env}
