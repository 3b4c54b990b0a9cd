"""People at work: they read, list, ask for cover and accept over HTTP, each at a steady pace; and what that took."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import httpx

PER_SECOND = {"read": 5.0, "list": 2.0, "entitlement": 5.0, "accept": 1.0}
PATIENCE = 120.0
OFFER = {"serial": "SN-WARRANTY", "service": "care-designjet"}
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: which kind, when it was due to be sent, how long its answer took, and the answer's status."""

    kind: str
    at: float
    seconds: float
    status: int


@dataclass(slots=True)
class People:
    """Clients that ask at their own pace, however long the answers take."""

    base: str
    secret: str
    numbers: list[str]
    serials: list[str]
    quotes: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    dice: Random = field(default_factory=lambda: Random(1))

    async def quote(self, many: int) -> None:
        """Have so many quotes made, which wait to be accepted."""
        turn, run = asyncio.Semaphore(AT_ONCE), time.time_ns()
        async with self._http() as http:

            async def one(index: int) -> str:
                async with turn:
                    wanted = _quote(index) | {"programme": "HPG"}
                    key = {"Idempotency-Key": f"quote-{run}-{index}"}
                    answer = await http.post("/v1/quotes", json=wanted, headers=key)
                    return str(answer.raise_for_status().json()["number"])

            self.quotes += await asyncio.gather(*(one(index) for index in range(many)))

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """They work for as long as the block lasts, and wait for their last answers."""
        async with self._http() as http:
            over = asyncio.Event()
            works = [asyncio.create_task(self._keep_asking(http, kind, over)) for kind in PER_SECOND]
            try:
                yield
            finally:
                over.set()
                await asyncio.gather(*works)

    def times(self, since: float, until: float) -> dict[str, Any]:
        """What the answers took to what was sent in between, by kind, in milliseconds."""
        of = {kind: [one for one in self.asked if one.kind == kind and since <= one.at < until] for kind in PER_SECOND}
        return {kind: _figures(some) for kind, some in of.items() if some}

    def _http(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=500, max_keepalive_connections=100)
        headers = {"Authorization": f"Bearer {self.secret}"}
        return httpx.AsyncClient(base_url=self.base, headers=headers, timeout=PATIENCE, limits=limits)

    async def _keep_asking(self, http: httpx.AsyncClient, kind: str, over: asyncio.Event) -> None:
        ask, began = self._asks(http)[kind], time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in count():
                due = began + number / PER_SECOND[kind]
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if over.is_set() or (kind == "accept" and not self.quotes):
                    return
                group.create_task(self._ask(kind, due, ask))

    async def _ask(self, kind: str, due: float, ask: Callable[[], Awaitable[httpx.Response]]) -> None:
        """The time counts from when the request was due: a client that is late does not make the answer quicker."""
        try:
            status = (await ask()).status_code
        except httpx.TransportError:
            status = 0
        self.asked.append(Asked(kind, due, time.monotonic() - due, status))

    def _asks(self, http: httpx.AsyncClient) -> dict[str, Callable[[], Awaitable[httpx.Response]]]:
        def accept() -> Awaitable[httpx.Response]:
            number = self.quotes.pop()
            headers = {"Idempotency-Key": f"accept-{number}"}
            return http.post(f"/v1/quotes/{number}/accept", json={"revision": 1}, headers=headers)

        return {
            "read": lambda: http.get(f"/v1/contracts/{self.dice.choice(self.numbers)}"),
            "list": lambda: http.get("/v1/contracts", params={"status": "Active", "limit": 50}),
            "entitlement": lambda: http.get(f"/v1/devices/{self.dice.choice(self.serials)}/entitlement"),
            "accept": accept,
        }


def _quote(index: int) -> dict[str, Any]:
    customer = {"id": f"bench-{index}", "name": "Bench", "email": "bench@bench.example"}
    return {"customer": customer | {"language": "fr", "country": "FR"}, "period": 1, "offers": [OFFER]}


def _figures(some: list[Asked]) -> dict[str, Any]:
    took = sorted(one.seconds * 1000 for one in some)
    others = Counter(one.status for one in some if one.status != httpx.codes.OK)
    return {
        "asked": len(took),
        "p50_ms": round(took[len(took) // 2], 1),
        "p99_ms": round(took[min(len(took) - 1, int(len(took) * 0.99))], 1),
        "worst_ms": round(took[-1], 1),
        "not_answered": {str(status): many for status, many in others.items()},
    }
