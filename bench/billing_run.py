"""A billing run: many contracts, twelve monthly periods each, beside the floor in the same run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from api.starts import first_row
from bench.floor import PERIODS, QUEUE
from bench.house import House
from cli.simulate import offer
from domain.commands import Accept, Checkout, Quote
from domain.scenario import GivenOffer
from domain.state import RULES_VERSION, Customer, Offer
from domain.terms import Terms, TermTerms
from storage import contracts
from storage.tables import contract as contract_table
from storage.tables import invoice
from workflows.catalogue import BATCH
from workflows.messages import ContractStart, Taken

BEGINS = datetime(2027, 1, 1, 9, tzinfo=UTC)
ENDS = datetime(2028, 1, 1, 12, tzinfo=UTC)
PROGRAMME = "HPG"
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Result:
    """What one run took: seconds of wall time, and of processor time by process."""

    done: int
    seconds: float
    cpu: dict[str, float]
    events_per_period: float

    def __add__(self, more: Result) -> Result:
        cpu = {name: round(used + more.cpu[name], 2) for name, used in self.cpu.items()}
        return Result(self.done + more.done, self.seconds + more.seconds, cpu, self.events_per_period)

    @property
    def rate(self) -> float:
        """Periods per second."""
        return self.done / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor time for a period, of all processes together."""
        return 1000 * sum(self.cpu.values()) / self.done

    def figures(self) -> dict[str, Any]:
        """What is written down of it."""
        return {
            "periods": self.done,
            "seconds": round(self.seconds, 2),
            "per_second": round(self.rate, 1),
            "cpu_seconds": self.cpu,
            "cpu_ms_per_period": round(self.cpu_ms, 2),
            "events_per_period": round(self.events_per_period, 2),
        }


async def _all(works: Iterable[Awaitable[Any]]) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(work: Awaitable[Any]) -> None:
        async with turn:
            await work

    await asyncio.gather(*(one(work) for work in works))


async def floor(house: House, count: int) -> Result:
    """The floor's run."""
    ids = [f"floor-{uuid4()}" for _ in range(count)]
    await _all(house.client.start_workflow("Floor", id=name, task_queue=QUEUE) for name in ids)
    handles = [house.client.get_workflow_handle(name) for name in ids]
    cpu, began = house.cpu(), time.perf_counter()
    await _all(handle.execute_update("go") for handle in handles)
    await _all(handle.result() for handle in handles)
    seconds = time.perf_counter() - began
    used = cpu.since()
    events = len((await handles[0].fetch_history()).events)
    return Result(count * PERIODS, seconds, used, events / PERIODS)


@dataclass(frozen=True, slots=True)
class Ready:
    """Contracts of one test clock that are billed for their first month."""

    clock: str
    numbers: list[str]


async def prepare(house: House, count: int, *, devices: int = 1, months: int = 36) -> Ready:
    """So many active contracts, each billed for its first month; in a term of three years only bills fall due."""
    clock = (await _post(house, "/v1/test-clocks", {"name": "bench", "now": BEGINS.isoformat()}))["id"]
    starts = _starts(house, clock, count, devices, months)
    async with house.database.write() as connection:
        for start in starts:
            await contracts.begin(connection, first_row(start, f"bench-{uuid4()}", BEGINS))

    async def begin(start: ContractStart, number: str) -> None:
        queue = house.settings.task_queue
        handle = await house.client.start_workflow("Contract", start, id=f"contract:{number}", task_queue=queue)
        await handle.execute_update("accept", Accept(id="accept", revision=1), result_type=Taken)
        checkout = Checkout(id="checkout", method="pm_ok", registered=True)
        await handle.execute_update("checkout", checkout, result_type=Taken)

    numbers = [start.quote.number for start in starts if start.quote]
    await _all(begin(start, number) for start, number in zip(starts, numbers, strict=True))
    await _until_active(house, clock, count)
    return Ready(clock, numbers)


def _starts(house: House, clock: str, count: int, devices: int, months: int) -> list[ContractStart]:
    programme = house.programmes[PROGRAMME]
    length = TermTerms(rule=programme.terms.quote.rule, months=months)
    terms = programme.terms.model_copy(update={"term": length})
    offered = offer(programme, GivenOffer(id="1", service=programme.catalogue.services[0].id, serial="BENCH"), "en")
    stamp = time.time_ns() % 1_000_000
    return [_start(clock, terms, offered, f"{stamp:06d}{index:05d}", devices) for index in range(count)]


def _start(clock: str, terms: Terms, offered: Offer, name: str, devices: int) -> ContractStart:
    customer = Customer(id=f"bench-{name}", name="Bench", email="bench@bench.example", language="en", country="FR")
    quote = Quote(
        id="quote",
        number=f"{terms.code}-2027-{name}",
        terms=terms,
        customer=customer,
        period=1,
        offers=tuple(
            offered.model_copy(update={"id": str(line), "serial": f"BENCH-{name}-{line}"})
            for line in range(1, devices + 1)
        ),
    )
    return ContractStart(quote=quote, now=BEGINS, clock=clock, batch=BATCH, staged=True, rules=RULES_VERSION)


async def _until_active(house: House, clock: str, count: int) -> None:
    """Wait until every contract has been written down as active and billed."""
    table = contract_table.c
    query = select(func.count()).where(table.clock == clock, table.status == "Active", table.next_due_at > BEGINS)
    while True:
        async with house.database.read() as connection:
            if await connection.scalar(query) == count:
                return
        await asyncio.sleep(0.05)


async def billing(house: House, ready: Ready) -> Result:
    """The contracts' run: twelve months pass on their clock, and every period is invoiced, collected and recorded."""
    before = await _invoiced(house)
    handle = house.client.get_workflow_handle(f"contract:{ready.numbers[0]}")
    events_before = len((await handle.fetch_history()).events)
    cpu, began = house.cpu(), time.perf_counter()
    await move(house, ready, ENDS)
    seconds = time.perf_counter() - began
    used = cpu.since()
    made = await _invoiced(house) - before
    if made != len(ready.numbers) * PERIODS:
        raise RuntimeError(f"{made} invoices for {len(ready.numbers)} contracts and {PERIODS} periods")
    events = len((await handle.fetch_history()).events) - events_before
    return Result(made, seconds, used, events / PERIODS)


async def move(house: House, ready: Ready, to: datetime) -> None:
    """Move the contracts' clock, and wait until each has done what falls due until then."""
    clock = f"/v1/test-clocks/{ready.clock}"
    shown = await _post(house, f"{clock}/advance", {"to": to.isoformat()})
    while shown["status"] != "ready":
        answer = await house.http.get(clock, params={"wait": 60})
        shown = answer.raise_for_status().json()


async def _invoiced(house: House) -> int:
    async with house.database.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(invoice)) or 0)


async def _post(house: House, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await house.http.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})
    shown: dict[str, Any] = answer.raise_for_status().json()
    return shown
