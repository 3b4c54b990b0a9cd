"""The renewals pipeline through the API, as the real server's contracts move through it."""

from __future__ import annotations

from tests.api.house import House


async def test_contracts_move_through_the_pipeline(house: House) -> None:
    """Due, quoted and ordered; drilled down to the contracts; narrowed to what is asked for."""
    clock = await house.clock("2027-01-31T09:00:00Z")
    numbers = sorted([await house.ordered(clock=clock) for _ in range(2)])
    for number in numbers:
        await house.becomes(number, "Active")
    query = {"first": "2028-01", "last": "2028-01", "clock": clock}
    (month,) = (await house.caller.get("/v1/pipeline", **query))["months"]
    assert (month["month"], month["currency"], month["contracts"]) == ("2028-01", "EUR", 2)
    assert [stage["stage"] for stage in month["stages"]] == ["due"]
    await house.caller.post(f"/v1/test-clocks/{clock}/advance", {"to": "2027-12-01T10:00:00Z"}, wait=60)
    await house.caller.post(f"/v1/contracts/{numbers[0]}/renew")
    (month,) = (await house.caller.get("/v1/pipeline", **query))["months"]
    assert [(stage["stage"], stage["contracts"]) for stage in month["stages"]] == [("quoted", 1), ("ordered", 1)]
    page = await house.caller.get("/v1/pipeline/contracts", stage="ordered", **query)
    assert [item["contract"] for item in page["items"]] == numbers[:1]
    assert page["items"][0]["last"] == "2028-01-30"
    assert (await house.caller.get("/v1/pipeline", **query | {"country": "CA"}))["months"] == []
    first = await house.caller.get("/v1/pipeline/contracts", limit=1, **query)
    rest = await house.caller.get("/v1/pipeline/contracts", limit=1, page=first["next_cursor"], **query)
    assert [first["items"][0]["contract"], rest["items"][0]["contract"]] == numbers
    await house.caller.refused("GET", "/v1/pipeline", status=422, params={"first": "2028-05", "last": "2028-01"})
