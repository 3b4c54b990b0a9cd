"""Forecasts of many contracts through the API: made in the background, kept, fetched; and what then really happens."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from domain.forecast.tally import NAMES
from storage.tables import contract, credit_note, invoice
from tests.api.house import House


async def made(house: House, asked: dict[str, Any]) -> dict[str, Any]:
    """A forecast, with its answer."""
    begun = await house.caller.post("/v1/forecasts", asked)
    shown: dict[str, Any] = await house.caller.get(f"/v1/forecasts/{begun['id']}", wait=60)
    assert shown["state"] == "done", shown
    return shown


async def portfolio(house: House) -> str:
    """A clock with contracts in mid-life: active for months, deferred by a warranty, quoted, left and declined."""
    clock = await house.clock("2027-01-31T09:00:00Z")
    active = await house.ordered(clock=clock)
    leaving = await house.ordered(clock=clock, period=3)
    await house.ordered(clock=clock, serial="SN-WARRANTY")
    for number in (active, leaving):
        await house.becomes(number, "Active")
    await house.caller.post(f"/v1/test-clocks/{clock}/advance", {"to": "2027-09-12T10:00:00Z"}, wait=60)
    await house.caller.post(f"/v1/contracts/{leaving}/cancel", {"reason": "moving out"})
    await house.quote(clock=clock)
    await house.caller.post(f"/v1/test-clocks/{clock}/advance", {"by": "P1D"}, wait=60)
    return clock


async def billed(house: House, clock: str) -> dict[str, list[Decimal]]:
    """What the documents of a clock's contracts say: by month, how many invoices and credits, and their sums."""
    sums: dict[str, list[Decimal]] = {}
    async with house.database.read() as connection:
        numbers = list(await connection.scalars(select(contract.c.number).where(contract.c.clock == clock)))
        for table, kind, sign in ((invoice, 0, 1), (credit_note, 1, -1)):
            for row in (await connection.execute(select(table).where(table.c.contract.in_(numbers)))).mappings():
                month = sums.setdefault(f"{row['on']:%Y-%m}", [Decimal(0)] * 5)
                month[kind] += 1
                for place, name in enumerate(("net", "tax", "gross"), start=2):
                    month[place] += sign * row[name]
    return sums


def forecast_by_month(answer: dict[str, Any], *names: str) -> dict[str, list[Decimal]]:
    """The base of a forecast by month, as the given figures; months in which there are none are left out."""
    sums: dict[str, list[Decimal]] = {}
    for row in answer["rows"]:
        month = sums.setdefault(row["month"], [Decimal(0)] * len(names))
        for place, name in enumerate(names):
            month[place] += Decimal(str(row["base"][name]))
    return {month: numbers for month, numbers in sums.items() if any(numbers)}


async def test_the_forecast_is_what_then_happens(house: House) -> None:
    """Twelve months of a clock's contracts, forecast and then lived on the server: every document, to the cent."""
    clock = await portfolio(house)
    before = await billed(house, clock)
    shown = await made(house, {"months": 12, "select": {"clock": clock}, "assume": {"on_account": "unpaid"}})
    answer = shown["answer"]
    assert (answer["contracts"], answer["unread"]) == (4, [])
    await house.caller.post(f"/v1/test-clocks/{clock}/advance", {"to": "2028-09-12T21:59:59Z"}, wait=60)
    after = await billed(house, clock)
    happened = {
        month: [mine - yours for mine, yours in zip(sums, before.get(month, [Decimal(0)] * 5), strict=True)]
        for month, sums in after.items()
    }
    expected = forecast_by_month(answer, "invoices", "credits", "net", "tax", "gross")
    assert {month: sums for month, sums in happened.items() if any(sums)} == expected
    assert len(expected) >= 12
    events = [
        event["kind"]
        for item in (await house.caller.get("/v1/contracts", limit=200))["items"]
        if item["clock"] == clock
        for event in (await house.caller.get(f"/v1/contracts/{item['number']}/events", limit=200))["items"]
        if event["at"] > shown["as_of"]
    ]
    counted = {name: sum(row["base"][name] for row in answer["rows"]) for name in NAMES[:6]}
    assert counted == {
        "started": events.count("activated"),
        "quoted": events.count("renewal_quoted"),
        "renewed": events.count("renewed"),
        "lapsed": 0,
        "ended": events.count("ended"),
        "lost": events.count("quote_lapsed"),
    }


