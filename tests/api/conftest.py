"""A whole house for the API's tests: a real Temporal server, a worker in this process, a real database."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client

import worker
from adapters.message_list import Messages
from adapters.papers import Papers
from api.app import create_app
from api.services import Services
from cli.preparation import PROGRAMMES, prepare
from runtime.settings import read_settings
from storage import keys
from storage.database import Database
from tests.api.house import Caller, House, secret


@asynccontextmanager
async def house_on(url: str, client: Client, folder: Path, *, terms: str = "", **changes: Any) -> AsyncIterator[House]:
    """Everything but the web server, on one database; its programme has a code that no other house has.

    ``terms`` are more of them, as YAML; ``changes`` are settings.
    """
    code = f"T{uuid4().hex[:6].upper()}"
    publish_as(code, folder, terms)
    address = client.service_client.config.target_host
    settings = read_settings(
        database_url=url,
        task_queue=f"api-{code}",
        var_dir=folder,
        temporal_address=address,
        **({"patience_seconds": 20, "hooks_private": True} | changes),
    )
    database = Database(url)
    await prepare(database, folder)
    app = create_app(Services(database, client, settings, Papers(folder), Messages(folder)))
    outside = worker.outside(settings, database, folder)
    transport = httpx.ASGITransport(app=app)
    async with (
        worker.build(client, settings, database, outside),
        httpx.AsyncClient(transport=transport, base_url="http://tenure.example", timeout=60) as http,
    ):
        house = House(code=code, app=app, http=http, database=database, client=client, settings=settings)
        house.caller = Caller(http, await secret(database, *keys.SCOPES))
        yield house
    await outside.payments.close()
    await database.close()


def publish_as(code: str, folder: Path, more: str = "") -> None:
    """The sample programme under another code: contracts of two houses never share a number."""
    target = folder / code.lower()
    shutil.copytree(PROGRAMMES / "hpg", target)
    terms = target / "terms.yaml"
    text = re.sub(r"^code: .*$", f"code: {code}", terms.read_text(), count=1, flags=re.MULTILINE)
    terms.write_text(text + more)


@pytest.fixture(scope="session")
async def house(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The house that most tests share: on SQLite."""
    folder = tmp_path_factory.mktemp("house")
    async with house_on(f"sqlite+aiosqlite:///{folder / 'tenure.db'}", temporal_client, folder) as made:
        yield made


@pytest.fixture
async def own_house(temporal_client: Client, tmp_path: Path) -> AsyncIterator[House]:
    """A house that a test may turn upside down: on SQLite."""
    async with house_on(f"sqlite+aiosqlite:///{tmp_path / 'tenure.db'}", temporal_client, tmp_path) as made:
        yield made


@pytest.fixture
async def any_house(database_url: str, temporal_client: Client, tmp_path: Path) -> AsyncIterator[House]:
    """A house of its own, on each kind of database in turn."""
    async with house_on(database_url, temporal_client, tmp_path) as made:
        yield made


@pytest.fixture
def caller(house: House) -> Caller:
    """Someone who may do everything."""
    return house.caller
