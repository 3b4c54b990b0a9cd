"""Campaigns that begin by themselves, on a real server: each planned time has one campaign."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from cli.housekeeping import CHORES, PREFIX, apply_housekeeping
from domain.books import Account
from storage import books
from storage.books import Scope
from tests.campaigns.portfolio import Estate
from tests.workflows.living import eventually
from workflows.messages import BooksClosed, BooksClosing

WHY = {"reason": "a test"}


def weekly(**more: Any) -> dict[str, Any]:
    """A schedule for Mondays at ten in Paris, which begins nothing while a test runs but what the test asks for."""
    selection = {"ends_in_from": 85, "ends_in_until": 95} | more.pop("selection", {})
    return {
        "name": "Renewals of the week",
        "selection": selection,
        "zone": "Europe/Paris",
        "cron": ["0 10 * * 1"],
        "catch_up_hours": 4,
        "reason": "the desk quotes on Mondays",
    } | more


async def began(estate: Estate, schedule: str, count: int) -> list[dict[str, Any]]:
    """The campaigns of a schedule, once there are so many and all are over."""

    async def over() -> bool:
        page = await estate.caller.get("/v1/campaigns", schedule=schedule)
        return [item["status"] for item in page["items"]] == ["done"] * count

    await eventually(over, seconds=60)
    return list((await estate.caller.get("/v1/campaigns", schedule=schedule))["items"])


async def test_a_schedule_is_kept_shown_changed_and_deleted(estate: Estate) -> None:
    """What was asked for is what is shown, with the next times in its zone; who did what and why is noted."""
    path = f"/v1/campaign-schedules/weekly-{uuid4().hex[:6]}"
    shown = await estate.caller.put(path, weekly(jitter_seconds=60, paused=True))
    assert shown["cron"] == ["0 10 * * 1"]
    assert (shown["zone"], shown["catch_up_hours"], shown["jitter_seconds"]) == ("Europe/Paris", 4, 60)
    assert (shown["overlap"], shown["pause_on_failure"], shown["paused"]) == ("skip", True, True)
    assert "the desk quotes on Mondays" in shown["note"]
    assert {datetime.fromisoformat(at).weekday() for at in shown["upcoming"]} == {0}
    changed = await estate.caller.put(path, weekly(cron=[], every_hours=24, overlap="buffer_one", paused=True))
    assert (changed["cron"], changed["every_hours"], changed["overlap"]) == ([], 24, "buffer_one")
    resumed = await estate.caller.post(f"{path}/resume", WHY)
    assert (resumed["paused"], "a test" in resumed["note"]) == (False, True)
    assert (await estate.caller.post(f"{path}/pause", WHY))["paused"]

    async def is_listed() -> bool:
        return path.rpartition("/")[2] in [item["id"] for item in await estate.caller.get("/v1/campaign-schedules")]

    await eventually(is_listed)
    deleted = await estate.caller.send("DELETE", path)
    assert deleted.status_code == 200
    await estate.caller.refused("GET", path, status=404)


async def test_times_that_cannot_be_are_refused(estate: Estate) -> None:
    """A line that is no cron, a window that does not move, and no time at all name the field at fault."""
    path = f"/v1/campaign-schedules/wrong-{uuid4().hex[:6]}"
    for wrong, field in (
        (weekly(cron=["0 99 * * 1"]), "body.cron"),
        (weekly(cron=[]), None),
        (weekly(zone="Europe/Atlantis"), "zone"),
        (weekly() | {"selection": {"ends_until": "2099-12-31"}}, None),
    ):
        problem = await estate.caller.refused("PUT", path, wrong, status=422)
        assert field is None or problem["field"] == field, problem
    await estate.caller.refused("POST", f"{path}/trigger", WHY, status=404)


async def test_triggered_it_begins_a_campaign_now(estate: Estate) -> None:
    """The campaign counts its window from its own day, is found under its schedule, and asks who is meant."""
    clock = await estate.clock()
    await estate.people(clock, monthly=2)
    await estate.advance(clock, "2027-07-01T09:00:00Z")
    schedule = f"now-{uuid4().hex[:6]}"
    window = {"ends_in_from": 0, "ends_in_until": 365, "test_clock": clock}
    await estate.caller.put(f"/v1/campaign-schedules/{schedule}", weekly(selection=window))
    await estate.caller.post(f"/v1/campaign-schedules/{schedule}/trigger", WHY)
    (campaign,) = await began(estate, schedule, 1)
    assert campaign["outcomes"] == {"quoted": 2}
    assert (campaign["selection"]["ends_from"], campaign["selection"]["ends_until"]) == ("2027-07-01", "2028-06-30")
    shown = await estate.caller.get(f"/v1/campaign-schedules/{schedule}")
    assert [run["campaign"] for run in shown["recent"]] == [campaign["id"]]
    await estate.caller.send("DELETE", f"/v1/campaign-schedules/{schedule}")


async def test_backfilled_each_time_has_one_campaign_with_its_own_window(estate: Estate) -> None:
    """Three past Mondays have a campaign each, counted from their days; backfilled again, they have no other."""
    schedule = f"past-{uuid4().hex[:6]}"
    path = f"/v1/campaign-schedules/{schedule}"
    await estate.caller.put(path, weekly())
    monday = datetime.now(UTC).date() - timedelta(days=datetime.now(UTC).weekday() + 21)
    span = {"since": f"{monday}T00:00:00Z", "until": f"{monday + timedelta(days=15)}T00:00:00Z"} | WHY
    await estate.caller.post(f"{path}/backfill", span)
    campaigns = await began(estate, schedule, 3)
    days = sorted(date.fromisoformat(item["selection"]["ends_from"]) - timedelta(days=85) for item in campaigns)
    assert days == [monday + timedelta(days=7 * week) for week in range(3)]
    assert all(item["id"].startswith(f"{schedule}-{day}T") for item, day in zip(reversed(campaigns), days, strict=True))
    await estate.caller.post(f"{path}/backfill", span)
    await asyncio.sleep(2)
    assert await began(estate, schedule, 3) == campaigns
    await estate.caller.send("DELETE", path)


async def test_housekeeping_is_on_schedule(estate: Estate) -> None:
    """Its schedule is applied any number of times, and keeps an operator's pause."""
    for _ in range(2):
        ids = await apply_housekeeping(estate.client, estate.settings)
    handle = estate.client.get_schedule_handle(ids[0])

    async def paused() -> bool:
        """The server loses a pause that comes while a change is under way: then it is asked for again."""
        await handle.pause(note="stock-taking")
        state = (await handle.describe()).schedule.state
        return (state.paused, state.note) == (True, "stock-taking")

    await eventually(paused)
    await apply_housekeeping(estate.client, estate.settings)
    found = await handle.describe()
    assert (found.schedule.state.paused, found.schedule.state.note) == (True, "stock-taking")
    assert found.schedule.policy.catchup_window == timedelta(hours=24)
    await handle.delete()


