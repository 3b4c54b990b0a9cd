"""Uplifts and coupons to the cent: at renewal, over several periods, in arrears, with pauses that extend."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import pytest

from domain.commands import Resume, Suspend
from domain.events import PeriodBilled
from domain.renewal.prices import offered
from domain.simulator import Life
from domain.state import Discount, Line
from domain.terms import Uplift
from tests.domain.samples import offer, ordered, terms, utc


def line(price: str) -> Line:
    """A line at a price a month."""
    return Line(period=1, **offer(prices={1: Decimal(price)}).model_dump())


@pytest.mark.parametrize(
    ("price", "percent", "currency", "raised"),
    [
        ("49.00", "3.5", "EUR", "50.72"),
        ("0.0042", "5", "EUR", "0.0044"),
        ("0.125", "10", "EUR", "0.138"),
        ("10.10", "-2.5", "CAD", "9.85"),
        ("1005", "1.5", "JPY", "1020"),
        ("31", "0", "EUR", "31.00"),
    ],
)
def test_an_uplift_is_rounded_once_as_the_price_is_written(
    price: str, percent: str, currency: str, raised: str
) -> None:
    """In the currency's minor unit; a price for a page, which is finer, stays as fine, or it would never rise."""
    found = offered(line(price), None, Uplift(policy="uplift", percent=Decimal(percent)), currency)
    assert str(found[1]) == raised


def test_an_index_moves_a_fine_price_too() -> None:
    """0.0042 by 103 to 98."""
    policy = Uplift(policy="index", index="wages")
    assert str(offered(line("0.0042"), None, policy, "EUR", (Decimal(98), Decimal(103)))[1]) == "0.0044"


def test_an_uplift_is_charged_from_the_next_term_on() -> None:
    """49 EUR and 3.5 percent, times three machines, from 1 March 2028 on."""
    policy = {"price": {"policy": "uplift", "percent": "3.5", "rule": "COM-1"}}
    under = terms(order_fees=[], renewal=policy)
    life = ordered(offer(quantity=3, prices={1: Decimal(49)}), at=utc(2027, 3, 1), under=under)
    life.live_until(utc(2028, 3, 2))
    assert nets(life)[-2:] == ["147.00", "152.16"]


def nets(life: Life) -> list[str]:
    """The net sum of each bill for service."""
    return [str(event.bill.net) for event in life.events if isinstance(event, PeriodBilled)]


def discounted(kind: Literal["percent", "amount"], value: str, periods: int, **changes: Any) -> Life:
    """Three machines at 33.33 EUR a month, with a coupon."""
    coupon = Discount(code="BOX-1", line="1", kind=kind, value=Decimal(value), periods=periods, rule="SMP-6")
    under = terms(**({"order_fees": []} | changes))
    return ordered(offer(quantity=3, prices={1: Decimal("33.33")}), at=utc(2027, 3, 1), under=under, discount=coupon)


@pytest.mark.rule("HPG-6")
@pytest.mark.parametrize(
    ("kind", "value", "months"),
    [
        ("percent", "12.5", ["87.49", "87.49", "87.49", "99.99"]),
        ("amount", "10.005", ["89.98", "89.98", "89.98", "99.99"]),
        ("percent", "100", ["0.00", "0.00", "0.00", "99.99"]),
    ],
)
def test_a_coupon_of_several_periods_is_rounded_once_in_each(
    kind: Literal["percent", "amount"], value: str, months: list[str]
) -> None:
    """Off the line's sum, not off each machine; then the price is whole again."""
    life = discounted(kind, value, 3)
    life.live_until(utc(2027, 6, 2))
    assert nets(life) == months


@pytest.mark.rule("HPG-6")
def test_in_arrears_a_coupon_is_for_the_first_periods_as_well() -> None:
    """March and April at half, May whole."""
    life = discounted("percent", "50", 2, billing={"mode": "in_arrears"})
    life.live_until(utc(2027, 6, 2))
    assert nets(life) == ["49.99", "49.99", "99.99"]


def test_days_without_service_are_credited_at_the_price_with_the_coupon() -> None:
    """Ten of March's 31 days at half the price, and the period counts as one of the coupon's."""
    life = discounted("percent", "50", 1)
    life.give(Suspend(id="s", reason="pause"), utc(2027, 3, 10))
    life.give(Resume(id="r"), utc(2027, 3, 21))
    life.live_until(utc(2027, 4, 2))
    credited = [str(credit.net) for event in life.events if (credit := getattr(event, "credit", None))]
    assert (nets(life), credited) == (["49.99", "99.99"], ["16.13"])


def test_where_pauses_extend_a_coupon_is_for_the_longer_period() -> None:
    """Nothing is credited, and April is whole."""
    life = discounted("percent", "50", 1, suspension={"extend": True})
    life.give(Suspend(id="s", reason="pause"), utc(2027, 3, 10))
    life.give(Resume(id="r"), utc(2027, 3, 21))
    life.live_until(utc(2027, 4, 12))
    assert nets(life) == ["49.99", "99.99"]
