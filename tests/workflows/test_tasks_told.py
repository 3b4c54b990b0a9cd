"""What waits for people is told as it is, whichever way the telling goes: alone, or with much else at once."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from domain.commands import AdvanceCase, Change, OpenCase
from domain.state import Contract as State
from domain.tasks import tasks
from tests.domain.samples import quote, terms, utc
from tests.workflows.lives import ACCEPT, CHECKOUT
from tests.workflows.living import Contract, worker
from tests.workflows.world import MemoryWorld
from workflows.catalogue import BATCH

BEGUN, QUOTED, RENEWED, OVER = utc(2027, 1, 31), utc(2028, 1, 10), utc(2028, 2, 10), utc(2028, 4, 1)


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


@pytest.mark.parametrize("batch", [1, BATCH])
async def test_a_task_of_an_earlier_run_is_closed_by_the_first_word_of_a_later_one(
    temporal_client: Client, batch: int
) -> None:
    """A call for help is taken in one term, and settled in the next, in which nothing else was told before."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(
            temporal_client, queue, quote(under=terms(renewal={"mode": "tacit"}, billing={"mode": "in_arrears"})), world
        )
        await contract.begin(BEGUN, batch=batch)
        await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        await contract.give(OpenCase(id="help", serial="SN1", subject="stripes"))
        state: State = await contract.handle.query("contract", result_type=State)
        assert world.tasks[contract.number] == tasks(state) != ()
        await contract.move(RENEWED)
        await contract.give(AdvanceCase(id="helped", case=state.cases[0].id, close=True))
    assert world.tasks[contract.number] == ()
