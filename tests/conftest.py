"""What every test may ask for: real servers, each started once a run and gone after it."""

import importlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from runtime.ports import free_port
from runtime.postgres_cluster import PostgresCluster
from runtime.progress import narration
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import read_settings, settings
from runtime.temporal import connect
from runtime.temporal_binary import temporal_binary
from runtime.temporal_server import EmbeddedServer
from storage.database import Database
from storage.migrate import upgrade
from tests.adapters.stripe_mock import stripe_mock
from tests.adapters.stripe_stand_in import StandIn, standing_in

# A test machine that is busy with servers is slow at times, which is no finding.
hypothesis.settings.register_profile("tenure", deadline=None)
hypothesis.settings.load_profile("tenure")


def pytest_configure() -> None:
    """Tests say what they need themselves: a developer's own settings must not leak into them."""
    for name in list(os.environ):
        if name.startswith(("TENURE_", "TEMPORAL_")):
            del os.environ[name]


@pytest.fixture(autouse=True)
def _settings_read_anew() -> Iterator[None]:
    """The settings that one test gave the process are forgotten before the next."""
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="session")
async def temporal_program() -> Path:
    """The `temporal` program of this machine."""
    with narration() as tell:
        return await temporal_binary(tell)


@pytest.fixture(scope="session")
async def temporal_server(temporal_program: Path) -> AsyncIterator[EmbeddedServer]:
    """A Temporal server that keeps nothing, with the search attributes that contracts carry."""
    async with EmbeddedServer(temporal_program, data_dir=None, headless=True) as server:
        client = await Client.connect(server.address)
        await ensure_search_attributes(client, _contract_attributes())
        yield server


@pytest.fixture(scope="session")
async def temporal_client(temporal_server: EmbeddedServer) -> Client:
    """A client of the test's Temporal server, made by the same factory as everywhere."""
    return await connect(read_settings(temporal_address=temporal_server.address))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresCluster]:
    """A private PostgreSQL cluster."""
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database, on each kind of server in turn."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'tenure.db'}"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_server")
    with cluster.database() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with all its tables, on each kind of server in turn."""
    made = Database(database_url)
    await upgrade(made)
    yield made
    await made.close()


@pytest.fixture(scope="session")
async def stripe_judge() -> AsyncIterator[str]:
    """The address of stripe-mock, which knows what Stripe takes."""
    async with stripe_mock() as address:
        yield address


@pytest.fixture
async def stripe_stand_in(stripe_judge: str) -> AsyncIterator[StandIn]:
    """A small Stripe with state; at the end, nothing that it was asked may have been malformed."""
    async with standing_in(stripe_judge) as made:
        yield made
        assert made.malformed == []


@pytest.fixture
def port() -> int:
    """A port on which nothing listens at the moment."""
    return free_port()


def _contract_attributes() -> tuple[SearchAttributeKey[Any], ...]:
    try:
        return tuple(importlib.import_module("workflows.attributes").ALL)
    except ModuleNotFoundError:
        return ()
