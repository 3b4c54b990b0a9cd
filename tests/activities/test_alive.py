"""Signs of life: what takes long is not begun a second time while it is still going on."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner, Worker

from activities.alive import Alive

AWAITED = 1.0
TAKES = 3.0


@activity.defn(name="long")
async def long() -> int:
    """Something that takes longer than a sign of life is waited for; answers which attempt it was."""
    if activity.info().attempt == 1:
        await asyncio.sleep(TAKES)
    return activity.info().attempt


@workflow.defn(name="Long")
class Long:
    """Asks for it."""

    @workflow.run
    async def run(self) -> int:
        """Which attempt was answered."""
        return await workflow.execute_activity(
            long,
            start_to_close_timeout=timedelta(seconds=30),
            heartbeat_timeout=timedelta(seconds=AWAITED),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50)),
        )


@pytest.mark.parametrize(("interceptors", "attempt"), [((Alive(),), 1), ((), 2)])
async def test_what_gives_signs_of_life_is_asked_once(
    temporal_client: Client, interceptors: tuple[Interceptor, ...], attempt: int
) -> None:
    """With them the first attempt is waited for; without them it is taken for dead, and a second is made."""
    queue = f"alive-{uuid4().hex[:8]}"
    async with Worker(
        temporal_client,
        task_queue=queue,
        workflows=[Long],
        activities=[long],
        interceptors=interceptors,
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        assert await temporal_client.execute_workflow("Long", id=queue, task_queue=queue, result_type=int) == attempt
