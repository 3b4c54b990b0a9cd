"""Test clocks on a real server, with the worker that really runs: every contract moved, and nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

import worker
from activities.clocks import ClockActivities
from adapters.texts import Texts
from domain.commands import Accept, Checkout
from runtime.settings import Settings, read_settings
from storage import clocks, contracts, programmes
from storage.contracts import Filters
from storage.database import Database
from storage.migrate import upgrade
from storage.tables import invoice, invoice_line, message
from tests.activities.samples import run
from tests.activities.test_messages import PlainTexts
from tests.domain.samples import quote, terms, utc
from tests.storage.samples import row
from workflows.catalogue import ClockMove
from workflows.messages import Advance, ClockStart, ClockState, ContractStart

BEGUN = utc(2027, 1, 31)
YEAR = utc(2028, 1, 15)
SUMMER = utc(2027, 7, 1)


class Shop:
    """A worker on a database of its own, and the contracts of one clock."""

    def __init__(self, client: Client, settings: Settings, database: Database) -> None:
        self.client, self.settings, self.database = client, settings, database
        self.clock = f"clock-{uuid4().hex[:8]}"
        self.activities = ClockActivities(database, client)

    async def write_down(self) -> str:
        """A contract's row, before its workflow."""
        number = f"SMP-{uuid4().hex[:10]}"
        async with self.database.write() as connection:
            await contracts.begin(connection, row(number, clock=self.clock, now=BEGUN))
        return number

    async def start(self, number: str) -> None:
        """The contract's workflow."""
        offered = quote().model_copy(update={"number": number})
        start = ContractStart(quote=offered, now=BEGUN, clock=self.clock)
        queue = self.settings.task_queue
        await self.client.start_workflow("Contract", start, id=f"contract:{number}", task_queue=queue)

    async def order(self, number: str) -> None:
        """The contract, accepted and paid."""
        handle = self.client.get_workflow_handle(f"contract:{number}")
        await handle.execute_update("accept", Accept(id="accept", revision=1))
        await handle.execute_update("checkout", Checkout(id="checkout", method="pm_ok", registered=True))

    async def move(self, to: datetime) -> None:
        """Move the clock with all its contracts."""
        await run(self.activities.advance_contracts, ClockMove(clock=self.clock, to=to))

    async def views(self) -> list[Any]:
        """The contracts of the clock as their read model shows them."""
        async with self.database.read() as connection:
            return list(await contracts.page(connection, Filters(clock=self.clock), after=None, limit=50))

    async def rest(self) -> None:
        """Give the contracts some time."""
        await asyncio.sleep(0.05)

    async def count(self, what: Any) -> int:
        """How many there are."""
        async with self.database.read() as connection:
            return int(await connection.scalar(select(func.count(what))) or 0)


@pytest.fixture
async def shop(temporal_client: Client, tmp_path: Path) -> AsyncIterator[Shop]:
    """A running worker."""
    settings = read_settings(task_queue=f"shop-{uuid4().hex[:8]}")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
    await upgrade(database)
    opened = Shop(temporal_client, settings, database)
    async with database.write() as connection:
        await clocks.add(connection, opened.clock, "A year", BEGUN)
        plain = terms().model_dump(mode="json")
        await programmes.store(connection, code="SMP", version=1, terms=plain, catalogue={"services": []}, sha256="-")
    outside = replace(worker.outside(settings, database), texts=cast("Texts", PlainTexts()))
    async with worker.build(temporal_client, settings, database, outside):
        yield opened
    await database.close()


async def test_a_clock_takes_all_its_contracts_along(shop: Shop) -> None:
    """After the move everything that fell due is done, each happening once; the same move again does nothing."""
    numbers = [await shop.write_down() for _ in range(3)]
    for number in numbers:
        await shop.start(number)
        await shop.order(number)
    await shop.move(YEAR)
    views = await shop.views()
    assert all(view.now == YEAR and view.next.at > YEAR for view in views)
    # Twelve months and the set-up fee, for each.
    assert await shop.count(invoice.c.number) == 3 * 13
    assert await shop.count(invoice_line.c.key.distinct()) == 3 * 13
    told = await shop.count(message.c.key)
    await shop.move(YEAR)
    assert (await shop.count(invoice.c.number), await shop.count(message.c.key)) == (3 * 13, told)
    assert await shop.views() == views
    async with shop.database.read() as connection:
        clock = await clocks.find(connection, shop.clock)
    assert clock is not None
    assert (clock["now"], clock["target"]) == (YEAR, None)


