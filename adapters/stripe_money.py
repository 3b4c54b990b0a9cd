"""Amounts as Stripe counts them: whole minor units of their currency, exactly."""

from __future__ import annotations

from decimal import Decimal

from activities.errors import Refused
from domain.money import places

# Where Stripe counts otherwise than ISO 4217 does.
_PLACES = {"ISK": 2, "UGX": 2, "MGA": 0}


def minor(amount: Decimal, currency: str) -> int:
    """An amount in minor units: 49.90 EUR is 4990, 500 JPY is 500. Raises Refused for what it cannot count."""
    scaled = amount.scaleb(_places(currency))
    whole = int(scaled)
    if whole != scaled or (_places(currency) == 3 and whole % 10):
        raise Refused(f"Stripe cannot collect {amount} {currency}: it is no whole number of what it counts in")
    return whole


def major(units: int, currency: str) -> Decimal:
    """Minor units as an amount in the places that we write it with: 4990 EUR is 49.90."""
    return Decimal(units).scaleb(-_places(currency)).quantize(Decimal(1).scaleb(-max(2, places(currency))))


def _places(currency: str) -> int:
    return _PLACES.get(currency, places(currency))
