"""The three desks, each real, with somebody who works there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from activities.desk import DeskPort
from adapters.desk_embedded import EmbeddedDesk
from adapters.desk_roundup import Roundup
from adapters.desk_rt import RequestTracker
from runtime.postgres_cluster import PostgresCluster
from storage.database import Database
from storage.migrate import upgrade
from tests.desks.people import AtRequestTracker, AtRoundup, AtTheEmbedded, Person
from tests.desks.servers import PASSWORD, RequestTrackerServer, RoundupServer
from tests.desks.wiretap import Wiretap, wiretap

_METHODS = (b"GET ", b"POST ", b"PUT ", b"PATCH ")


@dataclass
class Desk:
    """A desk as Tenure reaches it, over a wire that can be cut, and somebody at it."""

    port: DeskPort
    wired: DeskPort
    person: Person
    tap: Wiretap
    kill: Callable[[], None]
    start: Callable[[], None]

    @property
    def name(self) -> str:
        """Which desk it is."""
        return self.port.name


@pytest.fixture(scope="session")
def rt_server() -> Iterator[RequestTrackerServer]:
    """A private Request Tracker."""
    with RequestTrackerServer() as server:
        yield server


@pytest.fixture(scope="session")
def roundup_server() -> Iterator[RoundupServer]:
    """A private Roundup."""
    with RoundupServer() as server:
        yield server


@pytest.fixture(params=["embedded", "rt", "roundup"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """Each desk in turn."""
    reached: Any = {"embedded": embedded, "rt": request_tracker, "roundup": roundup}[request.param]
    server = {"embedded": "postgres_server", "rt": "rt_server", "roundup": "roundup_server"}[request.param]
    async with reached(request.getfixturevalue(server)) as made:
        yield made


@asynccontextmanager
async def request_tracker(server: RequestTrackerServer) -> AsyncIterator[Desk]:
    """Request Tracker."""
    server.start()
    async with wiretap(server.port, _is_http) as tap:
        yield Desk(
            port=RequestTracker(server.url, server.token),
            wired=RequestTracker(f"http://127.0.0.1:{tap.port}", server.token),
            person=AtRequestTracker(server),
            tap=tap,
            kill=server.kill,
            start=server.start,
        )


@asynccontextmanager
async def roundup(server: RoundupServer) -> AsyncIterator[Desk]:
    """Roundup."""
    server.start()
    async with wiretap(server.port, _is_http) as tap:
        yield Desk(
            port=Roundup(server.tracker_url, PASSWORD),
            wired=Roundup(f"http://127.0.0.1:{tap.port}/tenure", PASSWORD, web=server.tracker_url),
            person=AtRoundup(server),
            tap=tap,
            kill=server.kill,
            start=server.start,
        )


@asynccontextmanager
async def embedded(cluster: PostgresCluster) -> AsyncIterator[Desk]:
    """The embedded desk, on a PostgreSQL that it can be cut off from."""
    with cluster.database() as url:
        direct = Database(url)
        await upgrade(direct)
        # Statements, and nothing of the handshake before them.
        async with wiretap(cluster.port, lambda piece: piece[:1] in {b"P", b"Q", b"B"}) as tap:
            cut = Database(make_url(url).set(port=tap.port).render_as_string(hide_password=False))
            yield Desk(
                port=EmbeddedDesk(direct),
                wired=EmbeddedDesk(cut),
                person=AtTheEmbedded(direct),
                tap=tap,
                kill=lambda: None,
                start=lambda: None,
            )
            await cut.close()
        await direct.close()


def _is_http(piece: bytes) -> bool:
    return piece.startswith(_METHODS)
