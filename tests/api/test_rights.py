"""What a contract gives besides repairs, through the API: moves, copies, cover, visits, contacts, quote requests."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

import pytest

from tests.adapters.reading import text
from tests.api.house import ADDRESS, House
from tests.api.test_supplies import beside, device


@pytest.fixture(scope="session")
async def desk(house: House) -> str:
    """The renewal desk's programme beside the house's own."""
    return await beside(house, "hpj")


@pytest.fixture(scope="session")
async def maintenance(house: House) -> str:
    """The maintenance programme beside the house's own."""
    return await beside(house, "icm")


async def maintained(house: House, code: str) -> tuple[str, str]:
    """A machine under maintenance: the contract's number and the machine's serial number."""
    serial = await device(house, "7316-TF4", "server")
    clock = await house.clock("2027-08-02T14:00:00Z")
    asked = {
        "programme": code,
        "customer": house.customer() | {"country": "CA", "region": "QC"},
        "period": 1,
        "offers": [{"serial": serial, "service": "hardware-depot"}],
        "test_clock": clock,
    }
    number = str((await house.caller.post("/v1/quotes", asked))["number"])
    contract = f"/v1/contracts/{number}"
    await house.caller.post(f"/v1/quotes/{number}/accept", {"revision": 1})
    form = {"kind": "electronic_signature", "details": {"signed_by": "Jeanne Roy", "signed_on": "2027-08-02"}}
    await house.caller.put(f"{contract}/checkout/billing-address", ADDRESS)
    await house.caller.put(f"{contract}/checkout/payment-details", {"method": "on_account", "form": form})
    await house.caller.post(f"{contract}/checkout/confirmation", {})
    await house.becomes(number, "Active")
    return number, serial


@pytest.mark.rule("ICM-10")
async def test_a_move_is_decided_step_by_step(house: House, maintenance: str) -> None:
    """Not before its approval; the customer is written twice; the contract then says where the machine stands."""
    number, _ = await maintained(house, maintenance)
    contract, ask = f"/v1/contracts/{number}", house.caller
    details = {"to_country": "US", "to_address": "Burlington", "moves_on": "2027-10-01"}
    await ask.post(f"{contract}/make-request", {"what": "move", "line": "1", "details": details})
    move = f"{number}-Q1"
    problem = await ask.refused(
        "POST", f"{contract}/advance-request", {"request": move, "step": "executed"}, status=409
    )
    assert (problem["rule"], problem["field"]) == ("ICM-10", "step")
    for step in ("assigned", "approved", "executed"):
        shown = await ask.post(f"{contract}/advance-request", {"request": move, "step": step})
    assert shown["lines"][0]["place"] == "Burlington"
    notices = await house.notices(number, lambda all_: sum(item["name"] == "request_step" for item in all_) == 2)
    assert all(item["outcome"] == "sent" for item in notices)
    await house.sees(
        f"{contract}/cases", lambda all_: {case["case"]: case["status"] for case in all_}[move] == "closed"
    )


@pytest.mark.rule("ICM-1")
async def test_a_depot_case_tells_how_to_mail_the_machine(house: House, maintenance: str) -> None:
    """Its number by one message, the instructions by another; then the repair at the depot."""
    number, serial = await maintained(house, maintenance)
    contract = f"/v1/contracts/{number}"
    await house.caller.post(f"{contract}/cases", {"serial": serial, "subject": "bruit"})
    notices = await house.notices(number, lambda all_: any(item["name"] == "case_instructions" for item in all_))
    bodies = {item["name"]: item["body"] for item in notices}
    assert f"{number}-C1" in bodies["case_opened"]
    assert "l'atelier" in bodies["case_instructions"]
    await house.caller.post(f"{contract}/cases/{number}-C1/advance", {})
    cases = await house.sees(f"{contract}/cases", lambda all_: all_[0]["stage"] == "depot_repair")
    assert cases[0]["subject"] == "bruit"


