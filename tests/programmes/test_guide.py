"""The guide's programme, which is only files: the page is equal to them, and its lives go as they say."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from adapters.programme_files import load
from cli.app import app
from cli.simulate import SIMULATED, simulated
from runtime.settings import CHECKOUT

GUIDE = CHECKOUT / "docs" / "guide.md"
FOLDER = CHECKOUT / "docs" / "guide" / "lft"
PROGRAMME = load(FOLDER)


def test_every_snippet_stands_in_the_files() -> None:
    """Part by part: what a reader copies is what is tested."""
    files = "\n".join(path.read_text() for path in sorted(FOLDER.rglob("*.yaml")))
    snippets = re.findall(r"```yaml\n(.*?)\n```", GUIDE.read_text(), flags=re.DOTALL)
    assert len(snippets) >= 9
    missing = [part for snippet in snippets for part in snippet.split("\n\n") if part not in files]
    assert missing == []


def test_the_snippets_are_the_whole_programme() -> None:
    """No section of the terms is left for the reader to guess."""
    told = GUIDE.read_text()
    sections = [line for line in (FOLDER / "terms.yaml").read_text().splitlines() if re.match(r"^[a-z_]+:", line)]
    assert [section for section in sections if section not in told] == []


def test_what_it_says_is_explained() -> None:
    """The sentences that the guide quotes are among those that `explain` prints."""
    printed = CliRunner().invoke(app, ["programme", "explain", str(FOLDER)]).output
    quoted = re.findall(r"^> (.*)$", GUIDE.read_text(), flags=re.MULTILINE)
    assert quoted
    assert [sentence for sentence in quoted if sentence not in printed] == []


def test_check_is_content() -> None:
    """As a user would run it."""
    checked = CliRunner().invoke(app, ["programme", "check", str(FOLDER)])
    assert (checked.exit_code, "2 lives go as they say" in checked.output) == (0, True)


@pytest.mark.parametrize("name", ["two-lifts", "too-late"])
def test_its_lives_go_as_they_say(name: str) -> None:
    """In the simulator; tests/api/test_guide.py lives them on the server."""
    life, wrong = simulated(PROGRAMME, PROGRAMME.lives()[name], SIMULATED)
    assert wrong == []
    assert len(life.entries) > 30
