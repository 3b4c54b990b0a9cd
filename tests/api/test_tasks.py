"""Tasks through the API: what needs a person, for whom, until when, and settled from the list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.house import House


async def waiting(house: House, number: str) -> list[dict[str, Any]]:
    """The open tasks of a contract."""
    items: list[dict[str, Any]] = (await house.caller.get("/v1/tasks", contract=number))["items"]
    return items


@pytest.mark.rule("HPG-8", "COM-1")
async def test_an_inspection_is_taken_and_settled(any_house: House) -> None:
    """One person has it at a time; the command that settles it moves the contract, and the task is done."""
    caller = any_house.caller
    number = await any_house.ordered(serial="SN-LAPSED")
    listed = await any_house.sees(
        f"/v1/tasks?contract={number}", lambda page: [item["kind"] for item in page["items"]] == ["inspection"]
    )
    task = listed["items"][0]
    assert (task["role"], task["answers"], task["given"]) == ("engineer", ["report_inspection"], {"line": "1"})
    place = f"/v1/tasks/{task['id']}"
    assert (await caller.post(f"{place}/take", {"who": "Ana"}))["taken_by"] == "Ana"
    problem = await caller.refused("POST", f"{place}/take", {"who": "Ben"}, status=409)
    assert problem["detail"].startswith("Ana has it")
    assert (await caller.post(f"{place}/release"))["taken_by"] is None
    await caller.post(f"{place}/take", {})
    problem = await caller.refused("POST", f"{place}/resolve", {"command": "report_inspection"}, status=422)
    assert problem["field"] == "says.passed"
    problem = await caller.refused("POST", f"{place}/resolve", {"command": "cancel"}, status=409)
    assert problem["allowed_when"] == "the command is report_inspection"
    settled = await caller.post(f"{place}/resolve", {"command": "report_inspection", "says": {"passed": True}})
    assert settled["status"] == "Active"
    await any_house.sees(place, lambda shown: shown["closed_at"] is not None)
    assert await waiting(any_house, number) == []
    done = (await caller.get("/v1/tasks", contract=number, done=True))["items"]
    assert "inspection" in {item["kind"] for item in done}
    await caller.refused("POST", f"{place}/take", {}, status=409)


async def test_tasks_are_listed_soonest_first_page_by_page(own_house: House) -> None:
    """Each once, whatever the size of the page; those of test clocks stand apart from the real ones."""
    numbers = [await own_house.quote() for _ in range(3)]
    for number in numbers:
        await own_house.sees(f"/v1/tasks?contract={number}", lambda page: len(page["items"]) == 1)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await own_house.caller.get("/v1/tasks", trial=True, limit=2, **({"page": cursor} if cursor else {}))
        found += [item["contract"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(found) == sorted(numbers)
    assert (await own_house.caller.get("/v1/tasks"))["items"] == []
    assert (await own_house.caller.get("/v1/tasks", trial=True, role="engineer"))["items"] == []


async def test_there_is_no_such_task(house: House) -> None:
    """A task that is not there says so, and a cursor that is none too."""
    await house.caller.refused("GET", "/v1/tasks/none", status=404)
    await house.caller.refused("GET", "/v1/tasks", params={"page": "bm90aGluZw"}, status=422)
