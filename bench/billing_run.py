"""A billing run: many contracts, twelve monthly periods each, beside the floor in the same run."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from temporalio.client import Client

from adapters.programme_files import Programme
from api.starts import first_row
from bench.floor import PERIODS
from bench.processes import Cpu
from cli.simulate import offer
from domain.commands import Accept, Checkout, Quote
from domain.scenario import GivenOffer
from domain.state import RULES_VERSION, Customer
from domain.terms import TermTerms
from domain.view import View
from storage import contracts
from storage.database import Database
from storage.tables import contract as contract_table
from storage.tables import invoice
from workflows.catalogue import BATCH
from workflows.messages import Advance, ContractStart, Taken

BEGINS = datetime(2027, 1, 1, 9, tzinfo=UTC)
ENDS = datetime(2028, 1, 1, 12, tzinfo=UTC)
AT_ONCE = 50
CLOCK = "bench"


@dataclass(frozen=True, slots=True)
class Result:
    """What one run took: seconds of wall time, and of processor time by process."""

    done: int
    seconds: float
    cpu: dict[str, float]
    events_per_period: float

    @property
    def rate(self) -> float:
        """Periods per second."""
        return self.done / self.seconds


async def _all(works: list[Any]) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(work: Any) -> None:
        async with turn:
            await work

    await asyncio.gather(*(one(work) for work in works))


async def floor(client: Client, count: int, cpu: Cpu) -> Result:
    """The floor's run."""
    ids = [f"floor-{time.time_ns()}-{index}" for index in range(count)]
    await _all([client.start_workflow("Floor", id=name, task_queue="floor") for name in ids])
    cpu.mark()
    began = time.perf_counter()
    handles = [client.get_workflow_handle(name) for name in ids]
    await _all([handle.execute_update("go") for handle in handles])
    await _all([handle.result() for handle in handles])
    seconds = time.perf_counter() - began
    events = len((await handles[0].fetch_history()).events)
    return Result(count * PERIODS, seconds, cpu.since(), events / PERIODS)


async def prepare(client: Client, database: Database, programme: Programme, count: int, queue: str) -> list[str]:
    """So many active contracts, each billed for its first month; a term of three years, so that only bills fall due."""
    length = TermTerms(rule=programme.terms.quote.rule, months=36)
    terms = programme.terms.model_copy(update={"term": length})
    offered = offer(programme, GivenOffer(id="1", service=programme.catalogue.services[0].id, serial="BENCH"), "en")
    starts = [_start(terms, offered, index) for index in range(count)]
    async with database.write() as connection:
        for start in starts:
            await contracts.begin(connection, first_row(start, f"bench-{time.time_ns()}", BEGINS))
    numbers = [start.quote.number for start in starts if start.quote]

    async def begin(start: ContractStart, number: str) -> None:
        handle = await client.start_workflow("Contract", start, id=f"contract:{number}", task_queue=queue)
        await handle.execute_update("accept", Accept(id="accept", revision=1), result_type=Taken)
        await handle.execute_update(
            "checkout", Checkout(id="checkout", method="pm_ok", registered=True), result_type=Taken
        )

    await _all([begin(start, number) for start, number in zip(starts, numbers, strict=True)])
    await _until(database, numbers, BEGINS)
    return numbers


def _start(terms: Any, offered: Any, index: int) -> ContractStart:
    customer = Customer(id=f"bench-{index}", name="Bench", email="bench@bench.example", language="en", country="FR")
    stamp = time.time_ns() % 1_000_000
    quote = Quote(
        id="quote",
        number=f"{terms.code}-{2027}-{stamp:06d}{index:05d}",
        terms=terms,
        customer=customer,
        period=1,
        offers=(offered.model_copy(update={"serial": f"BENCH-{index}"}),),
    )
    return ContractStart(quote=quote, now=BEGINS, clock=CLOCK, batch=BATCH, rules=RULES_VERSION)


async def _until(database: Database, numbers: list[str], to: datetime) -> None:
    """Wait until every contract has been written down as settled."""
    wanted = contract_table.c.number.in_(numbers)
    done = wanted & (contract_table.c.now >= to) & (contract_table.c.next_due_at > to)
    while True:
        async with database.read() as connection:
            settled = await connection.scalar(
                select(func.count()).select_from(contract_table).where(done, contract_table.c.status == "Active")
            )
        if settled == len(numbers):
            return
        await asyncio.sleep(0.05)


async def billing(client: Client, database: Database, numbers: list[str], cpu: Cpu) -> Result:
    """The contracts' run: twelve months pass, and every period is invoiced, collected and recorded."""
    before = await _invoiced(database)
    handles = [client.get_workflow_handle(f"contract:{number}") for number in numbers]
    events_before = len((await handles[0].fetch_history()).events)
    cpu.mark()
    began = time.perf_counter()
    await _all([handle.execute_update("advance", Advance(id="to", to=ENDS), result_type=View) for handle in handles])
    await _until(database, numbers, ENDS)
    seconds = time.perf_counter() - began
    used = cpu.since()
    made = await _invoiced(database) - before
    if made != len(numbers) * PERIODS:
        raise RuntimeError(f"{made} invoices for {len(numbers)} contracts and {PERIODS} periods")
    events = len((await handles[0].fetch_history()).events) - events_before
    return Result(made, seconds, used, events / PERIODS)


async def _invoiced(database: Database) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(invoice)) or 0)
