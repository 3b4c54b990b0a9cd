"""What waits for people is told as it is, whichever way the telling goes: alone, or with much else at once."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from domain.commands import Change
from domain.state import Contract as State
from domain.tasks import tasks
from tests.domain.samples import quote, utc
from tests.workflows.lives import ACCEPT, CHECKOUT
from tests.workflows.living import Contract, worker
from tests.workflows.world import MemoryWorld
from workflows.catalogue import BATCH

BEGUN, QUOTED, OVER = utc(2027, 1, 31), utc(2028, 1, 10), utc(2028, 4, 1)


@pytest.mark.parametrize("batch", [1, BATCH])
async def test_a_task_that_was_told_with_much_else_is_closed(temporal_client: Client, batch: int) -> None:
    """A renewal that nobody answers waits for somebody, and no longer when the contract is over."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(), world)
        await contract.begin(BEGUN, batch=batch)
        await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        await contract.give(Change(id="quarterly", line="1", period=3))
        await contract.move(QUOTED)
        state: State = await contract.handle.query("contract", result_type=State)
        assert world.tasks[contract.number] == tasks(state) != ()
        await contract.move(OVER)
    assert world.tasks[contract.number] == ()
