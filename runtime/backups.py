"""Copies of SQLite databases that are in use, and a folder of copies that says what is in it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
FORMAT = 1
_PATIENCE_SECONDS = 30.0


class CannotBackUp(Exception):
    """A backup cannot be made or used; the message says why and what to do instead."""


def copy(source: Path, target: Path) -> None:
    """A copy of a database as it stands at one moment, whoever writes to it meanwhile.

    Raises:
        CannotBackUp: the copy is damaged, as the database is then.
    """
    with closing(opened(source)) as there, closing(sqlite3.connect(target)) as here:
        there.backup(here)
        # The copy is one file: whoever opens it turns its write-ahead log on again.
        here.execute("PRAGMA journal_mode=DELETE")
        found = here.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise CannotBackUp(f"{source} is damaged, its copy would be too: {found}")


def opened(path: Path) -> sqlite3.Connection:
    """A connection to a database that must be there. Raises CannotBackUp."""
    if not path.is_file():
        raise CannotBackUp(f"There is no {path}: nothing of this house has been started here yet.")
    return sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)


def seal(folder: Path, facts: dict[str, Any]) -> None:
    """Write down what a folder of copies holds: each file's hash, when it was made, and these facts."""
    files = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    manifest = {"format": FORMAT, "made_at": datetime.now(UTC).isoformat(timespec="seconds"), "files": files} | facts
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def sealed(folder: Path) -> dict[str, Any]:
    """What a folder of copies says of itself, and truly holds. Raises CannotBackUp."""
    path = folder / MANIFEST
    if not path.is_file():
        raise CannotBackUp(f"{folder} is no backup of ./tenure backup: it has no {MANIFEST}.")
    manifest: dict[str, Any] = json.loads(path.read_text())
    if manifest.get("format") != FORMAT:
        raise CannotBackUp(f"{folder} is a backup of format {manifest.get('format')}; this build reads {FORMAT}.")
    for name, digest in manifest["files"].items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise CannotBackUp(f"{folder / name} is missing or not what was backed up: use another backup.")
    return manifest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
