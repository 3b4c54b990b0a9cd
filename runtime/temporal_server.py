"""The Temporal dev server as a part of this process: started with it, ended with it, its data kept."""

import asyncio
import fcntl
import json
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Self

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError

from runtime import child
from runtime.ports import LOOPBACK, free_ports, is_free
from runtime.progress import Tell, narration
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import Settings
from runtime.temporal import connect
from runtime.temporal_binary import temporal_binary

START_PATIENCE = timedelta(seconds=60)
STOP_GRACE = timedelta(seconds=15)

# Measured with 200 contracts of three steps on two cores: the dev server's own defaults took 50 s, memory mode 20 s.
# Write-ahead log, synced at checkpoints: 22 s. Survives a killed process; a power cut may cost the last moments.
SQLITE_PRAGMAS: Mapping[str, str] = {"journal_mode": "wal", "synchronous": "1"}
DYNAMIC_CONFIG: Mapping[str, Any] = {
    # One server needs no four partitions that forward to each other: 20 s, and updates a quarter quicker.
    "matching.numTaskqueueReadPartitions": 1,
    "matching.numTaskqueueWritePartitions": 1,
    # A worker that asks for an activity is given it with the answer, where it has room: one turn and one write less.
    "system.enableActivityEagerExecution": True,
    # It keeps what it touched for an hour, about 55 KB a contract, 128,000 of them by itself; what sleeps need not be.
    "history.hostLevelCacheMaxSize": 4000,
    # The limit of list calls protects a shared cluster; here tests and the operator are alone.
    "frontend.namespaceRPS.visibility": 1000,
}


class EmbeddedServerFailed(Exception):
    """The embedded Temporal server could not start; the message has its own last words."""


class AlreadyRunning(Exception):
    """Another process serves the same data directory."""


@contextmanager
def data_held(directory: Path) -> Iterator[IO[str]]:
    """Nobody else serves a data directory while the block lasts. Raises AlreadyRunning where somebody does."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "temporal.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read() or "another process"
            raise AlreadyRunning(f"{directory} is already served by {holder}: stop it first.") from None
        yield lock


class EmbeddedServer:
    """`temporal server start-dev` for as long as the block lasts, with its data in a directory or in memory."""

    def __init__(
        self,
        binary: Path,
        *,
        data_dir: Path | None,
        port: int | None = None,
        ui_port: int | None = None,
        headless: bool = False,
        namespace: str = "default",
        log_level: str = "warn",
        dynamic_config: Mapping[str, Any] = DYNAMIC_CONFIG,
    ) -> None:
        """A server without a data directory forgets everything at its end; a port not given is a free one."""
        free = free_ports(2)
        self.port = port or free[0]
        self.ui_port = ui_port or free[1]
        self.namespace = namespace
        self._binary, self._data_dir, self._headless = binary, data_dir, headless
        self._log_level, self._dynamic_config = log_level, dynamic_config
        self._held = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where clients connect to."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_url(self) -> str | None:
        """Where a browser finds Temporal's own pages; none for a headless server."""
        return None if self._headless else f"http://{LOOPBACK}:{self.ui_port}"

    async def __aenter__(self) -> Self:
        """The server, answering.

        Raises:
            AlreadyRunning: another process serves this data directory.
            EmbeddedServerFailed: it ended, or did not answer in time, or its port is taken.
        """
        try:
            lock = self._lock()
            self._refuse_taken_ports()
            log = self._held.enter_context(self._log())
            self._process = child.start(self._command(), output=log, keep_open=[lock.fileno()] if lock else [])
            if lock:
                _sign(lock, self._process.pid)
            await self._answering(log)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends the server gracefully, by force when it takes too long."""
        if self._process is not None:
            await asyncio.to_thread(child.stop, self._process, grace=STOP_GRACE)
        self._held.close()

    async def kill(self) -> None:
        """Ends the server without a word; entered again, it goes on with the data of its directory."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
        self._held.close()

    def _lock(self) -> IO[str] | None:
        """The child inherits the lock, so the directory stays taken as long as either of us lives."""
        return None if self._data_dir is None else self._held.enter_context(data_held(self._data_dir))

    def _refuse_taken_ports(self) -> None:
        wanted = {"TENURE_TEMPORAL_PORT": self.port}
        if not self._headless:
            wanted["TENURE_TEMPORAL_UI_PORT"] = self.ui_port
        for variable, port in wanted.items():
            if not is_free(port):
                raise EmbeddedServerFailed(f"Port {port} is taken by another program: set {variable} to a free one.")

    def _log(self) -> IO[bytes]:
        return tempfile.TemporaryFile() if self._data_dir is None else (self._data_dir / "temporal.log").open("w+b")

    def _command(self) -> list[str | Path]:
        ui = ["--headless"] if self._headless else ["--ui-port", str(self.ui_port)]
        config = [f"{key}={json.dumps(value)}" for key, value in self._dynamic_config.items()]
        return [
            *(self._binary, "server", "start-dev", "--ip", LOOPBACK, "--port", str(self.port)),
            *("--namespace", self.namespace, "--log-level", self._log_level),
            *(*ui, *self._storage()),
            *_repeated("--dynamic-config-value", config),
        ]

    def _storage(self) -> list[str]:
        if self._data_dir is None:
            return []
        pragmas = [f"{key}={value}" for key, value in SQLITE_PRAGMAS.items()]
        return ["--db-filename", str(self._data_dir / "temporal.db"), *_repeated("--sqlite-pragma", pragmas)]

    async def _answering(self, log: IO[bytes]) -> None:
        until = time.monotonic() + START_PATIENCE.total_seconds()
        while not await _answers(self.address, self.namespace):
            assert self._process is not None  # noqa: S101 - narrows the type
            if self._process.poll() is not None or time.monotonic() > until:
                raise EmbeddedServerFailed(f"The embedded Temporal server did not start:\n{_last_words(log)}")
            await asyncio.sleep(0.05)