async def test_one_that_begins_late_comes_along(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contract whose workflow begins only while its clock moves is taken along too."""
    monkeypatch.setattr("activities.clocks._TELL_AGAIN", (0.2, 0.2))
    number = await shop.write_down()
    moving = asyncio.create_task(shop.move(YEAR))
    await asyncio.sleep(0.5)
    assert not moving.done()
    await shop.start(number)
    async with asyncio.timeout(30):
        await moving
    (view,) = await shop.views()
    assert (view.now, view.status) == (YEAR, "Lapsed")


async def test_few_are_on_their_way_at_the_same_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next sets out when there is room: a worker need not read again those that are on their way."""
    monkeypatch.setattr("activities.clocks._ON_THEIR_WAY", 2)
    # A long way before the renewal, which the sample's empty catalogue has no offer for.
    numbers = [await shop.write_down() for _ in range(5)]
    for number in numbers:
        await shop.start(number)
        await shop.order(number)
    on_their_way, most = set[str](), 0

    async def update(number: str, name: str, argument: Any) -> None:
        nonlocal most
        on_their_way.add(number)
        most = max(most, len(on_their_way))
        await ClockActivities._update(shop.activities, number, name, argument)
        on_their_way.remove(number)

    monkeypatch.setattr(shop.activities, "_update", update)
    await shop.move(SUMMER)
    assert all(view.now == SUMMER for view in await shop.views())
    assert most == 2


async def test_one_that_does_not_come_along_holds_up_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a contract takes the only place because it does not answer, the others move all the same."""
    monkeypatch.setattr("activities.clocks._ON_THEIR_WAY", 1)
    monkeypatch.setattr("activities.clocks._PATIENCE", 0.1)
    late, *others = sorted([await shop.write_down() for _ in range(3)])
    for number in others:
        await shop.start(number)
    answers = asyncio.Event()

    async def update(number: str, name: str, argument: Any) -> None:
        if number == late:
            await answers.wait()
        await ClockActivities._update(shop.activities, number, name, argument)

    monkeypatch.setattr(shop.activities, "_update", update)
    async with asyncio.timeout(30):
        moving = asyncio.create_task(shop.move(YEAR))
        while sum(view.now == YEAR for view in await shop.views()) < len(others):
            assert not moving.done()
            await shop.rest()
        assert not moving.done()
        await shop.start(late)
        answers.set()
        await moving
    assert all(view.now == YEAR for view in await shop.views())


async def test_a_worker_that_stops_waits_for_no_contract(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A move ends when its worker is to stop, with nothing of it left running; the next worker goes on with it."""
    number = await shop.write_down()
    await shop.start(number)
    asked, given_up = asyncio.Event(), asyncio.Event()

    async def update(*_: Any) -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    monkeypatch.setattr(shop.activities, "_update", update)
    environment = ActivityEnvironment()
    move = ClockMove(clock=shop.clock, to=YEAR)
    moving = asyncio.create_task(environment.run(shop.activities.advance_contracts, move))
    await asked.wait()
    environment.worker_shutdown()
    with pytest.raises(ApplicationError, match="the next one goes on"):
        await moving
    assert given_up.is_set()
    monkeypatch.undo()
    await shop.move(YEAR)
    assert [view.now for view in await shop.views()] == [YEAR]


async def test_a_deleted_clock_ends_its_contracts(shop: Shop) -> None:
    """They end where they stand; nothing is billed or credited for it, and ending them twice ends them once."""
    number = await shop.write_down()
    await shop.start(number)
    await shop.order(number)
    await shop.move(BEGUN + timedelta(hours=1))
    issued = await shop.count(invoice.c.number)
    for _ in range(2):
        await run(shop.activities.discard_contracts, shop.clock)
    await shop.client.get_workflow_handle(f"contract:{number}").result()
    (view,) = await shop.views()
    assert (view.status, view.closed) == ("Void", True)
    assert await shop.count(invoice.c.number) == issued


async def test_a_clock_that_is_on_its_way_takes_a_later_target(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The world may see it arrived before it hears so itself: whoever then moves it on is not refused."""
    monkeypatch.setattr("activities.clocks._TELL_AGAIN", (0.2, 0.2))
    number = await shop.write_down()
    clock = await shop.client.start_workflow(
        "TestClock",
        ClockStart(id=shop.clock, now=BEGUN),
        id=f"clock:{shop.clock}",
        task_queue=shop.settings.task_queue,
        result_type=ClockState,
    )
    half = BEGUN + timedelta(days=100)
    # Its contract has not begun yet, so the first move is under way when the second is asked for.
    await clock.execute_update("advance", Advance(id="half", to=half))
    await clock.execute_update("advance", Advance(id="year", to=YEAR))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await clock.execute_update("advance", Advance(id="back", to=half))
    assert "only goes forward" in str(refused.value.cause)
    await shop.start(number)
    await clock.execute_update("delete")
    async with asyncio.timeout(30):
        left = await clock.result()
    assert (left.now, left.target) == (YEAR, None)


async def test_arriving_leaves_a_later_target(shop: Shop) -> None:
    """A clock that was sent on before it arrived is still on its way."""
    async with shop.database.write() as connection:
        await clocks.aim(connection, shop.clock, YEAR)
        await clocks.arrive(connection, shop.clock, BEGUN + timedelta(days=1))
        on_its_way = await clocks.find(connection, shop.clock)
        await clocks.arrive(connection, shop.clock, YEAR)
        there = await clocks.find(connection, shop.clock)
    assert on_its_way is not None
    assert there is not None
    assert (on_its_way["target"], there["target"]) == (YEAR, None)
