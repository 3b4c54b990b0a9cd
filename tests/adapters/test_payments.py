"""The embedded payment provider does what its tokens say, and keeps a book of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from activities.errors import Refused, Unreachable
from activities.payments import Attempt, Charged, GiveBack, PaymentPort
from adapters.payments_embedded import EmbeddedPayments
from storage.database import Database
from storage.provider import Held
from tests.domain.samples import CUSTOMER
from tests.storage.samples import AT


def attempt(method: str, key: str = "N-1/1/invoice/a", **changes: Any) -> Attempt:
    """An attempt to collect 49.90 EUR."""
    fields: dict[str, Any] = {
        "contract": "N-1",
        "invoice": key,
        "amount": Decimal("49.90"),
        "currency": "EUR",
        "at": AT,
    }
    return Attempt(key=key, customer=CUSTOMER, method=method, **(fields | changes))


@pytest.fixture
def provider(database: Database) -> PaymentPort:
    """The embedded provider, on each kind of database in turn."""
    return EmbeddedPayments(database)


async def _held(provider: PaymentPort) -> list[Held]:
    return [item async for item in provider.held()]


@pytest.mark.parametrize(
    ("method", "outcome", "reason"),
    [
        ("pm_ok_visa", "paid", None),
        ("pm_slow", "pending", None),
        ("pm_declined", "declined", "insufficient_funds"),
        ("pm_declined_stolen_card", "declined", "stolen_card"),
        ("pm_later", "declined", "insufficient_funds"),
        ("pm_delay", "paid", None),
    ],
)
async def test_the_token_decides(provider: PaymentPort, method: str, outcome: str, reason: str | None) -> None:
    """The same key always gets the same answer and reference, and is booked once; another key another reference."""
    first = await provider.charge(attempt(method))
    assert (first.outcome, first.reason) == (outcome, reason)
    assert await provider.charge(attempt(method)) == first
    assert await provider.charge(attempt("pm_ok")) == first
    other = await provider.charge(attempt(method, key="N-1/1/invoice/b"))
    assert other.reference != first.reference
    assert [(item.key, item.outcome) for item in await _held(provider)] == [
        ("N-1/1/invoice/a", outcome),
        ("N-1/1/invoice/b", outcome),
    ]


async def test_what_was_declined_first_is_paid_later(provider: PaymentPort) -> None:
    """A second attempt at the same invoice has a key of its own."""
    await provider.charge(attempt("pm_later"))
    again = await provider.charge(attempt("pm_later", key="N-1/1/collect/a.1", invoice="N-1/1/invoice/a"))
    assert (again.outcome, again.reason) == ("paid", None)


async def test_a_provider_that_is_gone_is_unreachable(provider: PaymentPort) -> None:
    """Its wire is broken for as long as the token is asked for."""
    for _ in range(2):
        with pytest.raises(Unreachable):
            await provider.charge(attempt("pm_gone"))
    assert await _held(provider) == []


async def test_an_answer_that_was_lost_is_given_again(provider: PaymentPort) -> None:
    """The first time it charges and says nothing; asked again it answers, and has charged once."""
    with pytest.raises(Unreachable):
        await provider.charge(attempt("pm_twice"))
    answers: list[Charged] = [await provider.charge(attempt("pm_twice")) for _ in range(2)]
    assert [answer.outcome for answer in answers] == ["paid", "paid"]
    assert len(await _held(provider)) == 1


async def test_a_check_of_a_method_is_no_payment(provider: PaymentPort) -> None:
    """Nothing is collected, so nothing is held."""
    assert (await provider.charge(attempt("pm_ok", amount=Decimal(0)))).outcome == "paid"
    assert (await provider.charge(attempt("pm_declined", amount=Decimal(0)))).outcome == "declined"
    assert await _held(provider) == []


async def test_money_goes_back_once_and_never_more_than_came(provider: PaymentPort) -> None:
    """A refund by its key; what is not left, or was never paid, is refused."""
    paid = await provider.charge(attempt("pm_ok"))
    part = GiveBack("r1", paid.reference, Decimal("20.00"), "EUR")
    assert await provider.refund(part) == await provider.refund(part)
    assert [item.refunded for item in await _held(provider)] == [Decimal("20.00")]
    with pytest.raises(Refused, match=r"29\.90 is left"):
        await provider.refund(GiveBack("r2", paid.reference, Decimal("30.00"), "EUR"))
    declined = await provider.charge(attempt("pm_declined", key="N-1/1/invoice/b"))
    with pytest.raises(Refused, match="no payment"):
        await provider.refund(GiveBack("r3", declined.reference, Decimal(1), "EUR"))


async def test_one_contract_is_asked_for(provider: PaymentPort) -> None:
    """Its payments only, not those of a contract whose number begins alike."""
    await provider.charge(attempt("pm_ok"))
    await provider.charge(attempt("pm_ok", key="N-11/1/invoice/a"))
    assert [item.key async for item in provider.held(contract="N-1")] == ["N-1/1/invoice/a"]
    assert [item.key async for item in provider.held(since=AT.replace(year=2200))] == []
