"""Records the histories that the replay gate replays: `make histories`, when a new path is worth keeping.

Recorded histories are kept for good: a change that breaks one would break a contract that sleeps in production.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from temporalio.client import Client

from runtime.progress import narration
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import Settings
from runtime.temporal import connect
from runtime.temporal_binary import temporal_binary
from runtime.temporal_server import EmbeddedServer
from tests.workflows.lives import LIVES
from tests.workflows.living import Contract, worker
from tests.workflows.world import MemoryWorld
from workflows import attributes

HISTORIES = Path(__file__).parent / "histories"


async def record(client: Client, release: str) -> list[Path]:
    """Play every life once and save the history of each of its runs, as played by this release."""
    saved: list[Path] = []
    for title, (offered, begins, steps, until) in LIVES.items():
        world = MemoryWorld()
        async with worker(client, world) as queue:
            contract = Contract(client, queue, offered, world)
            await contract.begin(begins)
            await contract.play(steps, until)
        saved += await _save(client, contract.number, f"{release}-{_slug(title)}")
    return saved


async def _save(client: Client, number: str, name: str) -> list[Path]:
    paths: list[Path] = []
    first = (await client.get_workflow_handle(f"contract:{number}").describe()).raw_description
    run_id = first.workflow_execution_info.first_run_id
    while run_id:
        history = await client.get_workflow_handle(f"contract:{number}", run_id=run_id).fetch_history()
        path = HISTORIES / f"{name}-{len(paths) + 1}.json"
        path.write_text(history.to_json() + "\n")
        paths.append(path)
        last = history.events[-1]
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return paths


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


async def main(release: str) -> None:
    """Play the lives on a server in memory and keep their histories."""
    with narration() as tell:
        binary = await temporal_binary(tell)
    async with EmbeddedServer(binary, data_dir=None, headless=True) as server:
        client = await connect(Settings(temporal_address=server.address))
        await ensure_search_attributes(client, attributes.ALL)
        for path in await record(client, release):
            sys.stdout.write(f"{path.name}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
