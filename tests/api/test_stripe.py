"""Contracts on a real Temporal server whose payments go through Stripe, and what Stripe says by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from time import time
from typing import Any

import pytest
from temporalio.client import Client

from adapters.payments_stripe import StripePayments
from storage.provider import mismatches
from storage.reconcile import differences
from tests.adapters.stripe_stand_in import SECRET, StandIn, Thing, signed
from tests.api.conftest import house_on
from tests.api.house import House

REFUNDS = "\ncredits: {rule: HPG-12, settled_by: refund}\n"


@pytest.fixture
async def stripe_house(
    database_url: str, temporal_client: Client, tmp_path: Path, stripe_stand_in: StandIn
) -> AsyncIterator[House]:
    """A house that collects through Stripe, and gives credits back, on each kind of database in turn."""
    more: dict[str, Any] = {"stripe_key": "sk_test_123", "stripe_webhook_secret": SECRET}
    async with house_on(
        database_url, temporal_client, tmp_path, terms=REFUNDS, stripe_url=stripe_stand_in.url, **more
    ) as made:
        yield made


async def sent(house: House, event: Thing, *, status: int = 200, **how: Any) -> Any:
    """What the house answers to an event."""
    payload, headers = signed(event, **how)
    response = await house.http.post("/v1/webhooks/stripe", content=payload, headers=headers)
    assert response.status_code == status, response.text
    return response.json().get("state")


async def bills(house: House, number: str, count: int) -> list[dict[str, Any]]:
    """A contract's invoices, once there are so many, in order of issue."""
    found: list[dict[str, Any]] = await house.sees(
        f"/v1/contracts/{number}/invoices", lambda bills: len(bills) == count
    )
    return found


async def agrees(house: House, stand_in: StandIn) -> list[str]:
    """Every difference between contracts, books, tables and Stripe."""
    stripe = StripePayments("sk_test_123", url=stand_in.url)
    async with house.database.read() as connection:
        found = [f"{item.where}: {item.what}" async for item in differences(connection)]
        found += [item.what for item in await mismatches(connection, stripe.name, stripe.held())]
    await stripe.close()
    return found


@pytest.mark.rule("HPG-10", "HPG-12")
async def test_a_life_is_paid_through_stripe(stripe_house: House, stripe_stand_in: StandIn) -> None:
    """Checkout, pending, webhook, a decline, another card, renewal off session, dunning's retry, refund at the end."""
    house, stripe = stripe_house, stripe_stand_in
    number = await house.ordered(method="pm_slow", clock=await house.clock("2027-03-01T09:00:00Z"))
    path = f"/v1/contracts/{number}"
    await house.becomes(number, "Draft")
    (order,) = await bills(house, number, 1)
    assert order["payment"] == "pending"
    assert await sent(house, stripe.event("payment_intent.processing", stripe.intent(order["key"]))) == "taken"
    await house.becomes(number, "Draft")
    assert await sent(house, stripe.settle(order["key"], "succeeded")) == "taken"
    await house.becomes(number, "Active")

    march = (await bills(house, number, 2))[1]
    assert await sent(house, stripe.settle(march["key"], "failed", "insufficient_funds")) == "taken"
    shown = await house.caller.get(path)
    assert shown["attention"] == [f"payment declined: {march['key']}"]
    await house.caller.post(f"{path}/payments", {"method": "pm_later", "invoice": march["key"]})
    await house.sees(path, lambda shown: not shown["attention"])

    await house.advance(number, to="2027-04-01T12:00:00Z")
    april = (await bills(house, number, 3))[2]
    assert (april["payment"], stripe.intent(april["key"])["status"]) == ("declined", "requires_payment_method")
    await house.advance(number, to="2027-04-05T12:00:00Z")
    assert [bill["payment"] for bill in await bills(house, number, 3)] == ["paid"] * 3

    await house.caller.post(f"{path}/cancel", {"reason": "moving out"})
    await house.becomes(number, "Cancelled")
    fee = (await bills(house, number, 4))[3]
    assert (fee["payment"], fee["set_off"]) == ("paid", fee["gross"])
    events = await house.sees(f"{path}/events", lambda events: "refunded" in [e["kind"] for e in events["items"]])
    credited = sum(float(note["gross"]) for note in await house.caller.get(f"{path}/credit-notes"))
    given_back = [float(event["data"]["amount"]) for event in events["items"] if event["kind"] == "refunded"]
    assert given_back == [credited - float(fee["gross"])]
    assert sum(item["amount"] for item in stripe.all("refund")) == round(given_back[0] * 100)
    (statement,) = await house.caller.get(f"{path}/statement")
    assert [move["what"] for move in statement["moves"]][-1] == "refund"
    assert float(statement["closing"]) == 0
    await house.becomes(number, "Cancelled")
    assert await agrees(house, stripe) == []