def _repeated(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _sign(lock: IO[str], server: int) -> None:
    lock.truncate(0)
    lock.write(f"process {os.getpid()} with its Temporal server, process {server}")
    lock.flush()


async def _answers(address: str, namespace: str) -> bool:
    try:
        client = await Client.connect(address, namespace=namespace)
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    except (RuntimeError, RPCError):
        return False
    return True


def _last_words(log: IO[bytes]) -> str:
    log.seek(0)
    return b"\n".join(log.read().splitlines()[-15:]).decode(errors="replace")


@asynccontextmanager
async def reach_temporal(
    settings: Settings, search_attributes: Sequence[SearchAttributeKey[Any]] = (), *, headless: bool = False
) -> AsyncIterator[Settings]:
    """The settings with a Temporal server's address in them, which knows the search attributes.

    The server is the one that the settings name, or an embedded one that lasts as long as the block.

    Raises:
        TemporalMissing: there is no server and no way to get one.
        AlreadyRunning: an embedded server of this data directory runs already.
        EmbeddedServerFailed: the embedded server did not start.
        SearchAttributesRefused: the server cannot hold the search attributes.
    """
    if settings.temporal_address:
        await ensure_search_attributes(await connect(settings), search_attributes)
        yield settings
        return
    with narration() as tell:
        server = await _embedded(settings, tell, headless=headless)
    async with server:
        reached = settings.model_copy(update={"temporal_address": server.address})
        await ensure_search_attributes(await connect(reached), search_attributes)
        yield reached


@asynccontextmanager
async def reach_running(
    settings: Settings, search_attributes: Sequence[SearchAttributeKey[Any]] = ()
) -> AsyncIterator[Settings]:
    """As `reach_temporal`, and where the house's own server runs already, that one."""
    try:
        with data_held(settings.var_dir):
            pass
    except AlreadyRunning:
        address = f"{LOOPBACK}:{settings.temporal_port}"
        settings = settings if settings.temporal_address else settings.model_copy(update={"temporal_address": address})
    async with reach_temporal(settings, search_attributes, headless=True) as reached:
        yield reached


async def _embedded(settings: Settings, tell: Tell, *, headless: bool) -> EmbeddedServer:
    return EmbeddedServer(
        await temporal_binary(tell),
        data_dir=settings.var_dir,
        port=settings.temporal_port,
        ui_port=settings.temporal_ui_port,
        headless=headless,
        namespace=settings.temporal_namespace,
    )