async def test_the_books_are_closed_contract_by_contract(any_estate: Estate) -> None:
    """A day of service of a real contract is earned, once; what lives on a test clock earns nothing real."""
    estate = any_estate
    await estate.people(await estate.clock(), monthly=2)
    numbers = await estate.people(None, monthly=2)
    for number in numbers:
        await eventually(partial(_is_billed, estate, number))
    today = datetime.now(UTC).date()
    moved = [await _close(estate, today + timedelta(days=1)) for _ in range(2)]
    assert (moved[0] > 0, moved[1]) == (True, 0)
    async with estate.database.read() as connection:
        real = await books.balances(connection, Scope(trial=False))
        trial = await books.balances(connection, Scope(trial=True))
    assert real["EUR"][Account.REVENUE] < 0
    assert trial["EUR"][Account.REVENUE] == 0


async def _is_billed(estate: Estate, number: str) -> bool:
    events = await estate.caller.get(f"/v1/contracts/{number}/events")
    return any(item["kind"] == "period_billed" for item in events["items"])


async def _close(estate: Estate, on: date) -> int:
    """Close the books in batches of one; answers with how many postings that made."""
    closed: BooksClosed = await estate.client.execute_workflow(
        "CloseBooks",
        BooksClosing(on=on, limit=1),
        id=f"{PREFIX}{CHORES[0].name}-{uuid4().hex}",
        task_queue=estate.settings.task_queue,
        result_type=BooksClosed,
    )
    return closed.moved
