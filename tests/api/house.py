"""The house that API tests ask things of, and someone who asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI
from temporalio.client import Client

from runtime.settings import Settings
from storage import keys
from storage.database import Database

PASSWORD = "correct horse battery"
ADDRESS = {
    "name": "Atelier Brun",
    "street": "1 rue des Arts",
    "postal_code": "75011",
    "city": "Paris",
    "country": "FR",
}


async def secret(database: Database, *scopes: str) -> str:
    """A new API key with these scopes."""
    async with database.write() as connection:
        _, made = await keys.create(connection, "tests", scopes)
    return made


class Caller:
    """Someone with an API key. A fresh idempotency key goes along with every command, unless one is given."""

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self._http, self._key = http, key

    async def send(self, method: str, path: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        """Any request."""
        headers = {"Authorization": f"Bearer {self._key}"} | more.pop("headers", {})
        if method != "GET":
            headers["Idempotency-Key"] = key or uuid4().hex
        return await self._http.request(method, path, headers=headers, **more)

    async def get(self, path: str, **params: Any) -> Any:
        """What a read answers; it must succeed."""
        response = await self.send("GET", path, params=params or None)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path: str, body: Any = None, *, key: str | None = None, **params: Any) -> Any:
        """What a command answers; it must be taken."""
        return await self._taken("POST", path, body, key, params)

    async def put(self, path: str, body: Any, *, key: str | None = None) -> Any:
        """What a command answers; it must be taken."""
        return await self._taken("PUT", path, body, key, {})

    async def _taken(self, method: str, path: str, body: Any, key: str | None, params: dict[str, Any]) -> Any:
        response = await self.send(method, path, key=key, json=body, params=params)
        assert response.status_code in {200, 201, 202}, response.text
        return response.json()

    async def refused(self, method: str, path: str, body: Any = None, *, status: int, **more: Any) -> dict[str, Any]:
        """The problem that a request meets, which must be one in every detail."""
        response = await self.send(method, path, json=body, **more)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = response.json()
        assert problem["status"] == status
        assert problem["instance"] == path
        assert {"type", "title", "detail"} <= problem.keys()
        return problem


@dataclass
class House:
    """Everything of one house, running."""

    code: str
    app: FastAPI
    http: httpx.AsyncClient
    database: Database
    client: Client
    settings: Settings
    caller: Caller = field(init=False)

    def customer(self) -> dict[str, str]:
        """A customer who was never here before."""
        return {
            "id": f"c-{uuid4().hex[:10]}",
            "name": "Atelier Brun",
            "email": "achats@atelier.example",
            "language": "fr",
            "country": "FR",
        }

    async def clock(self, now: str = "2027-01-31T09:00:00Z") -> str:
        """A new test clock."""
        made = await self.caller.post("/v1/test-clocks", {"name": "test", "now": now})
        return str(made["id"])

    async def quote(self, *, clock: str | None = None, serial: str = "SN-NOCOVER", **more: Any) -> str:
        """A new quote on a clock of its own; answers with its number."""
        services = {"SN-WARRANTY": "care-designjet", "SN-JUSTENDED": "care-designjet", "SN-LAPSED": "care-pagewide-xl"}
        asked = {
            "programme": self.code,
            "customer": self.customer(),
            "period": 1,
            "offers": [{"serial": serial, "service": services.get(serial, "care-pagewide-xl")}],
        } | more
        if "test_clock" not in asked:
            asked["test_clock"] = clock or await self.clock()
        made = await self.caller.post("/v1/quotes", asked)
        return str(made["number"])

    async def accepted(self, **more: Any) -> str:
        """A quote that is accepted, with the first two steps of its checkout taken."""
        method, coupon = more.pop("method", "pm_ok"), more.pop("coupon", {})
        number = await self.quote(**more)
        await self.caller.post(f"/v1/quotes/{number}/accept", {"revision": 1})
        await self.caller.put(f"/v1/contracts/{number}/checkout/billing-address", ADDRESS)
        await self.caller.put(f"/v1/contracts/{number}/checkout/payment-details", {"method": method} | coupon)
        return number

    async def ordered(self, **more: Any) -> str:
        """A contract whose order is placed."""
        number = await self.accepted(**more)
        await self.caller.post(f"/v1/contracts/{number}/checkout/confirmation", {"password": PASSWORD})
        return number

    async def becomes(self, number: str, status: str) -> dict[str, Any]:
        """Wait until a contract has a status; what happens after a command's answer takes a moment."""
        shown: dict[str, Any] = await self.sees(f"/v1/contracts/{number}", lambda shown: shown["status"] == status)
        return shown

    async def sees(self, path: str, right: Callable[[Any], bool]) -> Any:
        """Wait until a read answers what is right: a contract's bills and cases follow its status by a moment."""
        async with asyncio.timeout(20):
            while True:
                answer = await self.caller.get(path)
                if right(answer):
                    return answer
                await asyncio.sleep(0.02)

    async def notices(self, number: str, right: Callable[[list[dict[str, Any]]], bool] = bool) -> list[dict[str, Any]]:
        """Wait until a contract's messages are what is right, and on their way: each is proven before it goes out."""

        def gone(all_: list[dict[str, Any]]) -> bool:
            return right(all_) and all(item["outcome"] != "composed" for item in all_)

        found: list[dict[str, Any]] = await self.sees(f"/v1/contracts/{number}/notices", gone)
        return found

    async def advance(self, number: str, **how: Any) -> dict[str, Any]:
        """Move a contract's clock, and wait until it has arrived."""
        clock: dict[str, Any] = await self.caller.post(f"/v1/contracts/{number}/test-clock/advance", how, wait=30)
        assert clock["status"] == "ready", clock
        return clock
