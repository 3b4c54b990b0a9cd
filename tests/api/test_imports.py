"""Contracts brought in through the API: checked first, then started, each once; and given out again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.imports import MOST_CONTRACTS
from storage.reconcile import differences
from tests.api.house import House

CSV = "text/csv"
NDJSON = "application/x-ndjson"
HEADER = (
    "reference,programme,customer.id,customer.name,customer.email,customer.language,customer.country,period,term.last,"
    "renewal.quoted_on,line.serial,line.service,line.active_since,line.anchor,line.billed_until,line.ends_on\n"
)


def row(house: House, reference: str, **changes: str) -> str:
    """A row of a contract in its first term, monthly, taken over as of 2027-03-15."""
    cells = {
        "reference": reference,
        "programme": house.code,
        "customer.id": "c-1",
        "customer.name": "Atelier Brun",
        "customer.email": "achats@atelier.example",
        "customer.language": "fr",
        "customer.country": "FR",
        "period": "1",
        "term.last": "2027-05-31",
        "renewal.quoted_on": "2027-03-02",
        "line.serial": f"SN-{reference}",
        "line.service": "care-designjet",
        "line.active_since": "2026-06-01",
        "line.anchor": "2026-06-01",
        "line.billed_until": "2027-03-31",
        "line.ends_on": "",
    }
    return ",".join((cells | changes).values()) + "\n"


def more(reference: str, serial: str) -> str:
    """One more line of a contract: what is said of the contract is said above it."""
    line = f"{serial},care-pagewide-xl,2026-06-01,2026-06-01,2027-03-31,"
    return f"{reference}{',' * 10}{line}\n"


async def send(house: House, body: str, media: str = CSV, **params: Any) -> Any:
    """Send a file."""
    asked = {"as_of": "2027-03-15"} | params
    return await house.caller.send(
        "POST", "/v1/imports", params=asked, headers={"Content-Type": media}, content=body.encode()
    )


async def brought(house: House, body: str, media: str = CSV, **params: Any) -> dict[str, Any]:
    """What bringing a file in answers; it must be taken, and everything in it starts."""
    response = await send(house, body, media, **params)
    assert response.status_code == 202, response.text
    answer: dict[str, Any] = response.json()
    if answer["id"]:
        await house.sees(f"/v1/imports/{answer['id']}", lambda shown: shown["state"] == "done")
    return answer


async def numbers(house: House) -> list[str]:
    """The contracts of the house's own programme."""
    page = await house.caller.get("/v1/contracts", programme=house.code)
    return [item["number"] for item in page["items"]]


async def test_contracts_are_brought_in_and_go_on(any_house: House) -> None:
    """A contract of two lines and one of one: started, billed when their next period begins, and all agrees."""
    house, clock = any_house, await any_house.clock("2027-03-15T09:00:00Z")
    body = HEADER + row(house, "40-1") + more("40-1", "SN-B") + row(house, f"{house.code}-2019-000007")
    answer = await brought(house, body, test_clock=clock, source="Contracts 4")
    assert (answer["new"], answer["known"], answer["total"]) == (2, 0, 0)
    assert answer["figures"]["by_status"] == {"Active": 2}
    found = await numbers(house)
    assert found == [f"{house.code}-2019-000007", f"{house.code}-2027-000001"]
    await house.caller.post(f"/v1/test-clocks/{clock}/advance", {"to": "2027-04-02T09:00:00Z"}, wait=30)
    events = await house.caller.get(f"/v1/contracts/{found[1]}/events")
    assert [item["kind"] for item in events["items"] if not item["kind"].startswith("operations")][:2] == [
        "taken_over",
        "period_billed",
    ]
    assert "from Contracts 4 (40-1)" in events["items"][0]["summary"]
    invoices = await house.caller.get(f"/v1/contracts/{found[1]}/invoices")
    assert [(item["on"], len(item["lines"])) for item in invoices] == [("2027-04-01", 2)]
    assert await house.caller.get(f"/v1/contracts/{found[1]}/notices") != []
    async with house.database.read() as connection:
        assert [item async for item in differences(connection)] == []
    devices = await house.caller.get("/v1/devices/SN-B")
    assert devices["device"]["model"] if "device" in devices else devices["model"]


async def test_nothing_of_the_past_is_billed_or_mailed(any_house: House) -> None:
    """On the day as of which it is taken over the customer gets nothing, in the books stands what is paid for."""
    house, clock = any_house, await any_house.clock("2027-03-15T09:00:00Z")
    await brought(house, HEADER + row(house, "40-1"), test_clock=clock)
    (number,) = await numbers(house)
    await house.sees(f"/v1/contracts/{number}/events", lambda page: len(page["items"]) >= 1)
    assert await house.caller.get(f"/v1/contracts/{number}/notices") == []
    assert await house.caller.get(f"/v1/contracts/{number}/invoices") == []
    assert await house.caller.get(f"/v1/contracts/{number}/documents") == []


