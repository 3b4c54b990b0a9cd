"""Money through the API: statements of account, balances, closings."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.api.house import House


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
