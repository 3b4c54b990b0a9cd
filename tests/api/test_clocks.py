"""Test clocks through the API: made, moved by date, by duration and to the next happening, deleted."""

from __future__ import annotations

from tests.api.house import House


async def test_a_clock_takes_all_its_contracts_along(house: House) -> None:
    """Two contracts on one clock live through the same months; each quote lapses when its last day is over."""
    clock = await house.clock("2027-01-31T09:00:00Z")
    numbers = [await house.quote(clock=clock) for _ in range(2)]
    moved = await house.caller.post(f"/v1/test-clocks/{clock}/advance", {"by": "P1M"}, wait=30)
    assert (moved["status"], moved["now"]) == ("ready", "2027-02-28T09:00:00Z")
    moved = await house.caller.post(f"/v1/test-clocks/{clock}/advance", {"next": True}, wait=30)
    assert moved["now"] == "2027-03-02T23:00:00Z"
    for number in numbers:
        assert (await house.caller.get(f"/v1/contracts/{number}"))["status"] == "Lapsed"
    problem = await house.caller.refused("POST", f"/v1/test-clocks/{clock}/advance", {"next": True}, status=409)
    assert problem["field"] == "next"


async def test_a_clock_only_goes_forward(house: House) -> None:
    """An instant in a clock's past is refused with the first one that it can go to."""
    clock = await house.clock("2027-01-31T09:00:00Z")
    problem = await house.caller.refused(
        "POST", f"/v1/test-clocks/{clock}/advance", {"to": "2027-01-01T00:00:00Z"}, status=409
    )
    assert problem["allowed_from"] == "2027-01-31T09:00:00+00:00"
    for wrong in ({}, {"by": "P1M", "next": True}, {"by": "a while"}):
        await house.caller.refused("POST", f"/v1/test-clocks/{clock}/advance", wrong, status=422)


async def test_a_contract_on_real_time_has_no_clock(house: House) -> None:
    """Real time cannot be moved, and the answer says so."""
    number = await house.quote(test_clock=None)
    await house.caller.refused("GET", f"/v1/contracts/{number}/test-clock", status=409)
    await house.caller.refused("POST", f"/v1/contracts/{number}/test-clock/advance", {"by": "P1D"}, status=409)


async def test_a_deleted_clock_ends_its_contracts(house: House) -> None:
    """Deleting a clock ends the contracts on it as void, and nothing can be put on it any more."""
    clock = await house.clock()
    number = await house.quote(clock=clock)
    response = await house.caller.send("DELETE", f"/v1/test-clocks/{clock}")
    assert (response.status_code, response.json()["status"]) == (202, "deleted")
    assert (await house.becomes(number, "Void"))["closed"]
    asked = {
        "programme": house.code,
        "customer": house.customer(),
        "period": 1,
        "offers": [{"serial": "SN-NOCOVER", "service": "care-pagewide-xl"}],
        "test_clock": clock,
    }
    await house.caller.refused("POST", "/v1/quotes", asked, status=404)
    listed = await house.caller.get("/v1/test-clocks", limit=200)
    assert clock not in {item["id"] for item in listed["items"]}
