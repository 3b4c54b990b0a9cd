"""A whole house to be measured: Temporal, a worker, the API and a database, each a process of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from temporalio.client import Client

from adapters.programme_files import Programme
from bench.processes import Cpu, megabytes, peak_megabytes, port_owner
from cli.preparation import opened, prepare
from runtime import child
from runtime.ports import free_ports
from runtime.postgres_cluster import PostgresCluster
from runtime.progress import narration
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import CHECKOUT, Settings, read_settings, variable
from runtime.temporal import connect
from runtime.temporal_binary import temporal_binary
from runtime.temporal_production import ProductionServer, production_programs
from runtime.temporal_server import EmbeddedServer
from storage import keys
from storage.database import Database
from workflows.attributes import ALL

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
DATABASES = (SQLITE, POSTGRESQL)
PRODUCTION = "PostgreSQL, Temporal's too"
"""Everything in one PostgreSQL, with Temporal's production server."""
_STARTS_WITHIN = 60


@dataclass(frozen=True, slots=True)
class House:
    """Everything, running; ``pids`` are its processes by name, the database's among them where it has any."""

    settings: Settings
    client: Client
    database: Database
    programmes: Mapping[str, Programme]
    http: httpx.AsyncClient
    pids: dict[str, int]

    def cpu(self) -> Cpu:
        """The processor time of all its processes, from now on."""
        return Cpu(self.pids)

    def memory(self) -> dict[str, dict[str, float]]:
        """What each process holds now, and the most that it has held, in MB."""
        return {name: {"now": megabytes(pid), "peak": peak_megabytes(pid)} for name, pid in self.pids.items()}


@asynccontextmanager
async def house(folder: Path, kind: str = SQLITE) -> AsyncIterator[House]:
    """A house with its data in a folder, and its own tables in SQLite there or in a PostgreSQL of its own.

    The embedded Temporal server keeps its data in SQLite either way, the production server in the same PostgreSQL.
    """
    with _cluster(kind) as cluster, _database(folder, cluster) as url:
        async with _temporal(folder, cluster if kind == PRODUCTION else None) as (address, server):
            (api,) = free_ports(1)
            settings = read_settings(
                var_dir=folder, database_url=url, temporal_address=address, api_port=api, log_level="WARNING"
            )
            client = await connect(settings)
            await ensure_search_attributes(client, ALL)
            async with opened(settings) as database:
                pids = {"server": server} | ({"postgresql": port_owner(cluster.port)} if cluster else {})
                async with _served(settings, client, database, pids) as running:
                    yield running


@contextmanager
def _cluster(kind: str) -> Iterator[PostgresCluster | None]:
    if kind == SQLITE:
        yield None
        return
    with PostgresCluster(durable=True) as cluster:
        yield cluster


@contextmanager
def _database(folder: Path, cluster: PostgresCluster | None) -> Iterator[str]:
    if cluster is None:
        yield f"sqlite+aiosqlite:///{folder / 'tenure.db'}"
        return
    with cluster.database() as url:
        yield url


@asynccontextmanager
async def _temporal(folder: Path, cluster: PostgresCluster | None) -> AsyncIterator[tuple[str, int]]:
    """A Temporal server: its address, and its process. The production server is that on a cluster."""
    with narration() as tell:
        if cluster is not None:
            programs = await production_programs(tell)
        else:
            binary = await temporal_binary(tell)
    if cluster is not None:
        async with ProductionServer(programs, cluster) as production:
            yield production.address, production.pid
        return
    port, ui = free_ports(2)
    async with EmbeddedServer(binary, data_dir=folder, port=port, ui_port=ui, headless=True) as server:
        yield server.address, port_owner(server.port)


@asynccontextmanager
async def _served(settings: Settings, client: Client, database: Database, pids: dict[str, int]) -> AsyncIterator[House]:
    """The worker and the API on what is there, and a caller who may do anything."""
    programmes = {one.terms.code: one for one in await prepare(database)}
    async with database.write() as connection:
        _, secret = await keys.create(connection, "bench", keys.SCOPES)
    worker = start(settings, "bench.worker")
    api = start(settings, "cli", "api")
    try:
        headers = {"Authorization": f"Bearer {secret}"}
        base = f"http://127.0.0.1:{settings.api_port}"
        # The server lets go of a connection that rests for 5 s: the client must do so earlier.
        limits = httpx.Limits(max_connections=None, keepalive_expiry=2)
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=120, limits=limits) as http:
            await answers(http, "/ready")
            pids |= {"worker": worker.pid, "api": api.pid}
            yield House(settings, client, database, programmes, http, pids)
    finally:
        await asyncio.to_thread(child.stop, api)
        await asyncio.to_thread(child.stop, worker)


def start(settings: Settings, *module: str) -> subprocess.Popen[bytes]:
    """A process of the house: `python -m` with the house's settings."""
    names = ("var_dir", "database_url", "temporal_port", "temporal_ui_port", "api_port", "log_level")
    environment = {variable(name): str(getattr(settings, name)) for name in names}
    if settings.temporal_address:
        environment[variable("temporal_address")] = settings.temporal_address
    return child.start([sys.executable, "-m", *module], env=os.environ | environment | {"PYTHONPATH": str(CHECKOUT)})


async def answers(http: httpx.AsyncClient, path: str, still_runs: Callable[[], bool] = lambda: True) -> None:
    """Wait until a page is there. Raises TimeoutError when it is not within a minute."""
    async with asyncio.timeout(_STARTS_WITHIN):
        while still_runs():
            try:
                if (await http.get(path)).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.02)
    raise RuntimeError(f"the process ended before {path} answered")