async def test_again_does_nothing_and_a_changed_row_is_only_told(any_house: House) -> None:
    """The same file, sent anew under another key, changes nothing; another customer's name is told, and not taken."""
    house = any_house
    first = HEADER + row(house, "40-1", **{"line.billed_until": "2027-03-31"}) + row(house, "40-2")
    clock = await house.clock("2027-03-15T09:00:00Z")
    await brought(house, first, test_clock=clock)
    before = await numbers(house)
    again = await brought(house, first, test_clock=clock)
    assert (again["new"], again["known"], again["differing"]) == (0, 2, 0)
    changed = HEADER + row(house, "40-1", **{"customer.name": "Atelier Noir"}) + row(house, "40-2")
    told = await brought(house, changed, test_clock=clock)
    assert (told["new"], told["known"], told["differing"]) == (0, 1, 1)
    assert told["differences"][0]["reference"] == "40-1"
    assert await numbers(house) == before
    shown = await house.caller.get(f"/v1/contracts/{before[0]}")
    assert shown["customer"]["name"] == "Atelier Brun"


async def test_a_dry_run_does_nothing(own_house: House) -> None:
    """It says what would be done, by programme and month."""
    house = own_house
    clock = await house.clock("2027-03-15T09:00:00Z")
    answer = await brought(house, HEADER + row(house, "40-1"), dry_run=True, test_clock=clock)
    assert answer["id"] is None
    assert answer["figures"]["recurring"] == [
        {
            "programme": house.code,
            "currency": "EUR",
            "contracts": 1,
            "monthly": answer["figures"]["recurring"][0]["monthly"],
        }
    ]
    assert answer["figures"]["next"] == [{"month": "2027-04", "what": "period billed", "contracts": 1}]
    assert await numbers(house) == []


async def test_wrong_lines_are_all_named(own_house: House) -> None:
    """Each with its line, field, rule and remedy; nothing is brought in, unless the right ones are asked for."""
    house = own_house
    body = (
        HEADER
        + row(house, "40-1")
        + row(house, "40-2", **{"line.billed_until": "2027-03-20"})
        + row(house, "40-3", **{"line.service": "caer-designjet"})
        + row(house, "40-4", **{"term.last": "soon"})
        + row(house, "40-1", **{"line.serial": "SN-9"})
    )
    clock = await house.clock("2027-03-15T09:00:00Z")
    response = await send(house, body, test_clock=clock)
    problem = response.json()
    assert response.status_code == 422
    assert problem["total"] == 4
    assert [(error["line"], error["field"]) for error in problem["errors"]] == [
        (3, "lines.1.billed_until"),
        (4, "lines.1.service"),
        (5, "term.last"),
        (6, "reference"),
    ]
    assert problem["errors"][0]["rule"] == "HPG-4"
    assert "2027-02-28 or 2027-03-31" in problem["errors"][0]["remedy"]
    assert "care-designjet" in problem["errors"][1]["remedy"]
    assert await numbers(house) == []
    partly = await brought(house, body, partial=True, test_clock=clock)
    assert (partly["new"], partly["total"]) == (1, 4)
    assert len(await numbers(house)) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("reference;programme\n1;X\n", "customer.id"),
        (HEADER.replace("period", "perid"), "perid"),
        (HEADER.replace("customer.name", "customer.nmae"), "customer.nmae"),
        (HEADER + "too,few\n", "line"),
        ('[{"reference": ', "line"),
        ("[1]", "line"),
        ('{"reference": "1", "programme": "NONE"}', "programme"),
        ('{"reference": "1", "customre": {}}', "customre"),
    ],
)
async def test_files_that_are_none(house: House, body: str, field: str) -> None:
    """What is no file of contracts is told so, with the line."""
    response = await send(house, body, CSV if body[0] not in "[{" else NDJSON)
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["field"] == field


async def test_a_file_of_another_kind_is_not_taken(house: House) -> None:
    """The media type says how to read it."""
    assert (await send(house, "x", "application/pdf")).status_code == 415


async def test_a_large_file_is_for_the_command_line(house: House) -> None:
    """So that the API stays quick for everybody else."""
    record = json.dumps({"reference": "1", "programme": "NONE"})
    response = await send(house, f"{record}\n" * (MOST_CONTRACTS + 1), NDJSON)
    assert response.status_code == 422
    assert any(f"may have {MOST_CONTRACTS}" in error["reason"] for error in response.json()["errors"]) or (
        response.json()["total"] > 1000
    )


async def test_what_is_given_out_comes_in_again(any_house: House) -> None:
    """The exported contract, taken out of the way, is what was brought in: it is known, word for word."""
    house = any_house
    clock = await house.clock("2027-03-15T09:00:00Z")
    await brought(house, HEADER + row(house, "40-1") + more("40-1", "SN-B"), test_clock=clock)
    (number,) = await numbers(house)
    await house.sees(f"/v1/contracts/{number}/events", lambda page: len(page["items"]) >= 1)
    response = await house.caller.send("GET", "/v1/exports", params={"as_of": "2027-03-16", "programme": house.code})
    assert response.status_code == 200
    (record,) = [json.loads(line) for line in response.text.splitlines()]
    assert (record["reference"], record["term"]["last"]) == (number, "2027-05-31")
    assert [line["billed_until"] for line in record["lines"]] == ["2027-03-31", "2027-03-31"]
    checked = await brought(house, response.text, NDJSON, dry_run=True, test_clock=clock)
    assert (checked["new"], checked["differing"], checked["total"]) == (0, 1, 0)
    assert checked["differences"][0]["why"] == "it was not brought from a file"


async def test_a_clock_that_is_not_there_is_told(house: House) -> None:
    """Nothing is brought in for a time that nobody keeps."""
    response = await send(house, HEADER + row(house, "40-77"), test_clock="clock-none")
    assert response.status_code == 404
    assert "clock-none" in response.json()["detail"]
