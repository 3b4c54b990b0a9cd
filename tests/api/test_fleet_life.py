"""The fleet programme that ships, at its full size: twenty thousand devices, quoted, onboarded, audited and renewed."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.api.house import ADDRESS, House
from tests.api.test_fleets import Fleets, csv_of, is_small, lines
from tests.api.test_supplies import beside

DEVICES = 20_000
HEADER = "serial,kind,model,country,included,warranty_end,care_pack_end,hardware_contract_end"


@pytest.mark.rule("HPP-2", "HPP-4", "HPP-5", "HPP-6", "HPP-8")
async def test_twenty_thousand_devices_of_the_shipped_programme(house: House) -> None:
    """Every stage of its own terms, and a state below 64 KB."""
    fleets = Fleets(house, await beside(house, "hpp"))
    fleets.customer = fleets.customer | {"country": "ES", "language": "en"}
    content = csv_of([f"{line}," for line in lines(DEVICES, "notebook")], header=HEADER)
    body = {"customer": fleets.customer["id"], "programme": fleets.programme}
    fleet = (await house.caller.post("/v1/fleets", body))["id"]
    await fleets.put(fleet, content)
    asked = {
        "programme": fleets.programme,
        "customer": fleets.customer,
        "period": 12,
        "offers": [{"serial": fleet, "service": "U80M7E", "quantity": DEVICES}],
        "fleet": fleet,
        "contacts": [{"name": "Ana Ruiz", "email": "ana@flota.example"}],
        "test_clock": await house.clock("2027-01-11T09:00:00Z"),
    }
    number = (await house.caller.post("/v1/quotes", asked))["number"]
    contract, ask = f"/v1/contracts/{number}", house.caller
    await ask.post(f"/v1/quotes/{number}/accept", {"revision": 1})
    form = {"kind": "purchase_order", "details": {"reference": uuid4().hex[:8]}}
    await ask.put(f"{contract}/checkout/billing-address", ADDRESS)
    await ask.put(f"{contract}/checkout/payment-details", {"method": "on_account", "form": form})
    await ask.post(f"{contract}/checkout/confirmation", {})
    await house.becomes(number, "Scheduled")
    notices = await house.notices(number, lambda all_: any(item["name"] == "welcome" for item in all_))
    (welcome,) = [item["body"] for item in notices if item["name"] == "welcome"]
    assert "Your access code: " in welcome
    await ask.post(f"{contract}/complete-onboarding", {})
    rights = {item["item"]: item["left"] for item in await ask.get(f"{contract}/entitlements")}
    assert (rights["site_visit"], "priority_parts" in rights, "remote_agent" in rights) == (4, True, False)
    serial = "NO-000001"
    case = {"serial": serial, "subject": "does not boot", "caller": "somebody@flota.example"}
    assert (await ask.refused("POST", f"{contract}/cases", case, status=409))["rule"] == "HPP-8"
    await ask.post(f"{contract}/cases", case | {"caller": "ana@flota.example"})
    await house.advance(number, to="2027-12-01T12:00:00Z")
    await ask.post(f"{contract}/renew", {"form": form})
    await house.advance(number, to="2028-01-12T12:00:00Z")
    kinds = [entry["kind"] for entry in (await ask.get(f"{contract}/events", limit=200))["items"]]
    assert kinds.count("fleet_audited") == 5
    assert kinds.count("obligation_due") == 12 + 4 + 4
    assert "renewed" in kinds
    invoices = await ask.get(f"{contract}/invoices")
    assert [line["net"] for line in invoices[-1]["lines"]] == ["280000.00"]
    await is_small(house, number)
