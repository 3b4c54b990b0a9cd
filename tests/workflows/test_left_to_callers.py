"""Whoever gives a command writes down what it causes, where they say so; the contract does it where they do not."""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from domain.commands import Accept, OpenCase
from domain.state import Contract as State
from domain.tasks import tasks
from domain.view import Record
from tests.domain.samples import quote, utc
from tests.workflows.lives import ACCEPT, CHECKOUT
from tests.workflows.living import Contract, eventually, worker
from tests.workflows.world import MemoryWorld

BEGUN = utc(2027, 1, 31)
LEFT = Accept(id="accept", revision=1, writes_down=True)


async def activities(contract: Contract) -> int:
    """How many activities the contract has asked for."""
    history = await contract.handle.fetch_history()
    return [event.event_type for event in history.events].count(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)


async def begun(client: Client, queue: str, world: MemoryWorld, *, callers_write: bool = True) -> Contract:
    """A contract that is quoted."""
    contract = Contract(client, queue, quote(), world)
    await contract.begin(BEGUN, callers_write=callers_write)
    return contract


def kinds(record: Record | None) -> list[str]:
    """What a record tells."""
    return [entry.kind for entry in record.entries] if record else []


async def test_what_is_left_to_a_caller_is_written_with_what_comes_next(temporal_client: Client) -> None:
    """An acceptance asks for no activity; its entry comes again with the order's, and with it all tasks."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = await begun(temporal_client, queue, world)
        before = await activities(contract)
        taken = await contract.give(LEFT)
        assert kinds(taken.told) == ["quote_accepted"]
        assert taken.told is not None
        assert taken.told.tasks is not None
        assert await contract.is_settled()
        assert await activities(contract) == before
        await contract.give(CHECKOUT)
        await eventually(contract.is_settled)
    told = [entry.kind for entry in world.entries(contract.number)]
    assert told[:3] == ["quoted", "quote_accepted", "order_placed"]


async def test_a_repeat_is_told_what_nobody_has_written(temporal_client: Client) -> None:
    """Whoever asked first may have died before writing: whoever asks again gets the same to write."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = await begun(temporal_client, queue, world)
        first = await contract.give(LEFT)
        again = await contract.give(LEFT, key="again")
    assert first.told == again.told is not None


async def test_the_contract_writes_what_a_caller_has_not(temporal_client: Client) -> None:
    """Asked to, it writes down everything that was left to others."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = await begun(temporal_client, queue, world)
        await contract.give(LEFT)
        assert [entry.kind for entry in world.entries(contract.number)] == ["quoted"]
        await contract.handle.signal("write_down")
        await eventually(lambda: world.views[contract.number].version == 2)
        assert [entry.kind for entry in world.entries(contract.number)] == ["quoted", "quote_accepted"]
        assert await contract.is_settled()


async def test_a_run_that_began_before_writes_by_itself(temporal_client: Client) -> None:
    """Where its start does not say that callers write, or they do not, the contract does."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        older = await begun(temporal_client, queue, world, callers_write=False)
        await older.give(LEFT)
        await eventually(lambda: world.views[older.number].version == 2)
        other = await begun(temporal_client, queue, world)
        await other.give(ACCEPT)
        await eventually(lambda: world.views[other.number].version == 2)


async def test_tasks_are_told_whole_after_something_was_left_to_a_caller(temporal_client: Client) -> None:
    """What the caller has written of them is not known: the next record says all that wait."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = await begun(temporal_client, queue, world)
        await contract.give(LEFT)
        await contract.give(CHECKOUT)
        await contract.give(OpenCase(id="help", serial="SN1", subject="stripes", writes_down=True))
        await eventually(contract.is_settled)
        state: State = await contract.handle.query("contract", result_type=State)
        assert world.tasks[contract.number] == tasks(state) != ()
