"""Supplies and the lines of a maintenance contract, through the API: what fits, where orders are, what agents read."""

from __future__ import annotations

import re
import shutil
from uuid import uuid4

import pytest
from ruamel.yaml import YAML

from cli.preparation import PROGRAMMES, prepare
from tests.api.house import ADDRESS, House


@pytest.fixture(scope="session")
async def supplied(house: House) -> str:
    """The supplies programme beside the house's own, under a code that no other house has."""
    return await beside(house, "xec")


@pytest.fixture(scope="session")
async def maintained(house: House) -> str:
    """The maintenance programme beside the house's own."""
    return await beside(house, "icm")


async def beside(house: House, name: str) -> str:
    """A programme that ships, published in a house under another code."""
    code = f"T{uuid4().hex[:6].upper()}"
    folder = house.settings.var_dir / code.lower()
    shutil.copytree(PROGRAMMES / name, folder, ignore=shutil.ignore_patterns("lives"))
    terms = folder / "terms.yaml"
    terms.write_text(re.sub(r"^code: .*$", f"code: {code}", terms.read_text(), count=1, flags=re.MULTILINE))
    assert YAML(typ="safe").load(terms)["code"] == code
    await prepare(house.database, house.settings.var_dir)
    return code


async def device(house: House, model: str, device_type: str, **facts: bool) -> str:
    """A device under warranty; answers with its serial number."""
    serial = f"S{uuid4().hex[:8].upper()}"
    body = {
        "model": model,
        "device_type": device_type,
        "country": "CA",
        "cover": [{"kind": "warranty", "last_day": "2027-06-30"}],
        "facts": facts,
        "in_use_since": "2026-07-01",
    }
    await house.caller.put(f"/v1/devices/{serial}", body)
    return serial


def customer(house: House) -> dict[str, str]:
    """A customer in Canada."""
    return house.customer() | {"country": "CA", "region": "QC"}


async def enrolled(house: House, code: str, serial: str) -> str:
    """A contract of the supplies programme for a printer."""
    asked = {
        "programme": code,
        "customer": customer(house),
        "offers": [{"serial": serial, "service": "extended-service"}],
        "test_clock": await house.clock("2027-02-01T15:00:00Z"),
    }
    number = str((await house.caller.post("/v1/quotes", asked))["number"])
    await ordered(house, number, {"method": "on_account"})
    await house.becomes(number, "Scheduled")
    return number


async def ordered(house: House, number: str, details: dict[str, object]) -> None:
    """Accept a quote and take the steps of its checkout."""
    contract = f"/v1/contracts/{number}"
    await house.caller.post(f"/v1/quotes/{number}/accept", {"revision": 1})
    await house.caller.put(f"{contract}/checkout/billing-address", ADDRESS)
    await house.caller.put(f"{contract}/checkout/payment-details", details)
    await house.caller.post(f"{contract}/checkout/confirmation", {})


@pytest.mark.rule("XEC-8")
async def test_supplies_that_fit_are_ordered_and_followed(house: House, supplied: str) -> None:
    """Standard and high-capacity supplies are listed; the order's status can be seen at any time."""
    serial = await device(house, "VersaLink C405", "office", networked=True)
    number = await enrolled(house, supplied, serial)
    fitting = await house.caller.get(f"/v1/devices/{serial}/supplies", programme=supplied)
    assert {(item["sku"], item["kind"]) for item in fitting} >= {
        ("106R03500", "standard"),
        ("106R03512", "high_capacity"),
    }
    contract = f"/v1/contracts/{number}"
    wrong = {"serial": serial, "items": [{"sku": "106R03757"}]}
    problem = await house.caller.refused("POST", f"{contract}/order-supply", wrong, status=409)
    assert problem["field"] == "items.0.sku"
    order = {"order": "A-1", "serial": serial, "items": [{"sku": "106R03500", "quantity": 2}], "method": "pm_ok"}
    shown = await house.caller.post(f"{contract}/order-supply", order)
    assert shown["status"] == "Active"
    await house.caller.post(f"{contract}/report-shipment", {"order": "A-1", "status": "shipped", "reference": "1Z"})
    (found,) = await house.caller.get(f"{contract}/supply-orders")
    assert (found["id"], found["status"], found["reference"]) == ("A-1", "shipped", "1Z")
    bills = await house.sees(f"{contract}/invoices", bool)
    assert bills[0]["net"] == "192.00"


@pytest.mark.rule("XEC-9")
async def test_a_card_number_is_not_taken_for_supplies(house: House, supplied: str) -> None:
    """The card itself is never stored: only the payment provider's token is taken."""
    serial = await device(house, "VersaLink C405", "office", networked=True)
    number = await enrolled(house, supplied, serial)
    order = {"serial": serial, "items": [{"sku": "106R03500"}], "method": "4242 4242 4242 4242"}
    await house.caller.refused("POST", f"/v1/contracts/{number}/order-supply", order, status=422)


