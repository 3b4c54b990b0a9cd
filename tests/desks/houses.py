"""A house with a real desk, and cases in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from temporalio.client import Client

from cli.preparation import begin_watching
from tests.api.conftest import house_on
from tests.api.house import House


@asynccontextmanager
async def house_at(client: Client, folder: Path, desk: dict[str, Any], **more: Any) -> AsyncIterator[House]:
    """A house whose contracts hear the desk."""
    url = f"sqlite+aiosqlite:///{folder / 'tenure.db'}"
    async with house_on(url, client, folder, **(desk | {"desk_poll_seconds": 1} | more)) as house:
        await begin_watching(client, house.settings)
        yield house
        watch = client.get_workflow_handle(f"desk:{house.settings.task_queue}")
        await watch.terminate("the test is over")
