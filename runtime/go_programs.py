"""Programs that are built with Go, where Go is at hand: once, kept in this user's cache, and told while it lasts."""

import asyncio
import os
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from runtime import child
from runtime.progress import Tell


class CannotBuild(Exception):
    """Go is not there, or the build failed; the message has its last words."""


def cache_dir() -> Path:
    """Where this user's downloads and builds are kept, shared by all checkouts."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenure"


async def install(
    packages: Sequence[str], tell: Tell, *, what: str, about: int, env: Mapping[str, str] | None = None
) -> None:
    """`go install` of some packages; ``about`` is how many packages a build from nothing compiles.

    Raises:
        CannotBuild: Go is not installed, or its build failed.
    """
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise CannotBuild("Go is not installed, so nothing can be built")
    began, compiled, said = time.monotonic(), 0, deque[str](maxlen=10)
    process = child.start([go, "install", "-v", *packages], output=subprocess.PIPE, env=env)
    try:
        while line := await asyncio.to_thread(_line, process):
            said.append(line := line.strip())
            compiled += not line.startswith("go: ")
            step = line if line.startswith("go: ") else f"compiling, {compiled} of about {about} packages"
            tell(f"Building {what} with Go, once, for 5 to 10 minutes ({_clock(began)}): {step}")
        if await asyncio.to_thread(process.wait):
            raise CannotBuild("`go install` failed:\n      " + "\n      ".join(said))
    finally:
        child.stop(process)
        if process.stdout is not None:
            process.stdout.close()


def _line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None, "the build's output is read"  # noqa: S101 - narrows the type
    return process.stdout.readline().decode(errors="replace")


def _clock(began: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - began), 60)
    return f"{minutes}:{seconds:02}"