@pytest.mark.rule("XEC-7")
async def test_an_agents_readings_are_answered_one_by_one(house: House, supplied: str) -> None:
    """A printer that nobody knows does not keep the others' levels from being taken."""
    serial = await device(house, "VersaLink C405", "office", networked=True)
    await enrolled(house, supplied, serial)
    reading = {"supply": "black", "cartridge": "B-1", "percent": 4}
    answer = await house.caller.post(
        "/v1/levels", {"readings": [reading | {"serial": "S-UNKNOWN"}, reading | {"serial": serial}]}
    )
    outcomes = [(item["outcome"], item["events"]) for item in answer["readings"]]
    assert outcomes == [("unknown", []), ("taken", ["supply_alert"])]
    again = await house.caller.post("/v1/levels", {"readings": [reading | {"serial": serial}]})
    assert again["readings"][0]["events"] == []


@pytest.mark.rule("XEC-1")
async def test_a_printer_under_managed_print_is_refused(house: House, supplied: str) -> None:
    """Its facts say so; the refusal names them."""
    serial = await device(house, "VersaLink C405", "office", networked=True, managed_print=True)
    asked = {
        "programme": supplied,
        "customer": customer(house),
        "offers": [{"serial": serial, "service": "extended-service"}],
    }
    problem = await house.caller.refused("POST", "/v1/quotes", asked, status=409)
    assert problem["rule"] == "XEC-1"


@pytest.mark.rule("ICM-4", "ICM-5", "ICM-8")
async def test_machines_come_and_go(house: House, maintained: str) -> None:
    """A machine is added, another sold, a breach noticed and cured; each answer says what became of it."""
    first, second, third = [await device(house, "9043-MR9", "server") for _ in range(3)]
    offers = [{"serial": serial, "service": "hardware-onsite"} for serial in (first, second)]
    asked = {
        "programme": maintained,
        "customer": customer(house),
        "period": 1,
        "offers": offers,
        "test_clock": await house.clock("2027-08-02T15:00:00Z"),
    }
    number = str((await house.caller.post("/v1/quotes", asked))["number"])
    contract = f"/v1/contracts/{number}"
    form = {"kind": "electronic_signature", "details": {"signed_by": "Jeanne Roy", "signed_on": "2027-08-02"}}
    await ordered(house, number, {"method": "on_account", "form": form})
    await house.becomes(number, "Active")
    shown = await house.caller.post(f"{contract}/add-line", {"serial": third, "service": "hardware-depot"})
    assert [line["serial"] for line in shown["lines"]] == [first, second, third]
    bare = {"lines": ["1"], "reason": "sold", "code": "sold"}
    problem = await house.caller.refused("POST", f"{contract}/cancel", bare, status=409)
    assert problem["field"] == "details.new_owner"
    shown = await house.caller.post(f"{contract}/cancel", bare | {"details": {"new_owner": "Copies du Nord"}})
    assert shown["lines"][0]["ends_on"] == "2027-09-02"
    await house.caller.post(f"{contract}/undo", {"what": "cancellation", "line": "1"})
    shown = await house.caller.post(f"{contract}/notice-breach", {"party": "customer", "reason": "no access"})
    assert "cure_breach" in {item["command"] for item in shown["allowed"]}
    early = await house.caller.refused("POST", f"{contract}/terminate", {"reason": "retired"}, status=409)
    assert early["allowed_from"] == "2028-08-02"


@pytest.mark.rule("ICM-4", "ICM-6")
async def test_hundreds_of_machines_each_with_its_own_start(house: House, maintained: str) -> None:
    """Three hundred on one contract: started by their own warranties, billed together, one of them given notice."""
    count = 300
    serials = [f"M{uuid4().hex[:4].upper()}-{number}" for number in range(count)]
    for number, serial in enumerate(serials):
        last = "2027-06-30" if number % 3 else "2027-08-31"
        cover = [{"kind": "warranty", "last_day": last}]
        body = {"model": "7316-TF4", "device_type": "server", "country": "CA", "cover": cover}
        await house.caller.put(f"/v1/devices/{serial}", body)
    asked = {
        "programme": maintained,
        "customer": customer(house),
        "period": 1,
        "offers": [{"serial": serial, "service": "hardware-depot"} for serial in serials],
        "test_clock": await house.clock("2027-07-05T14:00:00Z"),
    }
    number = (await house.caller.post("/v1/quotes", asked))["number"]
    contract = f"/v1/contracts/{number}"
    await house.caller.post(f"/v1/quotes/{number}/accept", {"revision": 1})
    form = {"kind": "electronic_signature", "details": {"signed_by": "Jeanne Roy", "signed_on": "2027-07-05"}}
    await house.caller.put(f"{contract}/checkout/billing-address", ADDRESS)
    await house.caller.put(f"{contract}/checkout/payment-details", {"method": "on_account", "form": form})
    await house.caller.post(f"{contract}/checkout/confirmation", {})
    await house.advance(number, to="2028-02-10T14:00:00Z")
    shown = await house.caller.get(contract)
    starts = {line["serial"]: line["active_since"][:10] for line in shown["lines"]}
    assert sorted(set(starts.values())) == ["2027-07-05", "2027-09-01"]
    invoices = await house.caller.get(f"{contract}/invoices")
    assert max(len(invoice["lines"]) for invoice in invoices) == 200
    leaving = next(line for line in shown["lines"] if starts[line["serial"]] == "2027-07-05")
    shown = await house.caller.post(f"{contract}/cancel", {"lines": [leaving["id"]], "reason": "replaced"})
    ends = {line["id"]: line["ends_on"] for line in shown["lines"] if line["ends_on"]}
    assert ends == {leaving["id"]: "2028-03-10"}
