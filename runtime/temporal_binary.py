"""Where the Temporal dev server's program comes from on this machine."""

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from runtime import go_programs
from runtime.go_programs import cache_dir
from runtime.progress import Tell, narration

# Later tags refuse `go install`, because their go.mod replaces a module.
GO_PACKAGE = "github.com/temporalio/cli/cmd/temporal@v1.5.1"
PACKAGES_TO_COMPILE = 1_300
OLDEST_SERVER = (1, 29, 1)
DOWNLOAD_PATIENCE = timedelta(minutes=3)

CHOICES = f"""\
Tenure needs a Temporal server, and found no way to one. Any of these will do:
  - set TEMPORAL_ADDRESS to a running server (for Temporal Cloud also TEMPORAL_NAMESPACE and TEMPORAL_API_KEY);
  - put the `temporal` command line (server {".".join(map(str, OLDEST_SERVER))} or later) on the PATH;
  - let the Temporal SDK download it: needs a way out to the network;
  - install Go and start again: Tenure then runs `go install {GO_PACKAGE}` once."""


class TemporalMissing(Exception):
    """There is no Temporal server on this machine and no way to get one; the message names the choices."""


class _NotThisWay(Exception):
    """One way to a server is closed on this machine, and why."""


async def temporal_binary(tell: Tell) -> Path:
    """The `temporal` program, found, downloaded or built, whichever comes first.

    Raises:
        TemporalMissing: none of the ways is open on this machine.
    """
    reasons = []
    for attempt in (_installed, _downloaded, _built):
        try:
            return await attempt(tell)
        except _NotThisWay as reason:
            reasons.append(f"  - {reason}")
    raise TemporalMissing("\n".join([CHOICES, "What was tried:", *reasons]))


async def _installed(_tell: Tell) -> Path:
    passed_over = []
    for candidate in _candidates():
        if server_version(candidate) >= OLDEST_SERVER:
            return candidate
        passed_over.append(str(candidate))
    suffix = f" (too old or something else: {', '.join(passed_over)})" if passed_over else ""
    raise _NotThisWay(f"no usable `temporal` on the PATH or in Go's bin{suffix}")


def _candidates() -> Iterator[Path]:
    if found := shutil.which("temporal"):
        yield Path(found)
    folders = [Path(os.environ["GOBIN"])] if os.environ.get("GOBIN") else []
    folders += [Path(p) / "bin" for p in os.environ.get("GOPATH", "").split(os.pathsep) if p]
    folders += [Path.home() / "go" / "bin"]
    for folder in folders:
        if found := shutil.which("temporal", path=str(folder)):
            yield Path(found)


def server_version(binary: Path) -> tuple[int, ...]:
    """The version of the server inside this program; empty when it is something else or does not run."""
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.search(r"Server (\d+)\.(\d+)\.(\d+)", answer)
    return tuple(map(int, found.groups())) if found else ()


async def _downloaded(tell: Tell) -> Path:
    folder = cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    if kept := _download_in(folder):
        return kept
    tell("Asking the Temporal SDK to download its dev server ...")
    try:
        # The SDK offers no download alone: the server is started and stopped once.
        async with asyncio.timeout(DOWNLOAD_PATIENCE.total_seconds()):
            async with await WorkflowEnvironment.start_local(download_dest_dir=str(folder)):
                pass
    except (RuntimeError, TimeoutError) as error:
        raise _NotThisWay(f"the SDK's download failed: {str(error) or 'it took too long'}") from error
    if kept := _download_in(folder):
        return kept
    raise _NotThisWay(f"the SDK's download left no usable program in {folder}")


def _download_in(folder: Path) -> Path | None:
    candidates = (p for p in sorted(folder.glob("temporal-*")) if os.access(p, os.X_OK))
    return next((p for p in candidates if server_version(p) >= OLDEST_SERVER), None)


async def _built(tell: Tell) -> Path:
    if shutil.which("go") is None and shutil.which("go", path="/usr/local/go/bin") is None:
        raise _NotThisWay("Go is not installed, so nothing can be built")
    with (cache_dir() / "build.lock").open("w") as lock:
        tell("Waiting for another process that builds the Temporal server ...")
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        with contextlib.suppress(_NotThisWay):
            return await _installed(tell)
        try:
            await go_programs.install([GO_PACKAGE], tell, what="the Temporal server", about=PACKAGES_TO_COMPILE)
        except go_programs.CannotBuild as reason:
            raise _NotThisWay(str(reason)) from reason
        return await _installed(tell)


async def _find() -> Path:
    with narration() as tell:
        return await temporal_binary(tell)


if __name__ == "__main__":
    try:
        print(asyncio.run(_find()))  # noqa: T201 - the answer for a shell script
    except TemporalMissing as missing:
        sys.exit(str(missing))
