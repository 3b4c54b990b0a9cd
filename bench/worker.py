"""The worker that is measured: one process for contracts, the same process for the floor."""

from __future__ import annotations

import asyncio

from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import worker as workers
from bench.floor import Floor, nothing
from cli.lifetime import run
from cli.preparation import opened
from runtime.settings import settings
from runtime.temporal import connect


async def _work() -> None:
    read = settings()
    client = await connect(read)
    async with opened(read) as database:
        contracts = workers.build(client, read, database, workers.outside(read, database))
        floor = Worker(
            client,
            task_queue="floor",
            workflows=[Floor],
            activities=[nothing],
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        async with contracts, floor:
            await asyncio.Event().wait()


if __name__ == "__main__":
    run(_work())
