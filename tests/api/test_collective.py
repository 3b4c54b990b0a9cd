"""A collective invoice through the API: two contracts of one customer, one number, one PDF, one transfer."""

from __future__ import annotations

import io
import re
from typing import Any

import pypdf
import pytest

from cli.preparation import prepare
from tests.api.house import ADDRESS, House
from tests.api.test_bank_statements import entry, sent, statement
from tests.api.test_supplies import beside, device


@pytest.fixture(scope="session")
async def together(house: House) -> str:
    """The maintenance programme with consolidated invoices on the last day of each month."""
    return await billed_otherwise(house, "consolidated: {rule: COM-4}")


async def billed_otherwise(house: House, words: str) -> str:
    """The maintenance programme in a second version that has some words more about billing; answers with its code."""
    code = await beside(house, "icm")
    terms = house.settings.var_dir / code.lower() / "terms.yaml"
    text = re.sub(r"^version: .*$", "version: 2", terms.read_text(), count=1, flags=re.MULTILINE)
    terms.write_text(re.sub(r"^billing:\n", f"billing:\n  {words}\n", text, flags=re.MULTILINE))
    await prepare(house.database, house.settings.var_dir)
    return code


async def maintained(house: House, code: str, customer: dict[str, Any], clock: str) -> str:
    """A machine under maintenance, on account."""
    serial = await device(house, "7316-TF4", "server")
    asked = {
        "programme": code,
        "customer": customer,
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
    return number


@pytest.mark.rule("COM-4", "ICM-11")
async def test_two_contracts_one_invoice(house: House, together: str) -> None:
    """Issued at the month's end on their clock, read as one paper, paid by one transfer that names its number."""
    ask, customer = house.caller, house.customer() | {"country": "CA", "region": "QC"}
    clock = await house.clock("2027-08-02T14:00:00Z")
    numbers = [await maintained(house, together, customer, clock) for _ in range(2)]
    path = f"/v1/customers/{customer['id']}/collective-invoices"
    assert await ask.get(path) == []
    await house.advance(numbers[0], by="P1M")
    (found,) = await house.sees(path, lambda all_: len(all_) == 1)
    assert sorted(bill["contract"] for bill in found["bills"]) == sorted(numbers)
    assert (found["on"], found["payment"]) == ("2027-08-31", "pending")
    assert [tax["name"] for tax in found["taxes"]] == ["TPS/GST", "TVQ/QST"]
    pdf = await ask.send("GET", f"{path}/{found['number']}/pdf")
    read = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf.content)).pages)
    assert [word for word in (*numbers, found["number"], "TVQ/QST") if word not in read] == []
    bill = found["bills"][0]
    problem = await ask.refused("GET", f"/v1/contracts/{bill['contract']}/invoices/{bill['number']}/pdf", status=409)
    assert "goes out on a collective invoice" in problem["detail"]
    (paid,) = (await sent(house, statement(entry(f"Facture {found['number']}", found["gross"]))))["entries"]
    assert (paid["state"], paid["invoice"]) == ("matched", found["number"])
    (after,) = await ask.get(path)
    assert (after["payment"], {bill["payment"] for bill in after["bills"]}) == ("paid", {"paid"})
