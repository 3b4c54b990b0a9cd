"""The house that is measured: PostgreSQL, Temporal's production server, a worker and an API, a process each."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import func, select
from temporalio.client import Client

from bench.processes import peak_megabytes
from cli.preparation import opened, prepare
from runtime import child
from runtime.ports import LOOPBACK, free_ports
from runtime.postgres_cluster import PostgresCluster
from runtime.progress import narration
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import CHECKOUT, Settings, read_settings
from runtime.temporal import connect
from runtime.temporal_production import ProductionServer, production_programs
from storage import keys
from storage.database import Database
from workflows.attributes import ALL

OURS = "tenure"
DATABASES = (OURS, "temporal", "temporal_visibility")


@dataclass(slots=True)
class House:
    """Everything, running; the worker and the API can be started anew."""

    settings: Settings
    client: Client
    database: Database
    cluster: PostgresCluster
    server: ProductionServer
    secret: str
    metrics: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The API's address."""
        return self.settings.public_url

    @property
    def pids(self) -> dict[str, int]:
        """Every process by its name; PostgreSQL's is the first of its own."""
        ours = {name: process.pid for name, process in self.processes.items()}
        return {"temporal": self.server.pid, "postgresql": self.cluster.pid, **ours}

    async def start(self, name: str) -> None:
        """Start the worker or the API, after the one that runs has ended."""
        await self.stop(name)
        command = [sys.executable, "-m", "cli", name]
        self.processes[name] = process = child.start(command, env=self._environment(name))
        await _answers(process, f"{self.base}/ready" if name == "api" else f"http://{self.metrics}/metrics")

    async def stop(self, name: str) -> None:
        """End the worker or the API, if it runs."""
        if name in self.processes:
            await asyncio.to_thread(child.stop, self.processes.pop(name))

    def environment(self) -> dict[str, str]:
        """What a process of the house is told."""
        return os.environ | {
            "TENURE_VAR_DIR": str(self.settings.var_dir),
            "TENURE_DATABASE_URL": self.settings.database_url,
            "TENURE_TEMPORAL_ADDRESS": str(self.settings.temporal_address),
            "TENURE_LOG_LEVEL": "WARNING",
            "TENURE_SPREAD_SECONDS": str(self.settings.spread_seconds),
            "TENURE_MAX_CACHED_WORKFLOWS": str(self.settings.max_cached_workflows),
            "PYTHONPATH": str(CHECKOUT),
        }

    def _environment(self, name: str) -> dict[str, str]:
        special = {"api": {"TENURE_API_PORT": str(self.settings.api_port)}}
        special["worker"] = {"TENURE_METRICS_ADDRESS": self.metrics}
        return self.environment() | special[name]

    async def counters(self) -> dict[str, float]:
        """The worker's own counters, by name, summed over their labels."""
        async with httpx.AsyncClient() as http:
            text = (await http.get(f"http://{self.metrics}/metrics")).text
        sums: dict[str, float] = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.split("{")[0].split(" ")[0], line.rsplit(" ", 1)[1]
                sums[name] = sums.get(name, 0.0) + float(value)
        return sums

    async def sizes(self) -> dict[str, int]:
        """Bytes of each database, tables and indexes."""
        async with self.database.read() as connection:
            sizes = [int(await connection.scalar(select(func.pg_database_size(name))) or 0) for name in DATABASES]
        return dict(zip(DATABASES, sizes, strict=True))


@asynccontextmanager
async def house(folder: Path, *, shards: int, **told: Any) -> AsyncIterator[House]:
    """The house with its data in a folder, where the next one finds them; some settings by hand."""
    with narration() as tell:
        programs = await production_programs(tell)
    with PostgresCluster(folder / "postgresql", shared_buffers="256MB") as cluster:
        cluster.make_database(OURS)
        async with (
            ProductionServer(programs, cluster, history_shards=shards) as server,
            _furnished(folder, cluster, server, told) as furnished,
        ):
            yield furnished


@asynccontextmanager
async def _furnished(
    folder: Path, cluster: PostgresCluster, server: ProductionServer, told: Mapping[str, Any]
) -> AsyncIterator[House]:
    api_port, metrics_port = free_ports(2)
    settings = read_settings(
        var_dir=folder, database_url=cluster.url(OURS), temporal_address=server.address, api_port=api_port, **told
    )
    client = await connect(settings)
    await ensure_search_attributes(client, ALL)
    async with opened(settings) as database:
        await prepare(database)
        async with database.write() as connection:
            _, secret = await keys.create(connection, "bench", keys.SCOPES)
        made = House(settings, client, database, cluster, server, secret, f"{LOOPBACK}:{metrics_port}")
        try:
            await made.start("worker")
            await made.start("api")
            yield made
        finally:
            for name in ("api", "worker"):
                await made.stop(name)


async def _answers(process: subprocess.Popen[bytes], url: str) -> None:
    async with asyncio.timeout(120), httpx.AsyncClient() as http:
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"the process that was to answer at {url} has ended")
            try:
                if (await http.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Processor seconds that each has used so far, with its children, those that have ended too."""
    return {name: sum(_seconds(process) for process in _family(pid)) for name, pid in pids.items()}


def megabytes(pids: Mapping[str, int]) -> dict[str, float]:
    """What each holds in memory now, in MB; what its processes share counts once."""
    return {name: round(sum(_held(process.pid) for process in _family(pid)), 1) for name, pid in pids.items()}


def peaks(pids: Mapping[str, int]) -> dict[str, float]:
    """The most that each has held, in MB; not of PostgreSQL, whose processes share most of it."""
    return {name: peak_megabytes(pid) for name, pid in pids.items() if name != "postgresql"}


def _family(pid: int) -> list[psutil.Process]:
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def _seconds(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(used.user + used.system + used.children_user + used.children_system)


def _held(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
