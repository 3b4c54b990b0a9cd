"""A contract that is taken over, on a real server: it does what the simulator says, term after term."""

from __future__ import annotations

from temporalio.client import Client

from domain.calendar import instant
from domain.simulator import Life
from domain.view import Entry
from tests.domain.samples import utc
from tests.takeover.samples import AS_OF, take_over
from tests.workflows.living import Contract, worker
from tests.workflows.world import MemoryWorld


def told(entries: list[Entry]) -> list[tuple[object, ...]]:
    """What a trail says of the contract itself."""
    return [
        (item.at, item.kind, item.amount, item.rule, item.summary)
        for item in entries
        if not item.kind.startswith("operations.")
    ]


async def test_it_goes_on_as_the_simulator_says(temporal_client: Client) -> None:
    """Past the end of its term, which begins a new run that knows nothing of the taking over but its result."""
    until = utc(2027, 9, 2)
    begins = instant(AS_OF, "Europe/Paris")
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, take_over(), world)
        life = Life.begin(contract.first, begins)
        life.live_until(until)
        await contract.begin(begins)
        await contract.move(until)
        assert told(world.entries(contract.number)) == told(life.entries)
        assert list(world.told) == [effect.key for effect in life.told]
        described = await contract.handle.describe()
        assert described.raw_description.workflow_execution_info.first_run_id != described.run_id
