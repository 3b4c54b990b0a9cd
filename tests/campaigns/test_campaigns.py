"""Campaigns on a real server: whoever breaks, whoever asks at the same time, each contract is quoted once."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.campaign import Pace, Selection
from storage import programmes
from storage.tables import programme_version
from tests.campaigns.portfolio import Estate
from tests.workflows.test_operators_view import FILTERS
from workflows.messages import CampaignProgress, CampaignStart

SUMMER = "2027-07-01T09:00:00Z"
"""No term ends within ninety days of it: nothing has been quoted by itself."""


def campaign(clock: str, **more: Any) -> dict[str, Any]:
    """A campaign for everybody on a clock whose term ends within a year."""
    narrowed = more.pop("selection", {})
    selection = {"ends_in_from": 0, "ends_in_until": 365, "test_clock": clock} | narrowed
    return {"name": "Renewals", "selection": selection, "pace": {"batch": 5, "at_once": 4, "per_second": 50}} | more


def added_up(rows: dict[str, dict[str, Any]]) -> dict[str, int]:
    """How many rows came to what."""
    found: dict[str, int] = {}
    for row in rows.values():
        found[row["outcome"]] = found.get(row["outcome"], 0) + 1
    return found


@pytest.mark.rule("COM-3")
async def test_a_broken_contract_is_named_and_the_others_go_on(any_estate: Estate) -> None:
    """Contracts of all programmes are asked; a workflow that somebody ended fails alone, and is asked again later.

    The preview has said before what each would be quoted, and the report adds up.
    """
    estate = any_estate
    clock = await estate.clock()
    numbers = await estate.people(clock, monthly=6, contract=5, package=2, machine=5, fleet=2, endless=1)
    await estate.advance(clock, SUMMER)
    wanted = campaign(clock)
    preview = await estate.caller.post("/v1/campaigns/preview", {"selection": wanted["selection"]}, limit=200)
    totals = await estate.caller.post("/v1/campaigns/preview/totals", {"selection": wanted["selection"]})
    assert totals["outcomes"] == {"quoted": 20}
    broken = preview["items"][7]["contract"]
    await estate.client.get_workflow_handle(f"contract:{broken}").terminate("behind our back")

    begun = await estate.caller.post("/v1/campaigns", wanted)
    shown = await estate.finished(begun["id"])
    rows = await estate.rows(begun["id"])
    assert shown["selected"] == sum(shown["outcomes"].values()) == len(rows) == len(numbers) - 1
    assert shown["outcomes"] == added_up(rows) == {"quoted": 19, "failed": 1}
    assert rows[broken]["outcome"] == "failed"
    assert f"contract:{broken}" in rows[broken]["reason"]
    foreseen = {item["contract"]: (item["net"], item["term_net"], item["currency"]) for item in preview["items"]}
    for number, row in rows.items():
        if number != broken:
            assert (row["net"], row["term_net"], row["currency"]) == foreseen[number]
            assert await estate.quoted(number) == 1

    report = await estate.caller.send("GET", f"/v1/campaigns/{begun['id']}/report")
    lines = list(csv.DictReader(io.StringIO(report.text)))
    assert [line["contract"] for line in lines] == sorted(rows)
    for amount in shown["amounts"]:
        mine = [line for line in lines if line["currency"] == amount["currency"] and line["outcome"] == "quoted"]
        assert amount["quotes"] == len(mine)
        assert Decimal(amount["term_net"]) == sum(Decimal(line["term_net"]) for line in mine)

    again = await estate.caller.post(f"/v1/campaigns/{begun['id']}/retry")
    assert again["round"] == 2
    shown = await estate.finished(begun["id"])
    assert shown["outcomes"] == {"quoted": 19, "failed": 1}


@pytest.mark.rule("COM-3")
async def test_two_campaigns_at_the_same_second_double_nothing(estate: Estate) -> None:
    """Over overlapping selections each contract is quoted by one of them, and the other is told so."""
    clock = await estate.clock()
    numbers = await estate.people(clock, monthly=8, machine=6)
    await estate.advance(clock, SUMMER)
    everybody, some = campaign(clock), campaign(clock, selection={"programme": "HPG"})
    begun = await asyncio.gather(
        estate.caller.post("/v1/campaigns", everybody), estate.caller.post("/v1/campaigns", some)
    )
    await asyncio.gather(*(estate.finished(item["id"]) for item in begun))
    rows = [await estate.rows(item["id"]) for item in begun]
    assert len(rows[0]) == 14
    assert len(rows[1]) == 8
    for number in numbers:
        told = sorted(found[number]["outcome"] for found in rows if number in found)
        assert told in (["quoted"], ["already_quoted", "quoted"])
        assert await estate.quoted(number) == 1
    await estate.advance(clock, "2028-01-06T09:00:00Z")
    assert [await estate.quoted(number) for number in numbers] == [1] * 14


async def listed(estate: Estate, query: str, workflow: str) -> bool:
    """Whether a list filter finds a workflow."""
    return [item.id async for item in estate.client.list_workflows(query) if item.id == workflow] == [workflow]


async def test_a_campaign_is_paused_resumed_and_cancelled(estate: Estate) -> None:
    """Paused it asks nobody, resumed it goes on where it stopped, cancelled it leaves out the rest, and all add up."""
    clock = await estate.clock()
    await estate.people(clock, monthly=8)
    await estate.advance(clock, SUMMER)
    begun = await estate.caller.post("/v1/campaigns", campaign(clock, pace={"batch": 1, "at_once": 1, "per_second": 1}))
    path = f"/v1/campaigns/{begun['id']}"
    paused = await estate.caller.post(f"{path}/pause", {"reason": "the desk asked"})
    assert paused["status"] == "paused"
    first = await estate.becomes(begun["id"], "paused")
    handle = estate.client.get_workflow_handle(f"campaign:{begun['id']}")
    await asyncio.sleep(1.5)
    progress = await handle.query("progress", result_type=CampaignProgress)
    assert progress.standing == "paused"
    assert await listed(estate, FILTERS["campaigns that are paused"], handle.id)
    assert progress.outcomes == first["outcomes"] == (await estate.caller.get(path))["outcomes"]
    assert "the desk asked" in progress.told[0]
    assert (await estate.caller.post(f"{path}/resume", {}))["status"] == "running"
    before = first["outcomes"].get("quoted", 0)
    await estate.sees(begun["id"], lambda shown: shown["outcomes"].get("quoted", 0) > before)
    await estate.caller.post(f"{path}/cancel", {})
    shown = await estate.finished(begun["id"])
    assert shown["status"] == "cancelled"
    assert shown["selected"] == sum(shown["outcomes"].values()) == 8
    assert set(shown["outcomes"]) == {"quoted", "left_out"}
    rows = await estate.rows(begun["id"])
    assert [await estate.quoted(number) for number in rows] == [int(r["outcome"] == "quoted") for r in rows.values()]
    problem = await estate.caller.refused("POST", f"{path}/pause", {}, status=409)
    assert (problem["rule"], problem["allowed_when"]) == ("COM-3", "it is retried")
    assert (await estate.caller.refused("POST", f"{path}/retry", status=409))["rule"] == "COM-3"


async def test_what_is_hindered_is_named_and_quoted_when_it_is_retried(estate: Estate) -> None:
    """A package that the price list lacks is hindered, says so, and is quoted once the list has it again."""
    clock = await estate.clock()
    numbers = await estate.people(clock, package=2, contract=1)
    await estate.advance(clock, SUMMER)
    whole = await _without(estate, "post-warranty-package")
    try:
        begun = await estate.caller.post("/v1/campaigns", campaign(clock))
        shown = await estate.finished(begun["id"])
        assert shown["outcomes"] == {"hindered": 2, "quoted": 1}
        hindered = await estate.rows(begun["id"], outcome="hindered")
        assert {row["reason"] for row in hindered.values()} == {"post-warranty-package is no longer in the price list"}
    finally:
        await _list(estate, whole)
    await estate.caller.post(f"/v1/campaigns/{begun['id']}/retry")
    shown = await estate.finished(begun["id"])
    assert (shown["round"], shown["outcomes"]) == (2, {"quoted": 3})
    assert [await estate.quoted(number) for number in numbers] == [1, 1, 1]


async def _without(estate: Estate, service: str) -> dict[str, Any]:
    """Take a service out of its price list; answers with the list as it was."""
    async with estate.database.read() as connection:
        row = await programmes.latest(connection, "HPJ")
    assert row is not None
    left = [item for item in row["catalogue"]["services"] if item["id"] != service]
    await _list(estate, row["catalogue"] | {"services": left})
    return dict(row["catalogue"])


async def _list(estate: Estate, catalogue: dict[str, Any]) -> None:
    async with estate.database.write() as connection:
        await connection.execute(
            programme_version.update().where(programme_version.c.code == "HPJ"), {"catalogue": catalogue}
        )


async def test_real_campaigns_leave_test_clocks_alone(estate: Estate) -> None:
    """Who lives on a test clock is asked by that clock's campaigns, and by nobody else's."""
    clock, other = await estate.clock(), await estate.clock()
    await estate.people(clock, monthly=1)
    await estate.advance(clock, SUMMER)
    everybody = {"ends_until": "2099-12-31"}
    for selection, reached in (
        (everybody, 0),
        (everybody | {"test_clock": other}, 0),
        (everybody | {"test_clock": clock}, 1),
    ):
        begun = await estate.caller.post("/v1/campaigns", {"name": "Everybody", "selection": selection})
        assert (await estate.finished(begun["id"]))["selected"] == reached


async def test_a_campaign_goes_over_into_new_runs(estate: Estate) -> None:
    """Handed over after every batch, with a cursor and what it was told, it asks everybody once."""
    clock = await estate.clock()
    await estate.people(clock, monthly=5)
    await estate.advance(clock, SUMMER)
    start = CampaignStart(
        name="Many runs",
        selection=Selection(ends_until=date(2099, 12, 31), clock=clock),
        pace=Pace(batch=1),
        by="tests",
        batches=1,
    )
    id_ = f"many-runs-{clock}"
    handle = await estate.client.start_workflow(
        "Campaign", start, id=f"campaign:{id_}", task_queue=estate.settings.task_queue
    )
    first = handle.first_execution_run_id
    progress = await handle.result()
    assert progress["outcomes"] == {"quoted": 5}
    shown = await estate.finished(id_)
    assert shown["outcomes"] == {"quoted": 5}
    assert (await estate.client.get_workflow_handle(f"campaign:{id_}").describe()).run_id != first


async def test_a_campaign_that_is_cancelled_in_the_temporal_ui_adds_up_too(estate: Estate) -> None:
    """Cancelled as a workflow, it hears who is being asked, leaves out the rest, and stands as cancelled."""
    clock = await estate.clock()
    numbers = await estate.people(clock, monthly=6)
    await estate.advance(clock, SUMMER)
    begun = await estate.caller.post("/v1/campaigns", campaign(clock, pace={"batch": 2, "at_once": 1, "per_second": 1}))
    await estate.sees(begun["id"], lambda shown: shown["outcomes"].get("quoted", 0) > 0)
    await estate.client.get_workflow_handle(f"campaign:{begun['id']}").cancel()
    shown = await estate.finished(begun["id"])
    assert shown["status"] == "cancelled"
    assert set(shown["outcomes"]) == {"quoted", "left_out"}
    assert shown["selected"] == sum(shown["outcomes"].values()) == 6
    rows = await estate.rows(begun["id"])
    assert [await estate.quoted(number) for number in numbers] == [
        int(rows[number]["outcome"] == "quoted") for number in numbers
    ]
