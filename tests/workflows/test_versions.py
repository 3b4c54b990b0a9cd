"""Builds of the worker: a contract goes on with whichever is current, and lives the same life."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.client import Client

import worker as workers
from domain.scenario import timeline
from domain.simulator import Life
from runtime import deployments
from runtime.settings import read_settings
from tests.domain.samples import offer, quote, utc
from tests.workflows.lives import ACCEPT, CHECKOUT
from tests.workflows.living import Contract, worker
from tests.workflows.world import MemoryWorld

BEGINS = utc(2027, 1, 31)


class Fleet:
    """Workers of several builds of one deployment, which serve the same contracts."""

    def __init__(self, client: Client, world: MemoryWorld) -> None:
        self.client, self.world = client, world
        self.name, self.queue = f"tenure-{uuid4().hex[:8]}", f"versions-{uuid4().hex[:8]}"

    @asynccontextmanager
    async def build(self, build: str) -> AsyncIterator[None]:
        """A worker of a build, for as long as the block lasts."""
        settings = read_settings(worker_deployment=self.name, build_id=build)
        deployment = workers.deployment(settings)
        async with worker(self.client, self.world, queue=self.queue, deployment=deployment):
            yield

    async def contracts(self, count: int) -> list[Contract]:
        """Contracts that have just been ordered."""
        return list(await asyncio.gather(*(self._ordered() for _ in range(count))))

    async def _ordered(self) -> Contract:
        contract = Contract(self.client, self.queue, quote(offer()), self.world)
        await contract.begin(BEGINS)
        await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        return contract

    async def builds(self, contract: Contract) -> list[str]:
        """The builds that took a contract's workflow tasks, in order, each once in a row."""
        history = await contract.handle.fetch_history()
        seen: list[str] = []
        for event in history.events:
            if event.HasField("workflow_task_completed_event_attributes"):
                by = event.workflow_task_completed_event_attributes.deployment_version.build_id
                if not seen or seen[-1] != by:
                    seen.append(by)
        return seen


def check(contract: Contract, world: MemoryWorld, months: int) -> None:
    """A contract has lived what the simulator says, and the world was told each thing once."""
    life = Life.begin(contract.first, BEGINS)
    for command in (ACCEPT, CHECKOUT):
        life.give(command, BEGINS)
    life.live_until(at(months))
    assert timeline(world.entries(contract.number)) == timeline(life.entries)
    assert [key for key in world.order if key.startswith(f"{contract.number}/")] == [e.key for e in life.told]


async def move(contracts: list[Contract], months: int) -> None:
    """Let all of them live on."""
    await asyncio.gather(*(contract.move(at(months)) for contract in contracts))


def at(months: int) -> datetime:
    """An instant so many months after the beginning."""
    return BEGINS + timedelta(days=31 * months)


async def test_contracts_move_to_the_build_that_is_current_and_back(temporal_client: Client) -> None:
    """They sleep on one build, wake on the next whose predecessor has stopped, and again on the first: one life.

    The term's end, with its new run, falls into the time of the second build.
    """
    world = MemoryWorld()
    fleet = Fleet(temporal_client, world)
    async with fleet.build("a"):
        await deployments.make_current(temporal_client, fleet.name, "a")
        made = await fleet.contracts(3)
        await move(made, 8)
    async with fleet.build("b"):
        await deployments.make_current(temporal_client, fleet.name, "b")
        await move(made, 11)
        assert [await fleet.builds(contract) for contract in made] == [["a", "b"]] * 3
        await move(made, 13)
        assert [await fleet.builds(contract) for contract in made] == [["b"]] * 3
    async with fleet.build("a"):
        await deployments.make_current(temporal_client, fleet.name, "a")
        await move(made, 15)
        assert [await fleet.builds(contract) for contract in made] == [["b", "a"]] * 3
    for contract in made:
        check(contract, world, 15)
    assert set(world.times.values()) == {1}


async def test_a_ramp_moves_some_contracts_and_a_rollback_brings_them_back(temporal_client: Client) -> None:
    """While two builds run side by side each contract goes on with one of them; none lives another life for it."""
    world = MemoryWorld()
    fleet = Fleet(temporal_client, world)
    async with fleet.build("a"), fleet.build("b"):
        await deployments.make_current(temporal_client, fleet.name, "a")
        made = await fleet.contracts(16)
        await deployments.ramp(temporal_client, fleet.name, "b", 50)
        await move(made, 3)
        moved = {tuple(await fleet.builds(contract)) for contract in made}
        assert moved == {("a",), ("a", "b")}
        await deployments.ramp(temporal_client, fleet.name, "b", 0)
        await move(made, 5)
        assert {(await fleet.builds(contract))[-1] for contract in made} == {"a"}
    for contract in made:
        check(contract, world, 5)


async def test_a_build_of_which_no_worker_is_known_cannot_be_made_current(temporal_client: Client) -> None:
    """Contracts are never left to a build that nobody runs: the answer says what to start."""
    fleet = Fleet(temporal_client, MemoryWorld())
    async with fleet.build("a"):
        await deployments.make_current(temporal_client, fleet.name, "a")
        with pytest.raises(deployments.CannotDeploy, match="start one with its TENURE_BUILD_ID"):
            await deployments.make_current(temporal_client, fleet.name, "typo", patience=timedelta(0))
        found = await deployments.described(temporal_client, fleet.name)
        assert found.routing_config.current_deployment_version.build_id == "a"
