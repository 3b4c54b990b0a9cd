"""Events out through the API: endpoints, their deliveries, and the streams that a browser or a program listens to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from cli.http import serving
from cli.preparation import begin_dispatching
from runtime.ports import free_port
from tests.activities.receiver import receiving
from tests.api.house import House, secret
from tests.workflows.living import eventually


async def test_an_endpoint_hears_a_life(any_house: House) -> None:
    """From its creation on it gets each event of its contracts once and in order, signed with its secret."""
    house = any_house
    async with receiving() as receiver:
        made = await house.caller.post("/v1/event-endpoints", {"url": receiver.url, "trial": True})
        place = f"/v1/event-endpoints/{made['id']}"
        await begin_dispatching(house.client, house.settings)
        number = await house.ordered()
        await house.becomes(number, "Active")
        await house.advance(number, by="P2M")
        trail = (await house.caller.get(f"/v1/contracts/{number}/events", limit=200))["items"]
        await eventually(lambda: len(receiver.ids(number)) >= len(trail))
        assert receiver.ids(number) == [f"{number}.{entry['seq']}" for entry in trail]
        assert [event["data"]["kind"] for event in receiver.taken] == [entry["kind"] for entry in trail]
        assert receiver.verifies(made["secret"])
        assert "secret" not in await house.caller.get(place)
        rotated = await house.caller.post(f"{place}/rotate", {"keep_hours": 1})
        assert rotated["secret"] != made["secret"]
        log = await house.caller.get(f"{place}/deliveries", limit=3)
        assert [item["state"] for item in log["items"]] == ["delivered"] * 3
        more = await house.caller.get(f"{place}/deliveries", limit=200, page=log["next_cursor"])
        assert len(log["items"]) + len(more["items"]) == len(trail)
        before = len(receiver.taken)
        again = await house.caller.post(f"{place}/replay", {"since": "2020-01-01T00:00:00Z", "contract": number})
        assert again == {"queued": len(trail), "more": False}
        await eventually(lambda: len(receiver.taken) == before + len(trail))
        assert receiver.verifies(rotated["secret"])
        assert receiver.verifies(made["secret"])
        assert (await house.caller.post(f"{place}/disable"))["disabled_at"]
        assert (await house.caller.post(f"{place}/enable"))["disabled_at"] is None


async def test_an_endpoint_must_be_an_address(house: House) -> None:
    """What is none is refused with the field; an endpoint that is not there says so."""
    for url in ("ftp://erp.example", "https://", "https://erp.example/ü", "https://user@erp.example/"):
        problem = await house.caller.refused("POST", "/v1/event-endpoints", {"url": url}, status=422)
        assert problem["field"] == "url"
    await house.caller.refused("GET", "/v1/event-endpoints/hook-000000000000", status=404)


@asynccontextmanager
async def listening(house: House, path: str, **headers: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """A stream of the house's API, event by event, over a real connection."""
    read = house.settings.model_copy(update={"api_port": free_port()})
    key = await secret(house.database, "read")
    async with (
        serving(house.app, read),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{read.api_port}", timeout=30) as http,
        http.stream("GET", path, headers={"Authorization": f"Bearer {key}"} | headers) as response,
    ):
        assert response.headers.get("content-type", "").startswith("text/event-stream"), await response.aread()
        yield _events(response)


async def _events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if name in {"id", "event"}:
            event[name] = value
        elif name == "data":
            event["data"] = json.loads(value)
        elif not line and event:
            yield event
            event = {}


async def _heard(stream: AsyncIterator[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(30):
        return [await anext(stream) for _ in range(count)]


async def test_a_contract_is_listened_to_from_where_one_was(house: House) -> None:
    """The whole trail and what happens on; after a break, from the last event that was heard."""
    number = await house.quote()
    await house.caller.post(f"/v1/quotes/{number}/accept", {"revision": 1})
    path = f"/v1/contracts/{number}/events/stream"
    async with listening(house, path) as stream:
        assert [event["event"] for event in await _heard(stream, 2)] == ["quoted", "quote_accepted"]
        await house.caller.post(f"/v1/quotes/{number}/reject", {"reason": "no"})
        (last,) = await _heard(stream, 1)
        assert (last["event"], last["data"]["id"]) == ("quote_rejected", f"{number}.{last['id']}")
    async with listening(house, path, **{"Last-Event-ID": "1"}) as stream:
        assert [event["event"] for event in await _heard(stream, 2)] == ["quote_accepted", "quote_rejected"]


async def test_everybody_is_listened_to(own_house: House) -> None:
    """What all contracts do, each event once; and a stream that is not there is a problem like any other."""
    async with listening(own_house, "/v1/events/stream") as stream:
        first, second = await own_house.quote(), await own_house.quote()
        heard = await _heard(stream, 2)
        assert {event["data"]["subject"] for event in heard} == {first, second}
        await own_house.caller.post(f"/v1/quotes/{first}/accept", {"revision": 1})
        (accepted,) = await _heard(stream, 1)
        assert accepted["event"] == "quote_accepted"
    resumed = {"Last-Event-ID": accepted["id"]}
    async with listening(own_house, "/v1/events/stream", **resumed) as stream:
        await own_house.caller.post(f"/v1/quotes/{second}/accept", {"revision": 1})
        subjects = [event["data"]["id"] for event in await _heard(stream, 4)]
        assert subjects[-1] == f"{second}.2"
    await own_house.caller.refused("GET", "/v1/contracts/ABC-2027-000001/events/stream", status=404)
    await own_house.caller.refused("GET", "/v1/events/stream", headers={"Last-Event-ID": "yesterday"}, status=422)
