"""A device that is exchanged, through the API: contracts and fleets go on, both serial numbers are answered, once."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.api.fleet_programme import publish
from tests.api.house import House
from tests.api.test_fleets import Fleets, lines


def serials() -> tuple[str, str]:
    """Two that nobody has had."""
    name = uuid4().hex[:8].upper()
    return f"OLD-{name}", f"NEW-{name}"


@pytest.mark.rule("HPG-2", "HPG-3", "HPG-14")
async def test_a_device_is_exchanged(any_house: House) -> None:
    """Its contract goes on for the other one with the rest of the warranty; sent twice, it happens once."""
    ask, (old, new) = any_house.caller, serials()
    plain = {"model": "DesignJet T-48", "device_type": "large_format", "country": "FR"}
    await ask.put(f"/v1/devices/{old}", plain | {"dates": {"purchased_on": "2027-05-18"}})
    clock = await any_house.clock("2028-04-10T09:00:00Z")
    number = await any_house.ordered(serial=old, clock=clock, offers=[{"serial": old, "service": "care-designjet"}])
    await any_house.becomes(number, "Scheduled")
    asked = {"serial": new, "on": "2028-04-10", "reason": "exchanged under warranty"}
    done = await ask.post(f"/v1/devices/{old}/replace", asked, key=f"swap-{old}")
    assert (done["moved"], done["left"], done["device"]["model"]) == ([number], [], "DesignJet T-48")
    assert await ask.post(f"/v1/devices/{old}/replace", asked, key=f"swap-{old}") == done
    line = (await ask.get(f"/v1/contracts/{number}"))["lines"][0]
    assert (line["serial"], line["starts_on"]) == (new, "2028-07-09")  # 90 days at least
    kinds = [item["kind"] for item in (await ask.get(f"/v1/contracts/{number}/events"))["items"]]
    assert kinds.count("device_replaced") == 1
    on = {"test_clock": clock, "on": "2028-04-10"}
    answer = await ask.get(f"/v1/devices/{old}/entitlement", **on)
    assert (answer["covered"], answer["replaced_by"], answer["replaced_on"]) == (False, new, "2028-04-10")
    assert answer["contracts"][0]["why_not"] == f"replaced by {new} on 2028-04-10"
    answer = await ask.get(f"/v1/devices/{old}/entitlement", **on | {"on": "2028-04-09"})
    assert (answer["covered"], answer["by"]) == (True, "warranty")
    answer = await ask.get(f"/v1/devices/{new}/entitlement", **on)
    assert (answer["covered"], answer["by"], answer["until"]) == (True, "warranty", "2028-07-08")
    assert answer["contracts"][0]["replaces"] == old
    (cover,) = (await ask.get("/v1/cover", serial=old))["items"][0]["devices"]
    assert cover["replaced_by"] == new
    problem = await ask.refused("POST", f"/v1/devices/{old}/replace", {"serial": f"{new}X"}, status=409)
    assert problem["detail"] == f"{old} is replaced by {new} on 2028-04-10"
    await ask.refused("POST", f"/v1/devices/{new}/replace", {"serial": new}, status=422)
    await ask.refused("POST", f"/v1/devices/{new}X/replace", {"serial": old}, status=404)


@pytest.mark.rule("HPP-8")
async def test_a_device_of_a_fleet_is_exchanged(house: House) -> None:
    """The fleet has the other one, counted once; its contract's trail says so, and both serials are answered."""
    fleets = Fleets(house, await publish(house))
    name = uuid4().hex[:8].upper()
    fleet = await fleets.make([line.replace("DE-", f"{name}-") for line in lines(250, ends="2032-12-31")])
    clock = await house.clock("2027-03-01T09:00:00Z")
    number = await fleets.served(fleet, clock)
    old, (_, new) = f"{name}-000007", serials()
    path, swap = f"/v1/devices/{old}/replace", {"serial": new, "on": "2027-03-01"}
    done = await house.caller.post(path, swap)
    assert (done["fleets"], done["moved"], done["device"]) == ([fleet], [number], None)
    again = await house.caller.post(path, swap)
    assert (again["fleets"], again["moved"]) == ([fleet], [number])
    shown = await house.caller.get(f"/v1/fleets/{fleet}")
    assert shown["devices"] == 250
    assert (await house.caller.get(f"/v1/fleets/{fleet}/devices/{new}"))["kind"] == "desktop"
    trail = (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]
    assert trail[-1]["summary"].startswith(f"Device {old} replaced by {new} (Modèle 0) on 2027-03-01")
    on = {"test_clock": clock, "on": "2027-03-01"}
    answer = await house.caller.get(f"/v1/devices/{new}/entitlement", **on)
    assert (answer["covered"], answer["by"]) == (True, number)
    answer = await house.caller.get(f"/v1/devices/{old}/entitlement", **on)
    assert (answer["covered"], answer["replaced_by"]) == (False, new)
    answer = await house.caller.get(f"/v1/devices/{old}/entitlement", **on | {"on": "2027-02-28"})
    assert answer["contracts"][0]["why_not"] == "service starts on 2027-03-01"
    case = {"serial": old, "subject": "does not boot"}
    await house.caller.refused("POST", f"/v1/contracts/{number}/cases", case, status=409)
    case["serial"] = new
    await house.caller.post(f"/v1/contracts/{number}/cases", case)
