"""The worker that is measured: the one of `./tenure worker`, and in the same process the one of the floor."""

from __future__ import annotations

import asyncio

from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.floor import QUEUE, Bare, Floor, nothing
from cli.lifetime import run
from cli.preparation import opened
from cli.serve import House, working
from runtime.logging import configure_logging
from runtime.settings import settings
from runtime.temporal import connect


async def _work() -> None:
    read = settings()
    configure_logging(read.log_level)
    client = await connect(read)
    floor = Worker(
        client,
        task_queue=QUEUE,
        workflows=[Floor, Bare],
        activities=[nothing],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with opened(read) as database, working(House(read, client, database)), floor:
        await asyncio.Event().wait()


if __name__ == "__main__":
    run(_work())