async def test_a_what_if_stands_beside_the_base(house: House) -> None:
    """Four percent more from the next renewal on: both sides, their difference, and the same as a table."""
    clock = await portfolio(house)
    dearer = {"prices": [{"percent": "4"}], "terms": {"renewal": {"notice_days": 60}}}
    asked = {
        "months": 14,
        "select": {"clock": clock, "programmes": [house.code]},
        "what_if": {"title": "4 % more", "programmes": {house.code: dearer}},
    }
    shown = await made(house, asked)
    rows = shown["answer"]["rows"]
    (total,) = shown["answer"]["totals"]
    more = Decimal(total["difference"]["net"])
    assert more > 0
    assert more == Decimal(total["what_if"]["net"]) - Decimal(total["base"]["net"])
    assert {row["month"] for row in rows if Decimal(row["difference"]["net"])} >= {"2028-02", "2028-03"}
    assert not any(Decimal(row["difference"]["net"]) for row in rows if row["month"] < "2028-01")
    table = await house.caller.send("GET", f"/v1/forecasts/{shown['id']}/csv")
    lines = list(csv.DictReader(io.StringIO(table.text)))
    assert len(lines) == len(rows)
    assert sum(Decimal(line["difference_net"]) for line in lines) == more
    page = await house.caller.get("/v1/forecasts", limit=200)
    assert shown["id"] in {item["id"] for item in page["items"]}
    assert all(item["answer"] is None for item in page["items"])


async def test_asking_twice_makes_one_forecast(house: House) -> None:
    """The same key gets the same forecast; another one is another."""
    asked = {"months": 1}
    first, again = [await house.caller.post("/v1/forecasts", asked, key="same-forecast") for _ in range(2)]
    other = await house.caller.post("/v1/forecasts", asked)
    assert first["id"] == again["id"] != other["id"]


async def test_what_cannot_be_supposed_is_refused_at_once(house: House) -> None:
    """A field that there is not, a model that nobody serves, a clock that is not there: named before any work."""
    wrong = {"what_if": {"programmes": {house.code: {"terms": {"renewal": {"notice_dayz": 60}}}}}}
    problem = await house.caller.refused("POST", "/v1/forecasts", wrong, status=422)
    assert problem["field"] == f"what_if.programmes.{house.code}.terms.renewal.notice_dayz"
    assert "notice_days" in problem["detail"]
    problem = await house.caller.refused(
        "POST", "/v1/forecasts", {"what_if": {"support_ends": {"X": "2027-01-01"}}}, status=422
    )
    assert problem["field"] == "what_if.support_ends"
    await house.caller.refused("POST", "/v1/forecasts", {"select": {"clock": "clock-none"}}, status=404)
    await house.caller.refused("GET", "/v1/forecasts/forecast-0000000000", status=404)


async def test_a_forecast_that_is_not_made_has_no_table(house: House) -> None:
    """The table is there when the answer is; until then, or where it failed, the problem says so."""
    asked = {"months": 1, "select": {"clock": await house.clock()}}
    begun = await house.caller.post("/v1/forecasts", asked)
    response = await house.caller.send("GET", f"/v1/forecasts/{begun['id']}/csv")
    assert response.status_code in {200, 409}
    done = await house.caller.get(f"/v1/forecasts/{begun['id']}", wait=60)
    assert (done["answer"]["contracts"], done["answer"]["rows"]) == (0, [])
    table = await house.caller.send("GET", f"/v1/forecasts/{begun['id']}/csv")
    assert table.text.startswith("month,programme,currency,status,started")
