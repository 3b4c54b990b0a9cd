from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import percent_of, places, prorated, rounded


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("1.005", "EUR", "1.01"),
        ("1.5", "JPY", "2"),
        ("2.5", "JPY", "3"),
        ("1.0005", "KWD", "1.001"),
        ("-1.005", "EUR", "-1.01"),
    ],
)
def test_half_a_unit_is_rounded_away_from_zero(amount: str, currency: str, expected: str) -> None:
    """Half-up in the currency's own minor unit; JPY has none."""
    assert rounded(Decimal(amount), currency) == Decimal(expected)


@given(st.decimals(0, 100_000, places=2), st.integers(0, 31), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_parts_never_cost_more_than_the_whole(price: Decimal, days: int, currency: str) -> None:
    """A part of a period costs between nothing and the rounded whole, and all of it costs the whole."""
    part = prorated(price, days=days, of_days=31, currency=currency)
    assert 0 <= part <= rounded(price, currency)
    assert prorated(price, days=31, of_days=31, currency=currency) == rounded(price, currency)


def test_a_percentage_is_rounded_once() -> None:
    """20 % of 10.03 is 2.006, which is 2.01."""
    assert percent_of(Decimal("10.03"), Decimal(20), "EUR") == Decimal("2.01")


def test_a_currency_without_minor_unit() -> None:
    """The yen has no decimal places, the euro two."""
    assert (places("JPY"), places("EUR")) == (0, 2)
