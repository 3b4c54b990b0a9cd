"""The forecast of an imported portfolio is what the real server then does, document by document, for twelve months."""

from __future__ import annotations

import json
from datetime import date

import pytest

from bench.portfolio import portfolio
from tests.api.house import House
from tests.api.test_forecasts import billed, forecast_by_month, made
from tests.api.test_supplies import beside

SAMPLE = 50
UNTIL = "2028-03"
"""Compared are whole months: the last day of the year is another instant in each contract's zone."""
PROGRAMMES = ("hpg", "hpj", "icm", "xec")
"""Those whose contracts stand by themselves: a fleet's are also counted from its devices, which a file has not."""


@pytest.mark.timeout(900)
@pytest.mark.rule("COM-1")
async def test_fifty_imported_contracts_do_what_was_forecast(own_house: House) -> None:
    """A random sample of a portfolio, on a test clock: forecast for a year, then lived, and compared to the cent."""
    house = own_house
    codes = {name.upper(): await beside(house, name) for name in PROGRAMMES}
    clock = await house.clock("2027-03-14T20:00:00Z")
    records = [
        record | {"programme": codes[record["programme"]]}
        for record in portfolio(date(2027, 3, 15), seed=11).records(SAMPLE * 2)
        if record["programme"] in codes
    ][:SAMPLE]
    assert len(records) == SAMPLE
    answer = await house.caller.send(
        "POST",
        "/v1/imports",
        params={"test_clock": clock},
        headers={"Content-Type": "application/x-ndjson"},
        content="\n".join(map(json.dumps, records)).encode(),
    )
    assert answer.status_code == 202, answer.text
    await house.sees(f"/v1/imports/{answer.json()['id']}", lambda shown: shown["state"] == "done")
    listed = "/v1/contracts?limit=200"
    await house.sees(listed, lambda page: sum(item["clock"] == clock for item in page["items"]) == SAMPLE)
    shown = await made(house, {"months": 12, "select": {"clock": clock}, "assume": {"on_account": "unpaid"}})
    forecast = shown["answer"]
    assert (forecast["contracts"], forecast["unread"]) == (SAMPLE, [])
    for _ in range(12):
        await house.caller.post(f"/v1/test-clocks/{clock}/advance", {"by": "P1M"}, wait=60)
    happened = {month: sums for month, sums in (await billed(house, clock)).items() if month < UNTIL and any(sums)}
    expected = forecast_by_month(forecast, "invoices", "credits", "net", "tax", "gross")
    assert happened == {month: sums for month, sums in expected.items() if month < UNTIL}
    assert len(happened) >= 12
    numbers = [item["number"] for item in (await house.caller.get(listed))["items"] if item["clock"] == clock]
    kinds = [
        event["kind"]
        for number in numbers
        for event in (await house.caller.get(f"/v1/contracts/{number}/events", limit=200))["items"]
        if event["on"] < UNTIL
    ]
    rows = [row["base"] for row in forecast["rows"] if row["month"] < UNTIL]
    for name, kind in (("quoted", "renewal_quoted"), ("renewed", "renewed"), ("started", "activated")):
        assert sum(row[name] for row in rows) == kinds.count(kind), name
