"""A campaign whose workers are killed on the way: the next one goes on, and each contract is quoted once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.client import Client

from runtime import child
from runtime.settings import CHECKOUT
from tests.campaigns.portfolio import Estate, estate_on

KILLS = 2


@asynccontextmanager
async def worker(estate: Estate, log: Path) -> AsyncIterator[None]:
    """A worker of the house in a process of its own; killed at the end with a signal that nobody can handle."""
    environment = {
        "TENURE_DATABASE_URL": estate.settings.database_url,
        "TENURE_TASK_QUEUE": estate.settings.task_queue,
        "TENURE_PATIENCE_SECONDS": "20",
        "TEMPORAL_ADDRESS": str(estate.settings.temporal_address),
        "PATH": "/usr/bin:/bin",
    }
    with log.open("ab") as output:
        process = child.start([CHECKOUT / "tenure", "worker"], output=output.fileno(), env=environment)
    try:
        yield
    finally:
        await asyncio.to_thread(child.stop, process, end_signal=signal.SIGKILL)


@pytest.mark.rule("COM-3")
async def test_killed_workers_cost_time_and_nothing_else(
    database_url: str, temporal_client: Client, tmp_path: Path
) -> None:
    """Killed twice in the middle of its batches, a campaign quotes every contract once, and its sums add up."""
    async with estate_on(database_url, temporal_client, tmp_path, working=False) as estate:
        log = tmp_path / "worker.log"
        async with worker(estate, log):
            clock = await estate.clock()
            numbers = await estate.people(clock, monthly=16, machine=8)
            await estate.advance(clock, "2027-07-01T09:00:00Z")
            selection = {"ends_until": "2099-12-31", "test_clock": clock}
            pace = {"batch": 12, "at_once": 4, "per_second": 4}
            begun = await estate.caller.post("/v1/campaigns", {"name": "Killed", "selection": selection, "pace": pace})
            await _answered(estate, begun["id"], 5)
        for answered in (14, len(numbers))[:KILLS]:
            async with worker(estate, log):
                await _answered(estate, begun["id"], answered)
                if answered == len(numbers):
                    shown = await estate.finished(begun["id"], seconds=120)
                    quoted = [await estate.quoted(number) for number in numbers]
    assert shown["outcomes"] == {"quoted": len(numbers)}
    assert shown["selected"] == len(numbers)
    assert quoted == [1] * len(numbers)


async def _answered(estate: Estate, campaign: str, count: int) -> None:
    def so_many(shown: dict[str, dict[str, int]]) -> bool:
        return sum(shown["outcomes"].values()) - shown["outcomes"].get("waiting", 0) >= count

    await estate.sees(campaign, so_many, seconds=120)
