"""Contracts that live on a real server: started, asked, moved forward, waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker, WorkerDeploymentConfig

from domain.commands import Quote
from domain.envelope import Command
from domain.state import RULES_VERSION
from domain.takeover.commands import TakeOver
from domain.view import View
from tests.workflows.world import MemoryWorld
from workflows.contract import ContractWorkflow
from workflows.messages import Advance, ContractStart, Taken


class Contract:
    """One contract on the server, on a test clock of its own."""

    def __init__(self, client: Client, queue: str, first: Quote | TakeOver, world: MemoryWorld) -> None:
        self.client, self.queue, self.world = client, queue, world
        self.first = first.model_copy(update={"number": f"SMP-{uuid4().hex[:10]}"})
        self.number = self.first.number

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        """The contract's workflow, whichever run is current."""
        return self.client.get_workflow_handle(f"contract:{self.number}")

    async def begin(self, at: datetime, **start: Any) -> None:
        """Offer it, or take it over."""
        opening = {"quote" if isinstance(self.first, Quote) else "takeover": self.first}
        given = ContractStart.model_validate(opening | {"now": at, "clock": "own", "rules": RULES_VERSION} | start)
        await self.start(given)
        await self.settled(at)

    async def start(self, start: ContractStart) -> None:
        """Begin a run of it with whatever a run may begin with."""
        await self.client.start_workflow("Contract", start, id=f"contract:{self.number}", task_queue=self.queue)

    async def is_settled(self) -> bool:
        """Whether it has nothing to do, and nothing to write down."""
        return bool(await self.handle.query("settled", result_type=bool))

    async def give(self, command: Command, *, key: str | None = None) -> Taken:
        """Ask something of it; raises what the contract answers."""
        kind = str(getattr(command, "kind", ""))
        taken: Taken = await self.handle.execute_update(kind, command, id=key, result_type=Taken)
        return taken

    async def move(self, to: datetime) -> None:
        """Move its clock, and wait until it has done what falls due; a contract that is over has nothing left to do."""
        move = Advance(id=f"to-{to:%Y%m%d%H%M%S}", to=to)
        try:
            await self.handle.execute_update("advance", move, result_type=View)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            await self.handle.result()
        else:
            await self.settled(to)

    async def settled(self, to: datetime) -> None:
        """Wait until it has done what falls due until then, and written it down."""

        def done() -> bool:
            view = self.world.views.get(self.number)
            return view is not None and view.now >= to and (view.next is None or view.next.at > to)

        await eventually(done)
        await eventually(self._quiet)

    async def _quiet(self) -> bool:
        view: View = await self.handle.query("view", result_type=View)
        return self.world.views[self.number].version == view.version

    async def play(self, steps: list[tuple[datetime, Command]], until: datetime) -> None:
        """Give each command at its instant, and live on until the end."""
        for at, command in steps:
            await self.move(at)
            await self.give(command)
        await self.move(until)


async def eventually(condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 30) -> None:
    """Wait until a condition holds. Raises TimeoutError when it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def worker(
    client: Client,
    world: MemoryWorld,
    *,
    cached: int = 1000,
    queue: str | None = None,
    deployment: WorkerDeploymentConfig | None = None,
) -> AsyncIterator[str]:
    """A worker for contracts in a world; yields its task queue, one of its own where none is given."""
    queue = queue or f"test-{uuid4().hex[:8]}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[ContractWorkflow],
        activities=world.activities(),
        max_cached_workflows=cached,
        deployment_config=deployment,
    ):
        yield queue
