"""A receiver of events, as a customer's system has one: a real web server that can be ill, choosy or gone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook

from cli.http import serving
from runtime.ports import free_port
from runtime.settings import read_settings


@dataclass
class Receiver:
    """What it answers, and what it has taken: bodies with their headers, in the order in which they came."""

    port: int
    answers: Callable[[dict[str, Any]], int] = lambda _: 204
    taken: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    asked: int = 0

    @property
    def url(self) -> str:
        """Where events go."""
        return f"http://127.0.0.1:{self.port}/events"

    def ids(self, contract: str | None = None) -> list[str]:
        """The ids of what it has taken, of one contract or all, in order."""
        return [event["id"] for event in self.taken if contract in {None, event["subject"]}]

    def verifies(self, secret: str, index: int = -1) -> bool:
        """Whether the signature of something that it has taken is good."""
        try:
            Webhook(secret).verify(self.bodies[index], self.headers[index])
        except Exception:  # noqa: BLE001 - the library's own errors have no common one
            return False
        return True


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that runs for as long as the block lasts."""
    receiver = Receiver(free_port())
    app = FastAPI()

    @app.post("/events")
    async def take(request: Request) -> Response:
        body = await request.body()
        event = json.loads(body)
        receiver.asked += 1
        status = receiver.answers(event)
        if 200 <= status < 300:
            receiver.taken.append(event)
            receiver.headers.append(dict(request.headers))
            receiver.bodies.append(body)
        return Response(status_code=status, headers={"location": "http://127.0.0.1:1/"} if status == 302 else {})

    async with serving(app, read_settings(api_port=receiver.port)):
        yield receiver
