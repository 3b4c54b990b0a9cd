"""What can be read: offers, cover, lists page by page, the trail and its reasons, and futures that are only thought."""

from __future__ import annotations

import pytest

from tests.api.house import House


async def test_asking_with_three_answers_lists_the_services_that_fit(house: House) -> None:
    """Country, printer type and model leave just what fits, described in the language that was asked for."""
    path = f"/v1/programmes/{house.code}/services"
    asked = {"country": "FR", "device_type": "production", "model": "PageWide XL-4"}
    found = await house.caller.get(path, **asked, language="fr")
    assert [service["id"] for service in found] == ["care-pagewide-xl"]
    assert found[0]["summary"] == "Intervention sur site en quatre heures ouvrées."
    assert found[0]["prices"] == {"1": "310.00", "3": "890.00", "12": "3380.00"}
    assert await house.caller.get(path, **(asked | {"country": "DE"})) == []


@pytest.mark.parametrize(
    ("serial", "on", "expected"),
    [
        ("SN-WARRANTY", "2028-05-17", {"in_force": True, "service_from": "2028-05-18", "inspection_needed": False}),
        ("SN-WARRANTY", "2028-05-18", {"in_force": False, "service_from": None, "inspection_needed": False}),
        ("SN-CAREPACK", "2027-01-01", {"last_day": "2028-08-03", "in_force": True, "inspection_needed": False}),
        ("SN-LAPSED", "2026-06-29", {"in_force": False, "inspection_needed": False}),
        ("SN-LAPSED", "2026-06-30", {"in_force": False, "inspection_needed": True}),
        ("SN-NOCOVER", "2027-01-01", {"last_day": None, "in_force": False, "inspection_needed": False}),
    ],
)
async def test_a_serial_number_tells_its_cover(house: House, serial: str, on: str, expected: dict[str, object]) -> None:
    """The later of the covers counts, its last day included; six months after it, on the day, an inspection is due."""
    found = await house.caller.get(f"/v1/devices/{serial}/cover", programme=house.code, on=on)
    assert {name: found[name] for name in expected} == expected


async def test_lists_go_on_where_they_stopped(house: House) -> None:
    """Page by page a list gives everything once, and the last page has no cursor."""
    customer = house.customer()
    made = [await house.quote(customer=customer) for _ in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await house.caller.get("/v1/contracts", customer=customer["id"], limit=2, **cursor)
        seen += [item["number"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"page": page["next_cursor"]}
    assert seen == made
    await house.caller.refused("GET", "/v1/contracts", status=422, params={"page": "no cursor!"})


async def test_lists_are_narrowed(house: House) -> None:
    """Status, device and customer narrow a list; together they all hold."""
    customer = house.customer()
    quoted = await house.quote(customer=customer, serial="SN-WARRANTY")
    rejected = await house.quote(customer=customer)
    await house.caller.post(f"/v1/quotes/{rejected}/reject", {})
    await house.becomes(rejected, "Rejected")
    for narrowed, expected in (
        ({"status": "Quoted"}, [quoted]),
        ({"status": "Rejected"}, [rejected]),
        ({"serial": "SN-WARRANTY"}, [quoted]),
        ({"serial": "SN-WARRANTY", "status": "Rejected"}, []),
    ):
        page = await house.caller.get("/v1/contracts", customer=customer["id"], **narrowed)
        assert [item["number"] for item in page["items"]] == expected


async def test_an_event_explains_itself(house: House) -> None:
    """A bill says its rule in a sentence of the terms, with the days and amounts that went into it."""
    number = await house.ordered()
    await house.becomes(number, "Active")
    await house.advance(number, by="PT1H")
    events = (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    bill = next(event for event in events if event["kind"] == "period_billed")
    told = await house.caller.get(f"/v1/contracts/{number}/events/{bill['seq']}/explain")
    terms = await house.caller.get(f"/v1/programmes/{house.code}")
    assert told["says"] == terms["rules"][bill["rule"]]
    assert told["inputs"]["bill"]["net"] == "310.00"
    assert told["entry"]["amount"] == "372.00"
    await house.caller.refused("GET", f"/v1/contracts/{number}/events/999/explain", status=404)


async def test_the_forecast_supposes_and_touches_nothing(house: House) -> None:
    """A supposed cancellation ends the thought future with its fee, and the contract stands as it stood."""
    number = await house.ordered()
    before = await house.becomes(number, "Active")
    path = f"/v1/contracts/{number}/forecast"
    plain = await house.caller.get(path, until="2027-12-31")
    billed = {"month": "2027-02", "amount": "372.00"}
    assert billed in plain["months"]
    leave = {"kind": "cancel", "id": "what-if", "reason": "moving out"}
    supposed = {"until": "2027-12-31", "suppose": [{"at": "2027-03-10T09:00:00Z", "command": leave}]}
    left = await house.caller.post(path, supposed)
    assert left["status"] == "Cancelled"
    assert left["months"][-1]["month"] == "2027-03"
    early = {"kind": "renew", "id": "what-if"}
    supposed = {"until": "2027-03-31", "suppose": [{"at": "1990-01-01T00:00:00Z", "command": early}]}
    assert [no["rule"] for no in (await house.caller.post(path, supposed))["refusals"]] == ["COM-1"]
    agenda = await house.caller.get(f"/v1/contracts/{number}/agenda", limit=3)
    assert len(agenda) == 3
    after = await house.caller.get(f"/v1/contracts/{number}")
    assert after["version"] >= before["version"]
    assert (after["status"], after["ending"]) == ("Active", None)


async def test_the_checkout_says_what_it_will_cost(house: House) -> None:
    """Before the confirmation, the summary shows what is due now, when service starts, and the first bill later."""
    clock = await house.clock("2028-01-10T09:00:00Z")
    number = await house.accepted(serial="SN-WARRANTY", clock=clock)
    shown = await house.caller.get(f"/v1/contracts/{number}/checkout")
    assert shown["missing"] == ["password"]
    assert [charge["what"] for charge in shown["due_now"]["charges"]] == ["set_up"]
    assert shown["starts"][0]["starts_on"] == "2028-05-18"
    assert [(bill["on"], bill["amount"]) for bill in shown["first_bills"]] == [("2028-06-01", "58.80")]


async def test_notices_and_documents_prove_themselves(house: House) -> None:
    """A notice names its documents with their hashes, which the documents themselves have; the mailbox has the mail."""
    number = await house.quote()
    await house.becomes(number, "Quoted")
    await house.advance(number, by="PT1H")
    notice = (await house.caller.get(f"/v1/contracts/{number}/notices"))[0]
    document = (await house.caller.get(f"/v1/contracts/{number}/documents"))[0]
    assert notice["documents"] == {document["key"]: document["sha256"]}
    tail = document["key"].removeprefix(f"{number}/").replace("/document/", "/")
    made = await house.caller.send("GET", f"/v1/contracts/{number}/documents/{tail}")
    assert made.status_code == 200
    assert made.headers["content-type"] == "application/pdf"
    assert made.headers["content-disposition"] == f'inline; filename="quote-{number}.pdf"'
    page = await house.http.get("/mailbox")
    assert notice["subject"].split("&")[0][:20] in page.text


async def test_the_house_is_well(house: House) -> None:
    """Liveness and readiness are answered without a key, and the documentation names every problem's media type."""
    for path in ("/healthz", "/readyz", "/health", "/ready"):
        assert (await house.http.get(path)).status_code == 200
    described = (await house.http.get("/openapi.json")).json()
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    problems = described["paths"]["/v1/quotes"]["post"]["responses"]["409"]["content"]
    assert list(problems) == ["application/problem+json"]
