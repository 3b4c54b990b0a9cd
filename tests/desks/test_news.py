"""What people do at a desk, heard by contracts that live on the real server."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook
from temporalio.client import Client

from cli.http import serving
from runtime.ports import free_port
from tests.api.house import House
from tests.desks.houses import house_at
from tests.desks.people import AtRequestTracker, AtRoundup, AtTheEmbedded, Person
from tests.desks.servers import PASSWORD, RequestTrackerServer, RoundupServer
from tests.workflows.living import eventually

SECRET = "whsec_" + base64.b64encode(b"a secret of the desk's, 32 bytes").decode()


@pytest.fixture(params=["embedded", "rt", "roundup"])
def told(request: pytest.FixtureRequest) -> dict[str, Any]:
    """How a house is told of each desk in turn."""
    if request.param == "rt":
        rt: RequestTrackerServer = request.getfixturevalue("rt_server")
        rt.start()
        return {"desk": "rt", "desk_url": rt.url, "desk_token": rt.token}
    if request.param == "roundup":
        roundup: RoundupServer = request.getfixturevalue("roundup_server")
        roundup.start()
        return {"desk": "roundup", "desk_url": roundup.tracker_url, "desk_token": PASSWORD}
    return {"desk": "embedded"}


def somebody(house: House, request: pytest.FixtureRequest) -> Person:
    """Somebody at the house's desk."""
    if house.settings.desk == "rt":
        return AtRequestTracker(request.getfixturevalue("rt_server"))
    if house.settings.desk == "roundup":
        return AtRoundup(request.getfixturevalue("roundup_server"))
    return AtTheEmbedded(house.database)


async def trail(house: House, number: str) -> list[dict[str, Any]]:
    """A contract's trail."""
    found = await house.caller.get(f"/v1/contracts/{number}/events", limit=200)
    items: list[dict[str, Any]] = found["items"]
    return items


async def case_at(person: Person, case: str) -> None:
    """Wait until the desk has a case."""

    async def there() -> bool:
        return await person.count(case) == 1

    await eventually(there)


@pytest.mark.rule("HPG-8")
async def test_an_inspection_is_decided_at_the_desk(
    told: dict[str, Any], request: pytest.FixtureRequest, temporal_client: Client, tmp_path: Path
) -> None:
    """Closed without a result it is open again, with what is needed; closed as passed, the contract is active.

    However often the desk is read, each thing that was done there is in the trail once.
    """
    async with house_at(temporal_client, tmp_path, told, desk_poll_seconds=1) as house:
        person = somebody(house, request)
        number = await house.ordered(serial="SN-LAPSED")
        case = f"{number}-I1"
        await case_at(person, case)
        await person.write(case, "見に行く", minutes=20)
        await person.close(case)
        await ring(house)
        await eventually(lambda: reopened(person, case))
        assert "its result is one of `passed`, `failed`" in (await person.sees(case)).notes[-1]
        shown = await house.caller.get(f"/v1/contracts/{number}")
        assert any("closed without a result" in item for item in shown["attention"])
        await person.close(case, "passed", "動作良好")
        await ring(house)
        shown = await house.becomes(number, "Active")
        assert shown["attention"] == []
        entries = await trail(house, number)
        kinds = [entry["kind"] for entry in entries]
        assert [kinds.count(kind) for kind in ("case_contested", "inspection_passed")] == [1, 1]
        assert [entry["data"]["minutes"] for entry in entries if entry["kind"] == "case_noted"].count(20) == 1
        passed = next(entry for entry in entries if entry["kind"] == "inspection_passed")
        assert passed["by"].endswith("(desk)")
        heard = await house.caller.get("/v1/desk/changes", state="refused")
        assert [(item["case"], item["what"]) for item in heard["items"] if item["case"] == case] == [(case, "closed")]
        assert (await person.sees(case)).closed


