"""`python -m bench.api`: what the API's answers take over HTTP, and accepting beside its floor."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer
import uvloop
from sqlalchemy import text

from bench import stock
from bench.floor import QUEUE
from bench.house import DATABASES, PRODUCTION, House, house
from bench.machine import machine

LATEST = Path(__file__).parent / "latest-api.json"
KINDS = (*DATABASES, PRODUCTION)
CLIENTS = (1, 8, 32)
TURNS = 5
WARM_UP = 30
PAUSE = 1.0
"""Seconds, on an average, that a client takes between two answers where it is no machine."""
PAUSED = 60
"""How often each client that pauses asks, at most."""
SERIAL = "BENCH-API"
Ask = Callable[[], Awaitable[object]]


def main(
    contracts: Annotated[int, typer.Option(help="How many contracts the database has.")] = 5000,
    requests: Annotated[int, typer.Option(help="How often each is asked, by each number of clients.")] = 400,
) -> None:
    """Measure, print, and write bench/latest-api.json."""
    report = uvloop.run(_measure(contracts, requests))
    LATEST.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


async def _measure(contracts: int, requests: int) -> dict[str, Any]:
    return {
        "machine": await machine(),
        "method": (
            f"One API process, one worker, a Temporal server and a database with {contracts} contracts: the embedded "
            f"server with SQLite and with PostgreSQL, and the production server in the same PostgreSQL; "
            f"each operation {requests} times by each number of clients, one after the other without a pause; "
            f"`paused` are clients that each wait {PAUSE / 2} to {PAUSE * 1.5} s before they ask; "
            "quotes are accepted when their papers and mail are out. "
            "`floor` is a bare workflow's update on the same server, answered by the same worker, and one commit to "
            "the same database, by the client itself. The clients share the machine, their own work is in the figures."
        ),
        "databases": {kind: await _database(kind, contracts, requests) for kind in KINDS},
    }


async def _database(kind: str, contracts: int, requests: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        async with house(Path(folder), kind) as running:
            known = await stock.fill(running.database, stock.lives(list(running.programmes.values())), contracts)
            await _register(running)
            caller = Caller(running, known)
            await caller.round(1, WARM_UP)
            return [await caller.round(clients, requests) for clients in CLIENTS]


async def _register(running: House) -> None:
    cover = [{"kind": "warranty", "last_day": "2036-05-17"}]
    body = {"model": "DesignJet T-24", "device_type": "large_format", "country": "FR", "cover": cover}
    answer = await running.http.put(f"/v1/devices/{SERIAL}", json=body, headers=_key())
    answer.raise_for_status()


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


class Caller:
    """Asks a house, and takes the time."""

    def __init__(self, running: House, known: list[tuple[str, str]]) -> None:
        self._house, self._http, self._known = running, running.http, known
        self._dice = random.Random(1)

    async def round(self, clients: int, count: int) -> dict[str, Any]:
        """Every operation so many times by so many clients at once; milliseconds."""
        quoted: list[str] = []

        async def quote() -> None:
            quoted.append((await self._sent("POST", "/v1/quotes", self._wanted()))["number"])

        found: dict[str, Any] = {"clients": clients, "quote": (await timed(clients, [quote] * count)).figures()}
        await timed(clients, [quote] * min(count, PAUSED * clients))
        await self._all_settled(quoted)
        found |= await self._accept_beside_floor(clients, quoted[:count])
        found["paused"] = await self._accept_beside_floor(clients, quoted[count:], PAUSE)
        for name, ask in (("read", self._read), ("list", self._list), ("entitlement", self._entitlement)):
            found[name] = (await timed(clients, [ask] * count)).figures()
        print(json.dumps(found), file=sys.stderr)
        return found

    async def _all_settled(self, quoted: list[str]) -> None:
        """Wait until every quote's papers and mail are out: what quoting leaves to be done is no part of accepting."""
        waiting = list(quoted)
        while waiting:
            handle = self._house.client.get_workflow_handle(f"contract:{waiting[-1]}")
            if await handle.query("settled", result_type=bool):
                waiting.pop()
            else:
                await asyncio.sleep(0.1)

    async def _accept_beside_floor(self, clients: int, quoted: list[str], pause: float = 0) -> dict[str, Any]:
        """In turn, some of each, so that whatever else goes on in the machine meets both alike."""
        touches, accepted, bare = await self._floor(len(quoted)), Took(), Took()
        some = max(len(quoted) // TURNS, clients)
        for start in range(0, len(quoted), some):
            accepted += await timed(clients, [self._accept(number) for number in quoted[start : start + some]], pause)
            bare += await timed(clients, touches[start : start + some], pause)
        took = {"accept": accepted.figures(), "floor": bare.figures()}
        return {"accept_of_floor": round(took["accept"]["p50_ms"] / took["floor"]["p50_ms"], 2), **took}

    def _wanted(self) -> dict[str, Any]:
        name = f"bench-{self._dice.randrange(1000)}"
        email = f"{name}@bench.example"
        customer = {"id": name, "name": "Bench", "email": email, "language": "en", "country": "FR"}
        offers = [{"serial": SERIAL, "service": "care-designjet"}]
        return {"programme": "HPG", "period": 1, "customer": customer, "offers": offers}

    async def _sent(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self._http.request(method, path, json=body, headers=_key())
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        shown: dict[str, Any] = answer.json()
        return shown

    def _accept(self, number: str) -> Ask:
        return lambda: self._sent("POST", f"/v1/quotes/{number}/accept", {"revision": 1})

    async def _read(self) -> None:
        await self._sent("GET", f"/v1/contracts/{self._dice.choice(self._known)[0]}")

    async def _list(self) -> None:
        customer = f"stock-{self._dice.randrange(len(self._known) // 5)}"
        await self._sent("GET", f"/v1/contracts?customer={customer}&limit=20")

    async def _entitlement(self) -> None:
        serial = self._dice.choice(self._known)[1]
        await self._sent("GET", f"/v1/devices/{serial}/entitlement?on={stock.AS_OF:%Y-%m-%d}")

    async def _floor(self, count: int) -> list[Ask]:
        """As many bare workflows, begun, each to be asked once."""
        names = [f"bare-{uuid4()}" for _ in range(count)]
        client = self._house.client
        for start in range(0, count, 50):
            some = names[start : start + 50]
            await asyncio.gather(*(client.start_workflow("Bare", id=name, task_queue=QUEUE) for name in some))
        return [self._touch(name) for name in names]

    def _touch(self, name: str) -> Ask:
        async def touch() -> None:
            await self._house.client.get_workflow_handle(name).execute_update("touch")
            async with self._house.database.write() as connection:
                written = "INSERT INTO counter (scope, value) VALUES (:name, 1)"
                await connection.execute(text(written), {"name": name})

        return touch


@dataclass(slots=True)
class Took:
    """How long answers took, in milliseconds, and in how many seconds all of them came."""

    each: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def __add__(self, more: Took) -> Took:
        return Took(self.each + more.each, self.seconds + more.seconds)

    def figures(self) -> dict[str, float]:
        """The half, the 99 of 100, and how many came in a second."""
        ranked = sorted(self.each)
        return {
            "p50_ms": round(ranked[len(ranked) // 2], 2),
            "p99_ms": round(ranked[int(len(ranked) * 0.99)], 2),
            "per_second": round(len(ranked) / self.seconds, 1),
        }


async def timed(clients: int, asks: Iterable[Ask], pause: float = 0) -> Took:
    """What they took, asked by so many clients, each one after the other, and after a pause of so many seconds."""
    waiting, took, dice = iter(asks), Took(), random.Random(1)

    async def client() -> None:
        for ask in waiting:
            await asyncio.sleep(pause * dice.uniform(0.5, 1.5))
            began = time.perf_counter()
            await ask()
            took.each.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    took.seconds = time.perf_counter() - began
    return took


if __name__ == "__main__":
    typer.run(main)