@pytest.mark.rule("ICM-2", "HPJ-10")
async def test_what_is_covered_is_answered_from_the_contract(house: House, maintenance: str) -> None:
    """By contract number, or by type and serial; a day before the start it is not; a copy comes by mail."""
    number, serial = await maintained(house, maintenance)
    ask = house.caller
    said = await ask.get(f"/v1/contracts/{number}/cover")
    assert [(item["serial"], item["covered"], item["level"]) for item in said["devices"]] == [(serial, True, "depot")]
    assert said["order_form"]["details"]["signed_by"] == "Jeanne Roy"
    assert not (await ask.get(f"/v1/contracts/{number}/cover", on="2027-08-01"))["devices"][0]["covered"]
    found = await ask.get("/v1/cover", serial=serial, model="7316-TF4")
    assert [item["number"] for item in found["items"]] == [number]
    assert (await ask.get("/v1/cover", serial=serial, model="9043-MR9"))["items"] == []
    await ask.post(f"/v1/contracts/{number}/request-copy", {"document": "contract_copy"})
    notices = await house.notices(number, lambda all_: any(item["name"] == "copy" for item in all_))
    (copy,) = [item for item in notices if item["name"] == "copy"]
    (key,) = copy["documents"]
    _, term, _, name = key.split("/")
    page = await ask.send("GET", f"/v1/contracts/{number}/documents/{term}/{name}")
    assert serial in text(page.content)


@pytest.mark.rule("ICM-11")
async def test_what_was_billed_is_listed_line_by_line(house: House, maintenance: str) -> None:
    """Invoices and credit notes of a contract that was signed electronically."""
    number, serial = await maintained(house, maintenance)
    invoices = await house.sees(f"/v1/contracts/{number}/invoices", lambda all_: len(all_) == 1)
    assert [line["serial"] for line in invoices[0]["lines"]] == [serial]
    assert await house.caller.get(f"/v1/contracts/{number}/credit-notes") == []
    entries = (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]
    (placed,) = [entry for entry in entries if entry["kind"] == "order_placed"]
    assert placed["data"]["form"]["kind"] == "electronic_signature"


@pytest.mark.rule("HPJ-4")
async def test_a_request_for_a_quote_waits_until_it_is_answered(house: House, desk: str) -> None:
    """Refused with less than the terms ask for, naming what lacks; a whole one is kept until a quote answers it."""
    ask = house.caller
    who = {"programme": desk, "name": "Hana Mori", "email": "hana@example.jp"}
    given = {"product_number": "P-1", "product_name": "ProServer D380", "serial_number": "JP-1"}
    problem = await ask.refused("POST", "/v1/quote-requests", who | {"given": given}, status=409)
    assert (problem["rule"], problem["field"]) == ("HPJ-4", "given.quantity")
    key = uuid4().hex
    made = await ask.post("/v1/quote-requests", who | {"given": given | {"quantity": "1"}}, key=key)
    again = await ask.post("/v1/quote-requests", who | {"given": given | {"quantity": "1"}}, key=key)
    assert again == made
    assert datetime.fromisoformat(made["answer_by"]) > datetime.fromisoformat(made["received_at"])
    waiting = await ask.get("/v1/quote-requests", waiting=True, limit=200)
    assert made["id"] in [item["id"] for item in waiting["items"]]
    serial = f"JP-{uuid4().hex[:8].upper()}"
    body = {"model": "ProServer D380", "device_type": "server", "country": "JP", "facts": {}}
    await ask.put(f"/v1/devices/{serial}", body)
    asked = {
        "programme": desk,
        "customer": house.customer() | {"country": "JP", "language": "ja"},
        "period": 12,
        "offers": [{"serial": serial, "service": "foundation-care"}],
        "start_on": "2027-06-01",
        "request": made["id"],
        "test_clock": await house.clock("2027-05-10T01:00:00Z"),
    }
    number = (await ask.post("/v1/quotes", asked))["number"]
    answered = await ask.get("/v1/quote-requests", waiting=False, limit=200)
    assert {item["id"]: item["contract"] for item in answered["items"]}[made["id"]] == number
    await ask.refused("POST", "/v1/quotes", asked, status=404)


@pytest.mark.rule("HPP-5", "HPP-8")
async def test_a_programme_without_entitlements_or_names_says_so(house: House, maintenance: str) -> None:
    """The list is empty, and what cannot be asked is refused by a rule."""
    number, _ = await maintained(house, maintenance)
    contract = f"/v1/contracts/{number}"
    assert await house.caller.get(f"{contract}/entitlements") == []
    for path, body in (
        ("use-entitlement", {"item": "site_visit"}),
        ("return-entitlement", {"use": "U-1"}),
        ("fulfil", {"obligation": "O-1"}),
        ("name-contacts", {"contacts": [{"name": "Ana", "email": "ana@example.com"}]}),
        ("complete-onboarding", {}),
        ("refuse-request", {"request": "Q-1", "reason": "no"}),
    ):
        problem = await house.caller.refused("POST", f"{contract}/{path}", body, status=409)
        assert problem["rule"]