async def reopened(person: Person, case: str) -> bool:
    """Whether a case is open, and says why."""
    seen = await person.sees(case)
    return not seen.closed and any("Not taken" in note for note in seen.notes)


async def ring(house: House) -> None:
    """Ring for the house's watch, as a desk does."""
    await house.client.get_workflow_handle(f"desk:{house.settings.task_queue}").signal("look")


async def test_request_tracker_rings_by_itself(
    rt_server: RequestTrackerServer, temporal_client: Client, tmp_path: Path
) -> None:
    """Its scrip signs what it sends; the contract hears at once, long before the desk would be looked at."""
    port = free_port()
    rt_server.kill()
    rt_server.configure(
        f"Set($TenureWebhookURL, 'http://127.0.0.1:{port}/v1/webhooks/desk'); Set($TenureWebhookSecret, '{SECRET}');"
    )
    rt_server.start()
    told = {"desk": "rt", "desk_url": rt_server.url, "desk_token": rt_server.token}
    person = AtRequestTracker(rt_server)
    more = {"desk_poll_seconds": 3600, "desk_webhook_secret": SECRET, "api_port": port}
    try:
        async with house_at(temporal_client, tmp_path, told, **more) as house, serving(house.app, house.settings):
            number = await house.ordered(serial="SN-LAPSED")
            case = f"{number}-I1"
            await case_at(person, case)
            await person.close(case, "passed")
            await house.becomes(number, "Active")
    finally:
        rt_server.kill()
        rt_server.configure("")
        rt_server.start()


async def test_a_ring_needs_the_right_signature(temporal_client: Client, tmp_path: Path) -> None:
    """Without the secret nobody rings; with it everybody who signs does, and a ring says nothing by itself."""
    more = {"desk_webhook_secret": SECRET}
    async with house_at(temporal_client, tmp_path, {"desk": "embedded"}, **more) as house:
        at = datetime.now(UTC)
        good = {
            "webhook-id": "rt-1",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(SECRET).sign("rt-1", at, "{}"),
        }
        answers = [
            (await house.http.post("/v1/webhooks/desk", content="{}", headers=good)).status_code,
            (await house.http.post("/v1/webhooks/desk", content="{ }", headers=good)).status_code,
            (await house.http.post("/v1/webhooks/desk", content="{}")).status_code,
            (await house.http.post("/v1/webhooks/desk", content="x" * 20_000, headers=good)).status_code,
        ]
        assert answers == [202, 401, 401, 413]


async def test_without_a_secret_there_is_no_bell(temporal_client: Client, tmp_path: Path) -> None:
    """A house that has none set says which setting is missing."""
    async with house_at(temporal_client, tmp_path, {"desk": "embedded"}) as house:
        answer = await house.http.post("/v1/webhooks/desk", content="{}")
    assert answer.status_code == 404
    assert "TENURE_DESK_WEBHOOK_SECRET" in answer.json()["detail"]


@pytest.mark.rule("HPG-14")
async def test_people_work_at_the_embedded_desk(temporal_client: Client, tmp_path: Path) -> None:
    """They find their cases, work on them through the API, once per key, and the contract follows."""
    async with house_at(temporal_client, tmp_path, {"desk": "embedded"}) as house:
        number = await house.ordered()
        await house.becomes(number, "Active")
        await house.caller.post(f"/v1/contracts/{number}/cases", {"serial": "SN-NOCOVER", "subject": "Bourrage papier"})
        await house.sees("/v1/desk/cases?status=open", lambda page: page["items"])
        (case,) = (await house.caller.get("/v1/desk/cases", status="open"))["items"]
        assert case["contract"] == number
        assert case["description"].startswith("What is expected: help the customer")
        place = f"/v1/desk/cases/{case['case']}/work"
        done = {"answer": "Un technicien passe demain", "minutes": 15, "stage": "dispatch"}
        first = await house.caller.post(place, done, key="work-1")
        assert await house.caller.post(place, done, key="work-1") == first
        assert (first["minutes"], first["stage"], first["notes"]) == (15, "dispatch", ["Un technicien passe demain"])
        await house.caller.post(place, {"note": "réparé", "status": "closed"})
        entries = await house.sees(
            f"/v1/contracts/{number}/events?limit=200",
            lambda page: any(entry["kind"] == "case_closed" for entry in page["items"]),
        )
        kinds = [entry["kind"] for entry in entries["items"] if entry["kind"].startswith("case_")]
        assert kinds == ["case_opened", "case_noted", "case_noted", "case_advanced", "case_noted", "case_closed"]
        await house.caller.refused("POST", "/v1/desk/cases/NOBODY-1/work", {"note": "x"}, status=404)


