"""A house of real processes that may be killed and started again on the same data: everything between API and disk."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx
from temporalio.client import Client

from bench.chaos import api, nursery, programmes, worker
from bench.chaos.illness import Illnesses
from bench.chaos.listeners import Listener, listening
from bench.chaos.post import PostOffice, post_office
from runtime import deployments
from runtime.ports import LOOPBACK, is_free
from runtime.postgres_cluster import PostgresCluster
from runtime.progress import narration
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import Settings, read_settings
from runtime.temporal import connect
from runtime.temporal_binary import temporal_binary
from runtime.temporal_server import EmbeddedServer
from storage import keys
from storage import programmes as published
from storage.database import Database
from storage.migrate import upgrade
from workflows.attributes import ALL

WORKERS = 2
LISTENERS = 2
LOOKS = 4
"""As many contracts are compared at once: each comparison takes two of the ten connections that there are."""
_READY_WITHIN = 60
_NEW_BUILD_WITHIN = timedelta(seconds=90)
DEPLOYMENT = "tenure-chaos"
LASTING = range(15_000, 32_000)
"""Below those that a client's end of a wire gets."""


@dataclass(slots=True)
class House:
    """Everything of one house; ``workers`` and ``api`` are processes, and change when they are killed."""

    folder: Path
    settings: Settings
    temporal: EmbeddedServer
    postgres: PostgresCluster
    client: Client
    database: Database
    illnesses: Illnesses
    office: PostOffice
    listeners: list[Listener]
    secret: str
    workers: list[ForkServerProcess] = field(default_factory=list)
    api: ForkServerProcess | None = None
    build: int = 1
    shaken: asyncio.Lock = field(default_factory=asyncio.Lock)
    looks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LOOKS))

    @property
    def base(self) -> str:
        """Where the API is."""
        return f"http://{LOOPBACK}:{self.settings.api_port}"

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client of the API, with a key that may do everything."""
        headers = {"Authorization": f"Bearer {self.secret}"}
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        async with httpx.AsyncClient(base_url=f"{self.base}/v1", headers=headers, timeout=60, limits=limits) as http:
            yield http

    async def begin(self) -> None:
        """Start workers and API, and wait until the API is ready."""
        self.workers = [self._start(worker.main) for _ in range(WORKERS)]
        await self._become_current()
        self.api = self._start(api.main)
        await self._ready()

    async def end(self) -> None:
        """Stop what runs, in order."""
        running = [*self.workers, *([self.api] if self.api else [])]
        await asyncio.gather(*(asyncio.to_thread(nursery.stop, process) for process in running))

    async def kill_worker(self, which: int) -> None:
        """End a worker without a word, and start another in its place."""
        nursery.kill(self.workers[which])
        self.workers[which] = self._start(worker.main)

    async def kill_api(self) -> None:
        """End the API without a word, and start it again."""
        if self.api:
            nursery.kill(self.api)
        self.api = self._start(api.main)
        await self._ready()

    async def kill_temporal(self, away: float) -> None:
        """End the Temporal server without a word, and start it again on its data."""
        await self.temporal.kill()
        await asyncio.sleep(away)
        await self.temporal.__aenter__()

    async def kill_postgres(self, away: float) -> None:
        """End PostgreSQL without a word, and start it again on its data."""
        self.postgres.kill()
        await asyncio.sleep(away)
        self.postgres.start()

    async def upgrade(self) -> None:
        """Put another build in the place of the one that runs: its workers start, then those of the old one stop."""
        self.build += 1
        old, self.workers = self.workers, [self._start(worker.main) for _ in range(WORKERS)]
        await self._become_current()
        await asyncio.gather(*(asyncio.to_thread(nursery.stop, process) for process in old))

    async def _become_current(self) -> None:
        """Whatever is not begun yet or may go over goes to the build whose workers have started."""
        await deployments.make_current(self.client, DEPLOYMENT, str(self.build), patience=_NEW_BUILD_WITHIN)

    def _start(self, work: Callable[[Path], None]) -> ForkServerProcess:
        read = self.settings
        told = {
            "TENURE_VAR_DIR": str(self.folder),
            "TENURE_DATABASE_URL": read.database_url,
            "TENURE_TEMPORAL_ADDRESS": str(read.temporal_address),
            "TENURE_API_PORT": str(read.api_port),
            "TENURE_SMTP_HOST": str(read.smtp_host),
            "TENURE_SMTP_PORT": str(read.smtp_port),
            "TENURE_HOOKS_PRIVATE": "1",
            "TENURE_PATIENCE_SECONDS": str(read.patience_seconds),
            "TENURE_WORKER_DEPLOYMENT": DEPLOYMENT,
            "TENURE_BUILD_ID": str(self.build),
            "TENURE_LOG_LEVEL": "WARNING",
        }
        log = self.folder / f"{work.__module__.rpartition('.')[2]}.log"
        return nursery.start(work, self.folder / "programmes", output=log, env=told)

    async def _ready(self) -> None:
        async with asyncio.timeout(_READY_WITHIN), httpx.AsyncClient() as http:
            while True:
                try:
                    if (await http.get(f"{self.base}/ready")).is_success:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)


@asynccontextmanager
async def standing(folder: Path, *, patience: float) -> AsyncIterator[House]:
    """A house that stands for as long as the block lasts, with its data in a folder; no process outlives it."""
    with narration() as tell:
        binary = await temporal_binary(tell)
    temporal, ui, api, smtp, database_port, *ports = _lasting_ports(5 + LISTENERS)
    programmes.write(folder / "programmes")
    illnesses = Illnesses(folder)
    listeners = [Listener(f"listener-{index}", port, illnesses) for index, port in enumerate(ports, start=1)]
    async with AsyncExitStack() as stack:
        postgres = PostgresCluster(durable=True)
        postgres.port = database_port
        stack.enter_context(postgres)
        url = stack.enter_context(postgres.database())
        server = EmbeddedServer(binary, data_dir=folder, port=temporal, ui_port=ui, headless=True)
        await stack.enter_async_context(server)
        settings = read_settings(
            var_dir=folder,
            database_url=url,
            temporal_address=server.address,
            api_port=api,
            smtp_host=LOOPBACK,
            smtp_port=smtp,
            patience_seconds=patience,
        )
        client = await connect(settings)
        await ensure_search_attributes(client, ALL)
        database = Database(url)
        stack.push_async_callback(database.close)
        secret = await _prepared(database)
        office = await stack.enter_async_context(post_office(illnesses, smtp))
        await stack.enter_async_context(listening(listeners))
        house = House(folder, settings, server, postgres, client, database, illnesses, office, listeners, secret)
        stack.push_async_callback(house.end)
        await house.begin()
        await _introduce(house)
        yield house


def _lasting_ports(count: int) -> list[int]:
    """Free ports that stay free while their server is away: the system gives none of them to a client's wire."""
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(LASTING)
        if port not in found and is_free(port):
            found.append(port)
    return found


async def _prepared(database: Database) -> str:
    """Tables, programmes, and a key that may do everything."""
    await upgrade(database)
    async with database.write() as connection:
        for programme in (variant for group in programmes.offered().values() for variant in group):
            await published.store(
                connection,
                code=programme.terms.code,
                version=programme.terms.version,
                terms=programme.terms.model_dump(mode="json"),
                catalogue=programme.catalogue.model_dump(mode="json"),
                sha256=programme.sha256,
            )
        _, secret = await keys.create(connection, "chaos", keys.SCOPES)
    return secret


async def _introduce(house: House) -> None:
    """Let the listeners hear everything that happens on test clocks."""
    async with house.calling() as http:
        for listener in house.listeners:
            headers = {"Idempotency-Key": listener.name}
            answer = await http.post("/event-endpoints", json={"url": listener.url, "trial": True}, headers=headers)
            listener.secret = answer.raise_for_status().json()["secret"]
