"""A house with every programme that ships, and contracts on test clocks of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.campaigns.portfolio import Estate, estate_on


@pytest.fixture(scope="session")
async def estate(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Estate]:
    """The house that the campaigns' tests share: on SQLite."""
    folder = tmp_path_factory.mktemp("estate")
    async with estate_on(f"sqlite+aiosqlite:///{folder / 'tenure.db'}", temporal_client, folder) as made:
        yield made


@pytest.fixture
async def any_estate(database_url: str, temporal_client: Client, tmp_path: Path) -> AsyncIterator[Estate]:
    """A house of its own, on each kind of database in turn."""
    async with estate_on(database_url, temporal_client, tmp_path) as made:
        yield made
