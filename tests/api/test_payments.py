"""Payments that are reported through the API: taken back, paid again, and said too late."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.house import House


async def _billed(house: House) -> tuple[str, dict[str, Any]]:
    """A contract with a first month that is paid, and that month's invoice."""
    number = await house.ordered()
    await house.becomes(number, "Active")
    bills = await house.sees(f"/v1/contracts/{number}/invoices", lambda bills: len(bills) == 2)
    return number, next(bill for bill in bills if bill["lines"][0]["what"] == "period")


@pytest.mark.rule("HPG-10")
async def test_a_payment_that_is_taken_back_is_owed_again(house: House) -> None:
    """Once, whoever says it again; the statement shows it, dunning begins, and paid anew it is settled."""
    number, bill = await _billed(house)
    path = f"/v1/contracts/{number}"
    said = {"invoice": bill["key"], "cause": "returned", "reference": "R-1", "reason": "insufficient_funds"}
    shown = await house.caller.post(f"{path}/payment-reversals", said)
    assert shown["attention"] == [f"payment declined: {bill['key']}"]
    again = await house.caller.refused("POST", f"{path}/payment-reversals", said, status=409)
    assert "reversed" in again["detail"]
    (statement,) = await house.caller.get(f"{path}/statement")
    assert [move["what"] for move in statement["moves"]][-1] == "reversal"
    assert statement["closing"] == bill["gross"]
    await house.caller.post(f"{path}/payments", {"method": "pm_ok", "invoice": bill["key"]})
    await house.sees(path, lambda shown: not shown["attention"])
    (statement,) = await house.caller.get(f"{path}/statement")
    assert float(statement["closing"]) == 0


async def test_what_was_never_paid_cannot_be_taken_back(house: House) -> None:
    """An invoice that is not there, or not paid, says so."""
    number, _ = await _billed(house)
    path, said = f"/v1/contracts/{number}/payment-reversals", {"cause": "dispute"}
    await house.caller.refused("POST", path, said | {"invoice": f"{number}/9/invoice/x"}, status=404)
    await house.caller.refused("POST", path, said | {"invoice": "other/1/invoice/x"}, status=404)
    draft = await house.ordered(method="pm_slow")
    await house.becomes(draft, "Draft")
    (bill,) = await house.sees(f"/v1/contracts/{draft}/invoices", lambda bills: len(bills) == 1)
    path = f"/v1/contracts/{draft}/payment-reversals"
    problem = await house.caller.refused("POST", path, said | {"invoice": bill["key"]}, status=409)
    assert "pending" in problem["detail"]


async def test_a_decline_that_comes_after_the_payment_changes_nothing(house: House) -> None:
    """What was paid stays paid, in the contract and in the books."""
    number, bill = await _billed(house)
    path = f"/v1/contracts/{number}"
    late = {"invoice": bill["key"], "outcome": "declined", "reason": "expired_card"}
    shown = await house.caller.post(f"{path}/payment-reports", late)
    assert shown["attention"] == []
    bills = await house.caller.get(f"{path}/invoices")
    assert {item["payment"] for item in bills} == {"paid"}