async def _active(house: House) -> tuple[str, dict[str, Any]]:
    """A contract with a paid first month, and that month's invoice."""
    number = await house.ordered(method="pm_ok")
    await house.becomes(number, "Active")
    return number, (await bills(house, number, 2))[1]


async def test_a_dispute_takes_the_money_and_may_give_it_back(stripe_house: House, stripe_stand_in: StandIn) -> None:
    """The invoice is unpaid again, once; won, it is paid again; what was said before and comes late changes nothing."""
    house, stripe = stripe_house, stripe_stand_in
    number, bill = await _active(house)
    path, key = f"/v1/contracts/{number}", bill["key"]
    paid = stripe.event("payment_intent.succeeded", stripe.intent(key))
    disputed = stripe.dispute(key)
    assert [await sent(house, disputed) for _ in range(2)] == ["taken", "again"]
    assert (await bills(house, number, 2))[1]["payment"] == "reversed"
    assert await sent(house, paid) == "taken"
    assert (await bills(house, number, 2))[1]["payment"] == "reversed"
    assert (await house.caller.get(path))["attention"] == [f"payment declined: {key}"]
    assert await agrees(house, stripe) == []
    assert await sent(house, stripe.close_dispute(key, "won")) == "taken"
    await house.sees(path, lambda shown: not shown["attention"])
    assert (await bills(house, number, 2))[1]["payment"] == "paid"
    again = stripe.event("charge.dispute.created", disputed["data"]["object"])
    assert await sent(house, again) == "taken"
    assert (await bills(house, number, 2))[1]["payment"] == "paid"
    (statement,) = await house.caller.get(f"{path}/statement")
    assert [move["what"] for move in statement["moves"]][-4:] == ["invoice", "payment", "reversal", "payment"]
    assert await agrees(house, stripe) == []


async def test_a_dispute_that_was_lost_is_heard_first(stripe_house: House, stripe_stand_in: StandIn) -> None:
    """Its end comes before its beginning: the money is gone once, and the beginning changes nothing more."""
    house, stripe = stripe_house, stripe_stand_in
    number, bill = await _active(house)
    begun = stripe.dispute(bill["key"])
    assert await sent(house, stripe.close_dispute(bill["key"], "lost")) == "taken"
    assert (await bills(house, number, 2))[1]["payment"] == "reversed"
    assert await sent(house, begun) == "taken"
    kinds = [event["kind"] for event in (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]]
    assert kinds.count("payment_reversed") == 1
    assert await agrees(house, stripe) == []


async def test_what_is_not_stripes_changes_nothing(stripe_house: House, stripe_stand_in: StandIn) -> None:
    """Forged, signed with another secret, changed on the way, too old, or no event at all: refused, and said so."""
    house, stripe = stripe_house, stripe_stand_in
    number = await house.ordered(method="pm_slow")
    await house.becomes(number, "Draft")
    (order,) = await bills(house, number, 1)
    event = stripe.settle(order["key"], "succeeded")
    await sent(house, event, secret="whsec_of_somebody_else", status=400)
    await sent(house, event, at=int(time()) - 3600, status=400)
    payload, headers = signed(event)
    for body, head in ((payload.replace(b"evt_", b"evt_x"), headers), (payload, {}), (b"\xff", headers), (b"", {})):
        answer = await house.http.post("/v1/webhooks/stripe", content=body, headers=head)
        assert (answer.status_code, answer.json()["field"]) == (400, "Stripe-Signature")
    await sent(house, {"id": "evt_x", "type": "payment_intent.succeeded"}, status=400)
    large = await house.http.post("/v1/webhooks/stripe", content=b" " * (1024 * 1024 + 1), headers=headers)
    assert large.status_code == 413
    assert (await house.caller.get(f"/v1/contracts/{number}"))["status"] == "Draft"


