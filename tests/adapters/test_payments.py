"""What every payment provider keeps: the embedded one, and Stripe's adapter before a small Stripe of the tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from activities.errors import Refused, Unreachable
from activities.payments import Attempt, Charged, GiveBack, PaymentPort
from adapters.payments_embedded import EmbeddedPayments
from adapters.payments_stripe import StripePayments
from storage.database import Database
from storage.migrate import upgrade
from storage.provider import Held
from tests.adapters.stripe_stand_in import StandIn
from tests.domain.samples import CUSTOMER

NOW = datetime.now(UTC)


def attempt(method: str, key: str = "N-1/1/invoice/a", **changes: Any) -> Attempt:
    """An attempt to collect 49.90 EUR."""
    fields: dict[str, Any] = {"contract": key.partition("/")[0], "invoice": key, "amount": Decimal("49.90")}
    fields |= {"currency": "EUR", "at": NOW, "customer": CUSTOMER}
    return Attempt(key=key, method=method, **(fields | changes))


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[EmbeddedPayments]:
    """The embedded provider with a book of its own."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'tenure.db'}")
    await upgrade(database)
    yield EmbeddedPayments(database)
    await database.close()


@pytest.fixture
async def at_stripe(stripe_stand_in: StandIn) -> AsyncIterator[StripePayments]:
    """The adapter before the stand-in, which judges every request."""
    made = StripePayments("sk_test_123", url=stripe_stand_in.url, timeout=30)
    yield made
    await made.close()


@pytest.fixture(params=["embedded", "at_stripe"])
def provider(request: pytest.FixtureRequest) -> PaymentPort:
    """Each provider in turn."""
    made: PaymentPort = request.getfixturevalue(request.param)
    return made


async def held(provider: PaymentPort, **only: Any) -> list[Held]:
    """What it has, by key."""
    return sorted([item async for item in provider.held(**only)])


@pytest.mark.parametrize(
    ("method", "outcome", "reason"),
    [
        ("pm_ok_visa", "paid", None),
        ("pm_slow", "pending", None),
        ("pm_declined", "declined", "insufficient_funds"),
        ("pm_declined_stolen_card", "declined", "stolen_card"),
        ("pm_later", "declined", "insufficient_funds"),
    ],
)
async def test_a_key_is_charged_once(provider: PaymentPort, method: str, outcome: str, reason: str | None) -> None:
    """The same key always gets the same answer and reference, and is there once; another key another reference."""
    first = await provider.charge(attempt(method))
    assert (first.outcome, first.reason) == (outcome, reason)
    assert [await provider.charge(attempt(method)) for _ in range(2)] == [first, first]
    other = await provider.charge(attempt(method, key="N-1/1/invoice/b"))
    assert other.reference != first.reference
    assert [(item.key, item.outcome, item.amount, item.currency) for item in await held(provider)] == [
        ("N-1/1/invoice/a", outcome, Decimal("49.90"), "EUR"),
        ("N-1/1/invoice/b", outcome, Decimal("49.90"), "EUR"),
    ]


async def test_what_was_declined_first_is_paid_later(provider: PaymentPort) -> None:
    """A second attempt at the same invoice has a key of its own."""
    await provider.charge(attempt("pm_later"))
    again = await provider.charge(attempt("pm_later", key="N-1/1/collect/a.1", invoice="N-1/1/invoice/a"))
    assert (again.outcome, again.reason) == ("paid", None)


async def test_a_check_of_a_method_is_no_payment(provider: PaymentPort) -> None:
    """Nothing is collected, so nothing is held."""
    assert (await provider.charge(attempt("pm_ok", amount=Decimal(0)))).outcome == "paid"
    declined = attempt("pm_declined_lost_card", key="N-1/1/invoice/b", amount=Decimal(0))
    assert (await provider.charge(declined)).reason == "lost_card"
    assert await held(provider) == []


async def test_money_goes_back_once_and_never_more_than_came(provider: PaymentPort) -> None:
    """A refund by its key; what is not left, or was never paid, is refused."""
    paid = await provider.charge(attempt("pm_ok"))
    part = GiveBack("N-1/1/refund/1", paid.reference, Decimal("20.00"), "EUR")
    assert await provider.refund(part) == await provider.refund(part)
    assert [item.refunded for item in await held(provider)] == [Decimal("20.00")]
    with pytest.raises(Refused):
        await provider.refund(GiveBack("N-1/1/refund/2", paid.reference, Decimal("30.00"), "EUR"))
    rest = GiveBack("N-1/1/refund/3", paid.reference, Decimal("29.90"), "EUR")
    assert await provider.refund(rest) != await provider.refund(part)
    declined = await provider.charge(attempt("pm_declined", key="N-1/1/invoice/b"))
    with pytest.raises(Refused):
        await provider.refund(GiveBack("N-1/1/refund/4", declined.reference, Decimal(1), "EUR"))


async def test_amounts_are_exact_in_every_currency(provider: PaymentPort) -> None:
    """Yen have no cents; what is collected is what is held, to the last unit."""
    amounts = {"JPY": Decimal(12345), "EUR": Decimal("0.51"), "KWD": Decimal("1.230"), "CAD": Decimal("99999.99")}
    for currency, amount in amounts.items():
        key = f"N-1/1/invoice/{currency}"
        await provider.charge(attempt("pm_ok", key=key, amount=amount, currency=currency))
    assert {item.currency: item.amount for item in await held(provider)} == amounts


async def test_one_contract_is_asked_for(provider: PaymentPort) -> None:
    """Its payments only, not those of a contract whose number begins alike; or those since an instant."""
    for number in range(5):
        await provider.charge(attempt("pm_ok", key=f"N-1/1/invoice/{number}"))
    await provider.charge(attempt("pm_ok", key="N-11/1/invoice/a"))
    assert [item.key for item in await held(provider, contract="N-1")] == [f"N-1/1/invoice/{n}" for n in range(5)]
    assert len(await held(provider)) == len(await held(provider, since=NOW.replace(year=2020))) == 6
    assert await held(provider, since=NOW.replace(year=2200)) == []


async def test_the_embedded_provider_knows_more_tokens(embedded: EmbeddedPayments) -> None:
    """Gone: no answer. Twice: charged, its first answer lost, then given again. Delay: paid after a moment."""
    for _ in range(2):
        with pytest.raises(Unreachable):
            await embedded.charge(attempt("pm_gone"))
    with pytest.raises(Unreachable):
        await embedded.charge(attempt("pm_twice"))
    answers: list[Charged] = [await embedded.charge(attempt(method)) for method in ("pm_twice", "pm_declined")]
    assert [answer.outcome for answer in answers] == ["paid", "paid"]
    assert (await embedded.charge(attempt("pm_delay", key="N-1/1/invoice/c"))).outcome == "paid"
    assert len(await held(embedded)) == 2
