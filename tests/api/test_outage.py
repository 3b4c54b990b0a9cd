"""What the API says while a part of the system is away, and that nothing is lost by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateRPCTimeoutOrCancelledError

from adapters.message_list import Messages
from adapters.papers import Papers
from api import starts
from api.app import create_app
from api.services import Services
from runtime.payloads import DATA_CONVERTER
from tests.api.house import Caller, House, secret


@asynccontextmanager
async def wire_to(target: str) -> AsyncIterator[str]:
    """Another address of a server, for as long as the block lasts; then the wire is cut."""
    host, _, port = target.rpartition(":")
    ends: list[asyncio.StreamWriter] = []
    carriers: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        ends.extend((writer, far_writer))
        carriers.update(asyncio.ensure_future(way) for way in (carry(reader, far_writer), carry(far_reader, writer)))

    server = await asyncio.start_server(answer, "127.0.0.1")
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for carrier in carriers:
            carrier.cancel()
        for end in ends:
            end.transport.abort()
        await asyncio.gather(*carriers, return_exceptions=True)


async def test_without_temporal_a_quote_waits_and_is_not_lost(house: House) -> None:
    """While Temporal is away a quote is answered with 503; afterwards it is started once, and its repeat finds it."""
    async with wire_to(house.client.service_client.config.target_host) as address:
        away = await Client.connect(address, data_converter=DATA_CONVERTER)
    app = create_app(
        Services(house.database, away, house.settings, Papers(house.settings.var_dir), Messages(house.settings.var_dir))
    )
    key = await secret(house.database, "quote", "read")
    customer = house.customer()
    asked = {
        "programme": house.code,
        "customer": customer,
        "period": 1,
        "offers": [{"serial": "SN-NOCOVER", "service": "care-pagewide-xl"}],
    }
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://away.example") as http:
        caller = Caller(http, key)
        response = await caller.send("POST", "/v1/quotes", key="outage", json=asked)
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert response.headers["content-type"] == "application/problem+json"
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/healthz")).status_code == 200
    numbers = await starts.finish(house.app.state.services, timedelta(seconds=-1))
    made = await Caller(house.http, key).post("/v1/quotes", asked, key="outage")
    assert made["number"] in numbers
    page = await house.caller.get("/v1/contracts", customer=customer["id"])
    assert [item["number"] for item in page["items"]] == [made["number"]]


async def test_a_move_that_is_not_answered_is_to_be_asked_for_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Temporal does not say in time whether a clock moves, the answer is 503; the repeat moves it."""
    clock = await house.clock("2027-01-31T09:00:00Z")
    path, wanted = f"/v1/test-clocks/{clock}/advance?wait=30", {"by": "P1M"}

    async def unanswered(*_: object, **__: object) -> None:
        raise WorkflowUpdateRPCTimeoutOrCancelledError

    with monkeypatch.context() as patched:
        patched.setattr(WorkflowHandle, "execute_update", unanswered)
        response = await house.caller.send("POST", path, key="unanswered", json=wanted)
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    moved = (await house.caller.send("POST", path, key="unanswered", json=wanted)).json()
    assert (moved["status"], moved["now"]) == ("ready", "2027-02-28T09:00:00Z")
