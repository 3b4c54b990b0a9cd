"""A life that is asked of the API: sent again until it is answered, twice and at once now and then, under one key."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import httpx

from bench.chaos import speech
from bench.chaos.lives import ChaosLife, Step
from bench.chaos.speech import Request
from bench.random_lives import YEARS
from cli.fleet_file import fleet_file
from domain.simulator import Life

TWICE = 0.25
"""The share of all requests that are sent twice at once, with one key."""
PATIENCE = 300.0
"""Seconds after which a request that is not answered is a failure."""
_AGAIN = 0.3
_WAIT = 20


class Unanswered(Exception):
    """Something was asked again and again, and never answered."""


@dataclass(slots=True)
class Lived:
    """A life that was lived twice, by the simulator and by the house; ``wrong`` is what was seen of it on the way."""

    seed: int
    number: str
    life: Life
    until: datetime
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    again: int = 0
    doubled: int = 0


class Player:
    """Asks the house for one life."""

    def __init__(self, http: httpx.AsyncClient, seed: int, salt: str) -> None:
        self._http, self._seed, self._salt = http, seed, salt
        self._dice = Random(f"{seed} {salt}")
        self._count = self._again = self._doubled = 0
        self._wrong: list[str] = []
        self._clock = ""

    async def play(self) -> Lived:
        """Live it to its end."""
        plan = ChaosLife(self._seed, self._salt)
        made = await self._ask(Request("POST", "/test-clocks", {"name": self._salt, "now": _text(plan.begins)}))
        self._clock = made["id"]
        plan = ChaosLife(self._seed, self._salt, fleet=await self._fleet(plan))
        for device in plan.devices().values():
            await self._ask(speech.register(device))
        number = (await self._ask(speech.quote(plan, self._clock)))["number"]
        lived = ChaosLife(self._seed, self._salt, number=number, fleet=plan.fleet)
        life = lived.live()
        for step in lived.steps:
            await self._move(step.at)
            await self._give(lived, step)
        end = max(lived.begins + timedelta(days=366 * YEARS), lived.steps[-1].at)
        await self._move(end)
        return Lived(
            self._seed, number, life, end, self._wrong, asked=self._count, again=self._again, doubled=self._doubled
        )

    async def _fleet(self, plan: ChaosLife) -> str:
        terms = plan.programme.terms
        if not plan.needs_fleet or terms.fleet is None:
            return ""
        whose = {"customer": plan.story.given.customer.id, "programme": terms.code}
        fleet = str((await self._ask(Request("POST", "/fleets", whose)))["id"])
        content = fleet_file(plan.story, terms.fleet).encode()
        path = f"/fleets/{fleet}/devices"
        response = await self._answered("PUT", path, content=content, headers={"Content-Type": "text/csv"})
        self._expect(response, f"PUT {path}", taken=True)
        return fleet

    async def _move(self, to: datetime) -> None:
        state = await self._ask(Request("POST", f"/test-clocks/{self._clock}/advance?wait={_WAIT}", {"to": _text(to)}))
        until = time.monotonic() + PATIENCE
        while state["status"] != "ready":
            if time.monotonic() > until:
                raise Unanswered(f"the clock {self._clock} does not arrive at {to}")
            state = (await self._answered("GET", f"/test-clocks/{self._clock}?wait={_WAIT}")).json()

    async def _give(self, life: ChaosLife, step: Step) -> None:
        asked = speech.requests(life, step.command)
        for request in asked:
            response = await self._answered(request.method, request.path, json=request.body)
            last = request is asked[-1]
            what = f"{_text(step.at)} {request.method} {request.path} {request.body}"
            if not response.is_success and not step.taken:
                return
            self._expect(response, what, taken=step.taken or not last)

    async def _ask(self, request: Request) -> Any:
        response = await self._answered(request.method, request.path, json=request.body)
        if not response.is_success:
            raise Unanswered(f"{request.method} {request.path}: {response.status_code} {response.text}")
        return response.json()

    def _expect(self, response: httpx.Response, what: str, *, taken: bool) -> None:
        if response.is_success != taken:
            wanted = "taken" if taken else "refused"
            self._wrong.append(f"{what} should have been {wanted}: {response.status_code} {response.text[:400]}")

    async def _answered(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer to a request, which is sent again with its key until there is one."""
        self._count += 1
        more["headers"] = more.get("headers", {}) | {"Idempotency-Key": f"{self._salt}-{self._count}"}
        if method == "GET" or self._dice.random() >= TWICE:
            return await self._persist(method, path, more)
        self._doubled += 1
        first, second = await asyncio.gather(self._persist(method, path, more), self._persist(method, path, more))
        if first.status_code != second.status_code:
            said = f"{first.status_code} {first.text[:200]} and {second.status_code} {second.text[:200]}"
            self._wrong.append(f"{method} {path} twice under one key: {said}")
        return first

    async def _persist(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        until = time.monotonic() + PATIENCE
        said = ""
        while time.monotonic() < until:
            try:
                response = await self._http.request(method, path, **more)
            except httpx.TransportError as error:
                said = f"{type(error).__name__}: {error}"
            else:
                if response.status_code < 500:
                    return response
                said = f"{response.status_code} {response.text[:400]}"
                if response.status_code != 503:
                    self._wrong.append(f"{method} {path}: {said}")
            self._again += 1
            await asyncio.sleep(_AGAIN)
        raise Unanswered(f"{method} {path}: {said}")


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