async def test_events_come_twice_late_and_in_any_order(stripe_house: House, stripe_stand_in: StandIn) -> None:
    """A decline after the payment is too late; what nobody here knows is ignored, or asked for again."""
    house, stripe = stripe_house, stripe_stand_in
    number = await house.ordered(method="pm_slow")
    await house.becomes(number, "Draft")
    (order,) = await bills(house, number, 1)
    failed = stripe.settle(order["key"], "failed", "expired_card")
    paid = stripe.settle(order["key"], "succeeded")
    assert [await sent(house, event) for event in (paid, paid, failed, failed)] == ["taken", "again"] * 2
    await house.becomes(number, "Active")
    assert (await bills(house, number, 2))[0]["payment"] == "paid"
    assert await sent(house, stripe.event("customer.created", {"id": "cus_1"})) == "ignored"
    foreign = stripe.intent(order["key"]) | {"id": "pi_of_others", "metadata": {}}
    assert await sent(house, stripe.event("payment_intent.succeeded", foreign)) == "ignored"
    early = foreign | {"metadata": {"tenure_key": f"{number}/1/invoice/not-yet"}}
    await sent(house, stripe.event("payment_intent.succeeded", early), status=503)


async def test_what_is_paid_after_the_end_is_booked(stripe_house: House, stripe_stand_in: StandIn) -> None:
    """The order was void when the money came: it stands in the customer's favour, until somebody gives it back."""
    house, stripe = stripe_house, stripe_stand_in
    number = await house.ordered(method="pm_slow", clock=await house.clock("2027-03-01T09:00:00Z"))
    path = f"/v1/contracts/{number}"
    await house.becomes(number, "Draft")
    (order,) = await bills(house, number, 1)
    await house.advance(number, by="P3D")
    await house.becomes(number, "Void")
    assert await sent(house, stripe.settle(order["key"], "succeeded")) == "taken"
    (statement,) = await house.caller.get(f"{path}/statement")
    assert float(statement["closing"]) == -float(order["gross"])
    cents = round(float(order["gross"]) * 100)
    part, rest = stripe.refund_by_hand(order["key"], 100), stripe.refund_by_hand(order["key"], cents - 100)
    assert [await sent(house, event) for event in (rest, part, rest)] == ["taken", "taken", "again"]
    (statement,) = await house.caller.get(f"{path}/statement")
    assert float(statement["closing"]) == 0
    assert await agrees(house, stripe) == []


async def test_money_that_comes_twice_is_booked_twice(stripe_house: House, stripe_stand_in: StandIn) -> None:
    """The order was paid with another card when the slow payment came after all: it is in the customer's favour."""
    house, stripe = stripe_house, stripe_stand_in
    number = await house.ordered(method="pm_slow")
    path = f"/v1/contracts/{number}"
    await house.becomes(number, "Draft")
    (order,) = await bills(house, number, 1)
    await house.caller.post(f"{path}/payments", {"method": "pm_ok"})
    await house.becomes(number, "Active")
    await bills(house, number, 2)
    late = stripe.settle(order["key"], "succeeded")
    again = stripe.event("payment_intent.succeeded", stripe.intent(order["key"]))
    assert [await sent(house, event) for event in (late, again)] == ["taken", "taken"]
    (statement,) = await house.caller.get(f"{path}/statement")
    assert float(statement["closing"]) == -float(order["gross"])
    assert statement["moves"][-1]["number"] == order["number"]
    assert await agrees(house, stripe) == []


async def test_without_a_secret_nothing_is_taken(house: House, stripe_stand_in: StandIn) -> None:
    """Where Stripe is not set up, there is no such address."""
    await sent(house, stripe_stand_in.event("charge.refunded", {"id": "ch_1"}), status=404)
