"""When a device stops, through the API: by its contract, by its warranty, as one of a fleet, or not at all."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.api.fleet_programme import publish
from tests.api.house import House
from tests.api.test_fleets import Fleets, lines


@pytest.mark.rule("HPG-2", "HPG-14")
async def test_a_device_is_answered_for(any_house: House) -> None:
    """Under contract, by its contract; before it starts, by its warranty; a device that nobody knows is none."""
    clock = await any_house.clock("2028-01-10T09:00:00Z")
    number = await any_house.ordered(serial="SN-WARRANTY", clock=clock)
    await any_house.becomes(number, "Scheduled")
    asked = {"test_clock": clock}
    answer = await any_house.caller.get("/v1/devices/SN-WARRANTY/entitlement", **asked)
    assert (answer["covered"], answer["by"], answer["until"]) == (True, "warranty", "2028-05-17")
    assert answer["contracts"][0]["why_not"] == "service starts on 2028-05-18"
    await any_house.advance(number, to="2028-06-01T12:00:00Z")
    answer = await any_house.caller.get("/v1/devices/SN-WARRANTY/entitlement", **asked)
    assert (answer["on"], answer["by"], answer["contracts"][0]["rule"]) == ("2028-06-01", number, "HPG-14")
    later = await any_house.caller.get("/v1/devices/SN-WARRANTY/entitlement", on="2028-06-02", service="none", **asked)
    assert (later["covered"], later["contracts"]) == (False, [])
    assert (await any_house.caller.get("/v1/devices/SN-WARRANTY/entitlement"))["contracts"] == []
    await any_house.caller.post(f"/v1/contracts/{number}/suspend", {"reason": "holiday"})
    answer = await any_house.caller.get("/v1/devices/SN-WARRANTY/entitlement", **asked)
    assert answer["contracts"][0]["why_not"] == "service is suspended"
    await any_house.caller.refused("GET", "/v1/devices/SN-UNHEARD-OF/entitlement", status=404)


@pytest.mark.rule("HPP-8")
async def test_a_device_of_a_fleet_is_answered_for(house: House) -> None:
    """By its serial number alone: its fleet's contract serves it, or says why not."""
    fleets = Fleets(house, await publish(house))
    fleet = await fleets.make(lines(250, ends="2032-12-31"))
    clock = await house.clock("2027-03-01T09:00:00Z")
    number = await fleets.served(fleet, clock)
    answer = await house.caller.get("/v1/devices/DE-000007/entitlement", test_clock=clock)
    assert (answer["covered"], answer["by"]) == (True, number)
    excluded = await house.caller.get("/v1/devices/DE-000007/entitlement", test_clock=clock, on="2033-01-01")
    assert (excluded["covered"], excluded["contracts"][0]["rule"]) == (False, "HPG-3")


@pytest.mark.rule("HPG-2", "HPG-3")
async def test_a_warranty_is_reckoned_and_never_guessed(any_house: House) -> None:
    """From the day of purchase, by the programme's terms of warranty; without any day nobody knows, and none waits."""
    ask = any_house.caller
    answer = await ask.get("/v1/devices/SN-PURCHASED/entitlement", on="2028-05-17")
    assert (answer["covered"], answer["by"], answer["until"]) == (True, "warranty", "2028-05-17")
    (warranty,) = [item for item in answer["warranties"] if item["rule"] == "HPG-2"]
    assert (warranty["fact"], warranty["fact_on"], warranty["where"]) == ("purchased_on", "2027-05-18", "on_site")
    answer = await ask.get("/v1/devices/SN-UNDATED/entitlement", on="2028-05-17")
    assert (answer["covered"], answer["unknown"]) == (
        None,
        "warranty unknown until the purchase date or the shipment date is given",
    )
    cover = await ask.get("/v1/devices/SN-PURCHASED/cover", programme=any_house.code, on="2028-01-10")
    assert (cover["last_day"], cover["service_from"]) == ("2028-05-17", "2028-05-18")
    offer = {"serial": "SN-UNDATED", "service": "care-designjet"}
    asked = {"programme": any_house.code, "customer": any_house.customer(), "period": 1, "offers": [offer]}
    problem = await ask.refused("POST", "/v1/quotes", asked, status=409)
    assert "unknown until the purchase date" in problem["detail"]
    clock = await any_house.clock("2028-01-10T09:00:00Z")
    number = await any_house.quote(clock=clock, offers=[offer | {"serial": "SN-PURCHASED"}])
    quoted = await ask.get(f"/v1/contracts/{number}")
    basis = quoted["lines"][0]["cover"][0]["basis"]
    assert (basis["term"], basis["fact"], basis["on"]) == ("designjet_limited", "purchased_on", "2027-05-18")


@pytest.mark.rule("HPG-3", "HPG-4")
async def test_a_warranty_that_moves_moves_its_contracts(house: House) -> None:
    """A date that is found out, a claim, its withdrawal: each in the trail with its cause; what is billed stays."""
    serial = f"SN-{uuid4().hex[:8].upper()}"
    plain = {"model": "DesignJet T-48", "device_type": "large_format", "country": "FR"}
    path = f"/v1/devices/{serial}"
    await house.caller.put(path, plain | {"dates": {"purchased_on": "2027-05-18"}})
    clock = await house.clock("2028-01-10T09:00:00Z")
    number = await house.ordered(serial=serial, clock=clock, offers=[{"serial": serial, "service": "care-designjet"}])
    await house.becomes(number, "Scheduled")
    changed = await house.caller.post(
        f"{path}/dates", {"dates": {"purchased_on": "2027-05-28"}, "reason": "the receipt"}
    )
    assert (changed["moved"], changed["left"]) == ([number], [])
    line = (await house.caller.get(f"/v1/contracts/{number}"))["lines"][0]
    assert (line["starts_on"], line["cover"][0]["basis"]["on"]) == ("2028-05-28", "2027-05-28")
    move = f"/v1/contracts/{number}/move-cover"
    longer = {"serial": serial, "cover": [{"kind": "warranty", "last_day": "2028-07-31"}], "cause": "claim"}
    assert (await house.caller.post(move, longer))["lines"][0]["starts_on"] == "2028-08-01"
    undone = await house.caller.post(f"/v1/contracts/{number}/undo", {"what": "cover"})
    assert undone["lines"][0]["starts_on"] == "2028-05-28"
    trail = (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]
    moves = [(item["data"]["cause"], item["data"]["reason"]) for item in trail if item["kind"] == "cover_moved"]
    assert moves == [("correction", "the receipt"), ("claim", None), (None, None)]
    await house.advance(number, to="2028-08-10T12:00:00Z")
    changed = await house.caller.post(f"{path}/dates", {"dates": {"purchased_on": "2027-06-28"}, "cause": "claim"})
    (left,) = changed["left"]
    assert (left["contract"], left["rule"]) == (number, "HPG-3")
    assert "is billed" in left["reason"]
    await house.caller.refused("POST", move, longer | {"serial": "SN-ELSEWHERE"}, status=409)
