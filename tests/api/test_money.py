"""Money through the API: statements of account, balances, closings."""

from __future__ import annotations

import io
from decimal import Decimal

import facturx
import pytest
from pypdf import PdfReader

from tests.adapters.papers import faults
from tests.api.house import ADDRESS, House


@pytest.mark.rule("ICM-11")
async def test_a_statement_says_what_was_charged_credited_and_paid(house: House) -> None:
    """Invoice by invoice with the balance after each; what was before a day is its opening balance."""
    number = await house.ordered()
    await house.becomes(number, "Active")
    await house.advance(number, to="2027-04-15T09:00:00Z")
    await house.caller.post(f"/v1/contracts/{number}/cancel", {"reason": "moved"})
    path = f"/v1/contracts/{number}"
    notes = await house.sees(f"{path}/credit-notes", bool)
    invoices = await house.caller.get(f"{path}/invoices")
    (said,) = await house.caller.get(f"{path}/statement")
    moves = said["moves"]
    assert {move["number"] for move in moves if move["what"] == "invoice"} == {item["number"] for item in invoices}
    assert [move["amount"] for move in moves if move["what"] == "credit"] == [f"-{item['gross']}" for item in notes]
    paid = sum(Decimal(move["amount"]) for move in moves if move["what"] == "payment")
    assert paid == -sum(Decimal(item["gross"]) for item in invoices)
    assert said["closing"] == moves[-1]["balance"] == f"-{notes[0]['gross']}"
    (later,) = await house.caller.get(f"{path}/statement", since="2027-04-01")
    assert later["moves"] == [move for move in moves if move["on"] >= "2027-04-01"]
    assert Decimal(later["opening"]) == 0
    customer = (await house.caller.get(path))["customer"]["id"]
    assert await house.caller.get(f"/v1/customers/{customer}/statement") == []
    assert await house.caller.get(f"/v1/customers/{customer}/statement", trial=True) == [said]
    response = await house.caller.send("GET", f"{path}/statement/pdf")
    read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(response.content)).pages)
    assert [move["number"] for move in moves if move["number"] not in read] == []
    assert "Relevé de compte" in read


async def test_the_books_balance_and_are_closed_once(house: House) -> None:
    """In each currency the accounts add up to nothing; a day that is closed again earns nothing more."""
    number = await house.ordered()
    await house.becomes(number, "Active")
    for trial in (False, True):
        found = await house.caller.get("/v1/books/balances", trial=trial)
        for currency in {item["currency"] for item in found}:
            assert sum(Decimal(item["amount"]) for item in found if item["currency"] == currency) == 0
    first = await house.caller.post("/v1/books/closings", {"on": "2027-02-28"})
    again = await house.caller.post("/v1/books/closings", {"on": "2027-02-28"})
    assert (first["on"], again["moved"]) == ("2027-02-28", 0)


@pytest.mark.rule("ICM-11")
async def test_invoices_and_credit_notes_are_downloaded(house: House) -> None:
    """As PDFs that are the same each time; a credit note names the invoice that it gives back."""
    number = await house.ordered()
    await house.becomes(number, "Active")
    await house.caller.post(f"/v1/contracts/{number}/cancel", {"reason": "moved"})
    path = f"/v1/contracts/{number}"
    notes = await house.sees(f"{path}/credit-notes", bool)
    invoices = await house.caller.get(f"{path}/invoices")
    for kind, papers in (("invoices", invoices), ("credit-notes", notes)):
        for paper in papers:
            first, second = [await house.caller.send("GET", f"{path}/{kind}/{paper['number']}/pdf") for _ in range(2)]
            assert (first.status_code, first.headers["content-type"]) == (200, "application/pdf")
            assert first.content == second.content
            assert first.headers["etag"] == second.headers["etag"]
            read = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(first.content)).pages)
            assert paper["number"] in read
            assert ADDRESS["street"] in read
            _, inside = facturx.get_xml_from_pdf(io.BytesIO(first.content), check_xsd=True)
            assert faults(inside) == []
    credited = [
        invoice["number"] for invoice in invoices if invoice["lines"][0]["key"] == notes[0]["lines"][0]["credits"]
    ]
    response = await house.caller.send("GET", f"{path}/credit-notes/{notes[0]['number']}/pdf")
    assert credited[0] in "".join(page.extract_text() for page in PdfReader(io.BytesIO(response.content)).pages)
    await house.caller.refused("GET", f"{path}/invoices/HPG-F2000-000001/pdf", status=404)


@pytest.mark.rule("ICM-4")
async def test_a_preview_through_the_api_is_what_is_then_posted(house: House) -> None:
    """The credit note and the fee of leaving, to the cent and by their keys; nothing happens before it is asked for."""
    number = await house.ordered()
    await house.becomes(number, "Active")
    path = f"/v1/contracts/{number}"
    version = (await house.caller.get(path))["version"]
    leaving = {"do": "cancel", "reason": "moved"}
    seen = await house.caller.post(f"{path}/preview", leaving)
    assert (await house.caller.get(path))["version"] == version
    assert await house.caller.get(f"{path}/credit-notes") == []
    await house.caller.post(f"{path}/cancel", {"reason": "moved"})
    notes = await house.sees(f"{path}/credit-notes", bool)
    invoices = await house.sees(f"{path}/invoices", lambda all_: len(all_) == 3)
    assert [(bill["key"], bill["gross"]) for bill in seen["credited"]] == [(n["key"], n["gross"]) for n in notes]
    issued = {invoice["key"]: invoice["gross"] for invoice in invoices}
    assert [(bill["key"], bill["gross"]) for bill in seen["charged"]] == [
        (bill["key"], issued[bill["key"]]) for bill in seen["charged"]
    ]
    assert (seen["recurring_after"], seen["next_bill"]) == ("0", None)
    problem = await house.caller.refused("POST", f"{path}/preview", {"do": "suspend"}, status=409)
    assert problem["rule"] == "COM-1"
