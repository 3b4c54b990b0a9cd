"""Stripe's adapter: what it asks, once each, and what it makes of Stripe's answers, refusals and silence."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from activities.errors import Refused, Unreachable
from activities.payments import GiveBack
from adapters.payments_stripe import StripePayments
from adapters.stripe_money import major, minor
from tests.adapters.stripe_stand_in import StandIn
from tests.adapters.test_payments import NOW, at_stripe, attempt, held
from tests.domain.samples import CUSTOMER

__all__ = ["at_stripe"]
OTHER = CUSTOMER.model_copy(update={"id": "c-2", "email": None})


async def test_a_customer_is_made_once(stripe_stand_in: StandIn, at_stripe: StripePayments) -> None:
    """By its metadata it is found again, by another process too; another customer is another one."""
    await at_stripe.charge(attempt("pm_ok"))
    again = StripePayments("sk_test_123", url=stripe_stand_in.url)
    await again.charge(attempt("pm_ok", key="N-1/1/invoice/b"))
    await again.charge(attempt("pm_ok_other", key="N-2/1/invoice/a", customer=OTHER))
    await again.close()
    assert [(item["metadata"], item["email"]) for item in stripe_stand_in.all("customer")] == [
        ({"tenure_customer": "c-2"}, None),
        ({"tenure_customer": "c-1"}, CUSTOMER.email),
    ]


async def test_the_next_payment_is_one_request(stripe_stand_in: StandIn, at_stripe: StripePayments) -> None:
    """The customer and the method are known: only the payment itself is asked for, off session, with our keys."""
    await at_stripe.charge(attempt("pm_ok"))
    stripe_stand_in.asked.clear()
    await at_stripe.charge(attempt("pm_ok", key="N-1/2/invoice/b"))
    assert stripe_stand_in.asked == [("POST", "payment_intents")]
    assert stripe_stand_in.intent("N-1/2/invoice/b")["metadata"] == {
        "tenure_key": "N-1/2/invoice/b",
        "tenure_contract": "N-1",
        "tenure_invoice": "N-1/2/invoice/b",
    }


@pytest.mark.parametrize("fault", ["500", "429", "409", "401", "break"])
async def test_what_may_pass_is_tried_again_and_charged_once(
    stripe_stand_in: StandIn, at_stripe: StripePayments, fault: str
) -> None:
    """Stripe is ill, busy, or gone in the middle of its answer; a key that is wrong today is mended tomorrow."""
    await at_stripe.charge(attempt("pm_ok"))
    stripe_stand_in.faults.append(fault)
    with pytest.raises(Unreachable):
        await at_stripe.charge(attempt("pm_ok", key="N-1/1/invoice/b"))
    assert (await at_stripe.charge(attempt("pm_ok", key="N-1/1/invoice/b"))).outcome == "paid"
    assert len(stripe_stand_in.all("payment_intent")) == len(stripe_stand_in.all("charge")) == 2


async def test_silence_is_not_waited_for(stripe_stand_in: StandIn) -> None:
    """After its time-out the wire counts as broken; the payment that was made all the same is found."""
    hasty = StripePayments("sk_test_123", url=stripe_stand_in.url, timeout=1.5)
    await hasty.charge(attempt("pm_ok"))
    stripe_stand_in.faults.append("hang")
    with pytest.raises(Unreachable):
        await hasty.charge(attempt("pm_ok", key="N-1/1/invoice/b"))
    assert (await hasty.charge(attempt("pm_ok", key="N-1/1/invoice/b"))).outcome == "paid"
    await hasty.close()
    assert len(stripe_stand_in.all("payment_intent")) == 2


async def test_nothing_is_retried_by_itself(stripe_stand_in: StandIn, at_stripe: StripePayments) -> None:
    """The engine retries, and it alone."""
    stripe_stand_in.faults.append("500")
    with pytest.raises(Unreachable):
        await at_stripe.charge(attempt("pm_ok"))
    assert len(stripe_stand_in.asked) == 1


async def test_what_is_late_is_looked_for_first(stripe_stand_in: StandIn, at_stripe: StripePayments) -> None:
    """Stripe has forgotten the key after a day; a payment that was made under it is not made again."""
    old = attempt("pm_ok", at=NOW - timedelta(days=3))
    first = await at_stripe.charge(old)
    stripe_stand_in.answers.clear()
    assert await at_stripe.charge(old) == first
    assert len(stripe_stand_in.all("payment_intent")) == 1


async def test_a_refund_is_looked_for_first(stripe_stand_in: StandIn, at_stripe: StripePayments) -> None:
    """However long ago it was made, among others of the same payment."""
    paid = await at_stripe.charge(attempt("pm_ok"))
    wanted = [GiveBack(f"N-1/1/refund/{n}", paid.reference, Decimal("5.00"), "EUR") for n in range(6)]
    first = [await at_stripe.refund(part) for part in wanted]
    stripe_stand_in.answers.clear()
    assert [await at_stripe.refund(part) for part in wanted] == first
    assert [item.refunded for item in await held(at_stripe)] == [Decimal("30.00")]


@pytest.mark.parametrize(
    ("method", "reason"), [("pm_auth", "authentication_required"), ("pm_missing", "resource_missing")]
)
async def test_a_method_that_will_not_do_is_declined(at_stripe: StripePayments, method: str, reason: str) -> None:
    """The customer must come back, or give another one; the invoice is issued all the same."""
    charged = await at_stripe.charge(attempt(method))
    assert (charged.outcome, charged.reason) == ("declined", reason)


async def test_a_method_of_somebody_else_is_declined(at_stripe: StripePayments) -> None:
    """It is never collected for another customer."""
    await at_stripe.charge(attempt("pm_mine"))
    charged = await at_stripe.charge(attempt("pm_mine", key="N-2/1/invoice/a", customer=OTHER))
    assert (charged.outcome, charged.reason) == ("declined", "payment_method_of_another_customer")


async def test_a_key_with_other_words_is_refused(at_stripe: StripePayments) -> None:
    """That would be another payment: it is a fault of ours, and said to a person."""
    await at_stripe.charge(attempt("pm_ok"))
    with pytest.raises(Refused, match="another request"):
        await at_stripe.charge(attempt("pm_ok", amount=Decimal("50.00")))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("needs_response", "reversed"), ("lost", "reversed"), ("won", "paid"), ("warning_needs_response", "paid")],
)
async def test_a_dispute_shows_in_what_is_held(
    stripe_stand_in: StandIn, at_stripe: StripePayments, status: str, outcome: str
) -> None:
    """A payment that was disputed is not held; an inquiry takes nothing, and a dispute that was won gives it back."""
    await at_stripe.charge(attempt("pm_ok"))
    stripe_stand_in.dispute("N-1/1/invoice/a", status)
    assert [item.outcome for item in await held(at_stripe)] == [outcome]


async def test_what_others_collect_there_is_none_of_ours(stripe_stand_in: StandIn, at_stripe: StripePayments) -> None:
    """A payment without our key is not looked at."""
    stripe_stand_in.made("payment_intent", "pi", amount=1, currency="eur", status="succeeded", latest_charge=None)
    assert await held(at_stripe) == []


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("49.90", "EUR", 4990), ("500", "JPY", 500), ("1.230", "KWD", 1230), ("5", "ISK", 500), ("7", "MGA", 7)],
)
def test_money_is_counted_as_stripe_counts(amount: str, currency: str, units: int) -> None:
    """In whole minor units, there and back."""
    assert minor(Decimal(amount), currency) == units
    assert major(units, currency) == Decimal(amount)


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "EUR"), ("0.5", "JPY"), ("1.234", "KWD")])
def test_what_cannot_be_counted_is_refused(amount: str, currency: str) -> None:
    """Nothing is rounded on the way."""
    with pytest.raises(Refused, match="no whole number"):
        minor(Decimal(amount), currency)
