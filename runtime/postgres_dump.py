"""A PostgreSQL database as a file, by PostgreSQL's own programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from runtime.backups import CannotBackUp


def dump(url: str, target: Path) -> None:
    """Write a database down as it stands at one moment. Raises CannotBackUp."""
    _run("pg_dump", make_url(url), "--format=custom", f"--file={target}")


def load(url: str, source: Path) -> None:
    """Fill a database with what a file says, wholly or not at all. Raises CannotBackUp."""
    _run("pg_restore", make_url(url), "--single-transaction", "--exit-on-error", "--no-owner", str(source))


def _run(program: str, url: URL, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise CannotBackUp(f"{program} is not on the PATH: install PostgreSQL's client programs.")
    secret = {"PGPASSWORD": url.password} if url.password else {}
    done = subprocess.run(
        [found, *_where(url), *arguments], env=os.environ | secret, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotBackUp(f"{program} failed: {done.stderr.strip()}")


def _where(url: URL) -> list[str]:
    known = (("host", url.host), ("port", url.port), ("username", url.username), ("dbname", url.database))
    return [f"--{name}={value}" for name, value in known if value]
