"""A private PostgreSQL for tests and measurements: its own directory, its own port, gone at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Self
from uuid import uuid4

from runtime import child
from runtime.ports import LOOPBACK, free_port

OWNER = "tenure"
START_PATIENCE = timedelta(seconds=30)
STOP_GRACE = timedelta(seconds=60)

SETTINGS = ("-c", "max_connections=200", "-c", "log_min_messages=error")
# What does not outlive the run need not survive a power cut.
FORGETFUL = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


class PostgresMissing(Exception):
    """PostgreSQL's server programs are not on this machine."""


class PostgresFailed(Exception):
    """The cluster did not start; the message has the server's last words."""


class PostgresCluster:
    """A PostgreSQL server for as long as the block lasts; its data too, unless it has a folder for it."""

    def __init__(self, folder: Path | None = None, *, durable: bool = False, shared_buffers: str = "64MB") -> None:
        """The cluster, not yet started; with a folder, its data stays there.

        Where it is ``durable``, as with a folder, each commit waits for the disk, as it does in earnest.

        Raises:
            PostgresMissing: there is no initdb to make it with.
        """
        self.port = free_port()
        self._kept = folder
        forgetful = () if durable or folder else FORGETFUL
        self._settings = (*SETTINGS, "-c", f"shared_buffers={shared_buffers}", *forgetful)
        self._bin = postgres_programs()
        self._user = "postgres" if os.getuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """The cluster, ready for connections."""
        self._directory = self._kept or Path(tempfile.mkdtemp(prefix="tenure-pg-"))
        self._directory.mkdir(parents=True, exist_ok=True)
        try:
            self._make()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the server without waiting for its clients, and removes data that is not kept."""
        if self._process is not None:
            child.stop(self._process, end_signal=signal.SIGINT, grace=STOP_GRACE)
        if self._kept is None:
            shutil.rmtree(self._directory, ignore_errors=True)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The SQLAlchemy URL of a fresh, empty database, dropped at the end whoever is still connected."""
        name = f"test_{uuid4().hex}"
        self._run("createdb", "--template=template0", name)
        try:
            yield self.url(name)
        finally:
            self._run("dropdb", "--force", name)

    def make_database(self, name: str) -> bool:
        """A database that stays; whether it was not there before."""
        listed = self._run("psql", "-tAc", "SELECT datname FROM pg_database", "postgres").split()
        if name in listed:
            return False
        self._run("createdb", "--template=template0", name)
        return True

    def set(self, name: str, value: str) -> None:
        """Change a setting of the running server; a cluster that keeps its data keeps this too."""
        self._run("psql", "-qc", f"ALTER SYSTEM SET {name} = '{value}'", "postgres")
        self._run("psql", "-qc", "SELECT pg_reload_conf()", "postgres")

    @property
    def pid(self) -> int:
        """The first of the server's processes. Raises PostgresFailed where it does not run."""
        if self._process is None:
            raise PostgresFailed("it does not run")
        return self._process.pid

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database in this cluster."""
        return f"postgresql+asyncpg://{OWNER}@{LOOPBACK}:{self.port}/{database}"

    def kill(self) -> None:
        """Ends the server without a word; it can be started again on what it has written."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def start(self) -> None:
        """Starts the server on its data, and waits until it takes connections.

        Raises:
            PostgresFailed: it ended, or was not ready in time.
        """
        log = self._directory / "log"
        where = ("-D", self._directory / "data", "-h", LOOPBACK, "-p", str(self.port), "-k", self._directory)
        command: list[str | Path] = [self._bin / "postgres", *where, *self._settings]
        until = time.monotonic() + START_PATIENCE.total_seconds()
        while True:
            with log.open("wb") as output:
                self._process = child.start(command, output=output, user=self._user, end_signal=signal.SIGQUIT)
            # The processes of a server that was killed take a moment to notice; until then its data is theirs.
            if self._is_ready(until) or "shared memory block" not in log.read_text():
                break
            time.sleep(0.1)
        if self._process.poll() is not None or time.monotonic() > until:
            raise PostgresFailed(f"PostgreSQL did not start:\n{log.read_text()}")

    def _make(self) -> None:
        if self._user:
            shutil.chown(self._directory, self._user, pwd.getpwnam(self._user).pw_gid)
        log, make = self._directory / "log", ("-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with log.open("wb") as output:
            initdb: list[str | Path] = [self._bin / "initdb", "-D", self._directory / "data", *make]
            new = not (self._directory / "data" / "PG_VERSION").exists()
            if new and child.start(initdb, output=output, user=self._user).wait():
                raise PostgresFailed(f"initdb failed:\n{log.read_text()}")

    def _is_ready(self, until: float) -> bool:
        probe: list[str | Path] = [self._bin / "pg_isready", "-q", "-h", LOOPBACK, "-p", str(self.port)]
        while subprocess.run(probe, check=False).returncode:
            if self._process is None or self._process.poll() is not None or time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def _run(self, program: str, *arguments: str) -> str:
        where = ("-h", LOOPBACK, "-p", str(self.port), "-U", OWNER)
        command: list[str | Path] = [self._bin / program, *where, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@cache
def postgres_programs() -> Path:
    """The folder of initdb and postgres, the newest version's when there are several.

    Raises:
        PostgresMissing: there is none.
    """
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not installed:
        raise PostgresMissing("PostgreSQL's initdb is not on this machine: run `make parts`, which installs it.")
    return installed[-1].parent
