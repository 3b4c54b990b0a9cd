"""Where papers have their layouts and words from: a programme's own folder before everybody's."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from activities.errors import Refused
from adapters.texts import COMMON, SPOKEN

FOLDER = "papers"
SHARED = ("letter", "offer", "equipment")
"""Layout, with its words, that several papers use."""


def layout(own: Path, name: str) -> dict[str, str]:
    """The files of a paper's template, by name. Raises Refused where there is none of that name."""
    main = f"{name}.typ"
    found = {
        file: text for file in (main, *(f"{part}.typ" for part in SHARED)) if (text := _first(own, file)) is not None
    }
    if main not in found:
        raise Refused(f"there is no document `{name}`: neither {own / FOLDER / main} nor {COMMON / FOLDER / main}")
    return found


def words(own: Path, name: str, language: str) -> dict[str, str]:
    """What a paper says in a language: what all papers say, and its own; the programme's words before the common."""
    said: dict[str, str] = {}
    for file in ("labels", *SHARED, name):
        for folder in (COMMON, own):
            said |= _read(folder / FOLDER / f"{file}.yaml").get(language, {})
    return said


def spoken(wanted: str, others: tuple[str, ...]) -> str:
    """The language of a paper: the reader's, else the programme's first, of those that papers are written in."""
    known = _read(COMMON / FOLDER / "labels.yaml")
    return next(language for language in (wanted, *others, *SPOKEN) if language in known)


def _first(own: Path, file: str) -> str | None:
    paths = (own / FOLDER / file, COMMON / FOLDER / file)
    return next((path.read_text(encoding="utf-8") for path in paths if path.exists()), None)


@cache
def _read(path: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = YAML(typ="safe").load(path) if path.exists() else {}
    return found