async def test_news_of_a_contract_that_has_ended_is_answered_at_the_desk(
    temporal_client: Client, tmp_path: Path
) -> None:
    """Whoever works on its case is told that nothing more happens, once; the news counts as refused."""
    async with house_at(temporal_client, tmp_path, {"desk": "embedded"}) as house:
        person = AtTheEmbedded(house.database)
        number = await house.ordered(serial="SN-LAPSED")
        case = f"{number}-I1"
        await case_at(person, case)
        await person.close(case, "failed", "broken")
        await ring(house)
        await house.becomes(number, "Void")
        workflow = house.client.get_workflow_handle(f"contract:{number}")
        await asyncio.wait_for(workflow.result(), 30)
        await person.reopen(case)
        await ring(house)
        await eventually(lambda: answered(person, case))
        refused = (await house.caller.get("/v1/desk/changes", state="refused"))["items"]
        assert [item["reason"] for item in refused] == [f"contract {number} has ended: it takes nothing more"]


async def answered(person: Person, case: str) -> bool:
    """Whether the desk was told that the contract has ended."""
    return any("has ended" in note for note in (await person.sees(case)).notes)


async def test_request_tracker_is_down_for_a_day(
    rt_server: RequestTrackerServer, temporal_client: Client, tmp_path: Path
) -> None:
    """Contracts go on, flagged; when it is back every case appears once, in the order in which it was opened."""
    rt_server.start()
    told = {"desk": "rt", "desk_url": rt_server.url, "desk_token": rt_server.token}
    person = AtRequestTracker(rt_server)
    async with house_at(temporal_client, tmp_path, told, patience_seconds=3) as house:
        numbers = [await house.ordered() for _ in range(2)]
        for number in numbers:
            await house.becomes(number, "Active")
        rt_server.kill()
        for number in numbers:
            for subject in ("first", "second", "third"):
                call = {"serial": "SN-NOCOVER", "subject": f"{number} {subject}"}
                await house.caller.post(f"/v1/contracts/{number}/cases", call)
            await house.caller.post(f"/v1/contracts/{number}/cases/{number}-C1/advance", {"note": "by phone"})
            await house.advance(number, by="P1D")
            await house.sees(
                f"/v1/contracts/{number}",
                lambda shown: any(item.startswith("ticketing:") for item in shown["attention"]),
            )
        for number in numbers:
            await house.advance(number, by="P2M")
            bills = await house.caller.get(f"/v1/contracts/{number}/invoices")
            assert len(bills) >= 3, "the contract went on"
        rt_server.start()
        for number in numbers:
            shown = await house.sees(f"/v1/contracts/{number}", lambda shown: shown["attention"] == [])
            assert shown["status"] == "Active"
        tickets = []
        for number in numbers:
            for index in (1, 2, 3):
                assert await person.count(f"{number}-C{index}") == 1
            tickets.append([int((await person._ids(f"{number}-C{index}"))[0]) for index in (1, 2, 3)])
            first = await person.sees(f"{number}-C1")
            assert (first.stage, [note.count("by phone") for note in first.notes]) == ("dispatch", [1])
        assert all(found == sorted(found) for found in tickets)
