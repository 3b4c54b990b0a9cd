"""The embedded payment provider does what its tokens say."""

from __future__ import annotations

from decimal import Decimal

import pytest

from activities.billing import PaymentPort
from activities.errors import Unreachable
from adapters.payments_embedded import EmbeddedPayments

PROVIDER: PaymentPort = EmbeddedPayments()


async def _charge(method: str, key: str = "k", amount: str = "49.90") -> tuple[str, str, str | None]:
    charged = await PROVIDER.charge(key=key, method=method, amount=Decimal(amount), currency="EUR")
    return charged.outcome, charged.reference, charged.reason


@pytest.mark.parametrize(
    ("method", "outcome"),
    [("pm_ok", "paid"), ("pm_ok_visa", "paid"), ("pm_slow", "pending"), ("pm_declined", "declined")],
)
async def test_the_token_decides(method: str, outcome: str) -> None:
    """The same key always gets the same answer and reference; another key another reference."""
    first = await _charge(method)
    assert first[0] == outcome
    assert await _charge(method) == first
    assert (await _charge(method, key="other"))[1] != first[1]


async def test_a_decline_has_a_reason() -> None:
    """Only a decline says why."""
    assert (await _charge("pm_declined"))[2] == "insufficient funds"
    assert (await _charge("pm_ok"))[2] is None


async def test_a_provider_that_is_gone_is_unreachable() -> None:
    """Its wire is broken for as long as the token is asked for."""
    for _ in range(2):
        with pytest.raises(Unreachable):
            await _charge("pm_gone")
