"""A query that comes while nobody works leaves no history behind that cannot be read again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

from runtime.rereading import Rereading
from tests.workflows.living import eventually

TIMES = 6
"""Without the runner three of four histories could not be read again."""
_MINUTE = timedelta(minutes=1)
_A_MOMENT = 0.3


class Work:
    """An activity that waits until somebody lets it end."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()

    @activity.defn(name="work")
    async def work(self) -> None:
        """Wait."""
        await self.may_end.wait()


@workflow.defn(name="Asked")
class Asked:
    """It works, says in its memo that it has, and answers who asks."""

    def __init__(self) -> None:
        self._done = False
        self._asked = 0

    @workflow.run
    async def run(self, activities: str) -> None:
        """Work, and wait for ever."""
        await workflow.execute_activity("work", task_queue=activities, start_to_close_timeout=_MINUTE)
        self._done = True
        workflow.upsert_memo({"done": True})
        await workflow.wait_condition(lambda: False)

    @workflow.update(name="ask")
    async def ask(self) -> int:
        """Answer when it has worked."""
        await workflow.wait_condition(lambda: self._done)
        self._asked += 1
        return self._asked

    @workflow.query(name="look")
    def look(self) -> bool:
        """Whether it has worked."""
        return self._done


def serving(client: Client, queue: str) -> Worker:
    """A worker with the runner of ours."""
    runner = Rereading()
    return runner.serve(Worker(client, task_queue=queue, workflows=[Asked], workflow_runner=runner))


async def scheduled(handle: WorkflowHandle[Any, Any], kind: EventType.ValueType) -> None:
    """Wait until the history has an event of a kind."""

    async def there() -> bool:
        return kind in [event.event_type for event in (await handle.fetch_history()).events]

    await eventually(there)


async def asked_while_nobody_works(client: Client) -> WorkflowHandle[Any, Any]:
    """A workflow whose worker goes, which is asked a query, gets on, is asked an update, and has a worker again."""
    queue, work = f"asked-{uuid4().hex[:8]}", Work()
    handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(queue)
    async with Worker(client, task_queue=f"{queue}-work", activities=[work.work]):
        async with serving(client, queue):
            await client.start_workflow("Asked", f"{queue}-work", id=queue, task_queue=queue)
            await scheduled(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
        named = WorkflowExecution(workflow_id=queue)
        unstuck = ResetStickyTaskQueueRequest(namespace=client.namespace, execution=named)
        await client.workflow_service.reset_sticky_task_queue(unstuck)
        look = asyncio.create_task(handle.query("look"))
        await asyncio.sleep(_A_MOMENT)
        work.may_end.set()
        await scheduled(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
        ask = asyncio.create_task(handle.execute_update("ask"))
        await asyncio.sleep(_A_MOMENT)
        async with serving(client, queue):
            assert await look in {True, False}
            assert await ask == 1
    return handle


async def test_what_was_asked_while_nobody_worked_can_be_read_again(temporal_client: Client) -> None:
    """A query on its own, events after it, and an update with the next task: the history can be read again."""
    handles = await asyncio.gather(*(asked_while_nobody_works(temporal_client) for _ in range(TIMES)))
    replayer = Replayer(workflows=[Asked], workflow_runner=UnsandboxedWorkflowRunner())
    for handle in handles:
        await replayer.replay_workflow(await handle.fetch_history())
        await handle.terminate()


async def test_it_goes_on_after_a_query_on_its_own(temporal_client: Client) -> None:
    """Whoever asks again and again, with updates in between, is answered each time."""
    queue, work = f"asked-{uuid4().hex[:8]}", Work()
    work.may_end.set()
    async with (
        Worker(temporal_client, task_queue=f"{queue}-work", activities=[work.work]),
        serving(temporal_client, queue),
    ):
        handle = await temporal_client.start_workflow("Asked", f"{queue}-work", id=queue, task_queue=queue)
        for time in range(1, 6):
            assert await handle.execute_update("ask") == time
            assert await handle.query("look")
            assert await handle.query("look")
        await handle.terminate()
