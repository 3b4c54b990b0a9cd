"""Systems that hear what contracts do: real web servers, which may be ill while an event comes in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

from bench.chaos.illness import HANGS, Illnesses
from runtime.ports import LOOPBACK


@dataclass(slots=True)
class Heard:
    """An event as it was first taken, and how often it came again after that."""

    position: int
    content: dict[str, Any]
    again: int = 0


@dataclass(slots=True)
class Listener:
    """One receiver: what it has taken by contract and event id, and what was wrong with it."""

    name: str
    port: int
    illnesses: Illnesses
    secret: str = ""
    heard: dict[str, dict[str, Heard]] = field(default_factory=dict)
    wrong: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where events go."""
        return f"http://{LOOPBACK}:{self.port}/events"

    def heard_again(self, number: str) -> int:
        """How often an event of a contract came that had been taken."""
        return sum(event.again for event in self.heard.get(number, {}).values())

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hear one event after the other on a wire."""
        try:
            while True:
                headers, body = await _request(reader)
                if not await self._hear(headers, body, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _hear(self, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> bool:
        way = self.illnesses.of(self.name)
        if way == "gone":
            return False
        if way == "hanging":
            await asyncio.sleep(HANGS)
            return False
        if way == "declining":
            await _say(writer, "503 Service Unavailable")
            return True
        first = self._take(headers, body)
        if way == "twice" and first:
            return False
        await _say(writer, "204 No Content")
        return True

    def _take(self, headers: dict[str, str], body: bytes) -> bool:
        """Take an event; a repeat is known by its id. Whether it is new."""
        event = json.loads(body)
        number = str(event["subject"])
        try:
            Webhook(self.secret).verify(body, headers)
        except Exception as error:  # noqa: BLE001 - the library's own errors have no common one
            self.wrong.append((number, f"{event['id']}: its signature is not good: {error}"))
        if headers.get("webhook-id") != event["id"]:
            self.wrong.append((number, f"{event['id']} was signed as {headers.get('webhook-id')}"))
        heard = self.heard.setdefault(number, {})
        known = heard.get(event["id"])
        if known is None:
            heard[event["id"]] = Heard(len(heard), event)
            return True
        known.again += 1
        if known.content != event:
            self.wrong.append((number, f"{event['id']} came again and said something else"))
        return False


async def _request(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    return headers, await reader.readexactly(int(headers["content-length"]))


async def _say(writer: asyncio.StreamWriter, status: str) -> None:
    writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
    await writer.drain()


@asynccontextmanager
async def listening(listeners: list[Listener]) -> AsyncIterator[None]:
    """Receivers that run for as long as the block lasts."""
    servers = [await asyncio.start_server(item.answer, LOOPBACK, item.port) for item in listeners]
    try:
        yield
    finally:
        for server in servers:
            server.close()
