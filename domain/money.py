"""Exact money: decimal, in the currency's own minor unit, rounded half-up once per line."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import cache

# ISO 4217: the currencies whose minor unit is not a hundredth.
_PLACES = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


def places(currency: str) -> int:
    """How many decimal places the currency's minor unit has: 2 for EUR, 0 for JPY."""
    return _PLACES.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole minor units of its currency, half a unit rounded away from zero."""
    return amount.quantize(_unit(currency), rounding=ROUND_HALF_UP)


@cache
def _unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-places(currency))


def repriced(price: Decimal, exact: Decimal, currency: str) -> Decimal:
    """A new unit price, rounded once: in the currency's minor unit, or as fine as the old one is (to four places)."""
    written = price.normalize().as_tuple().exponent
    finest = max(places(currency), -written if isinstance(written, int) else 0)
    return exact.quantize(Decimal(1).scaleb(-min(finest, 4)), rounding=ROUND_HALF_UP)


def prorated(price: Decimal, *, days: int, of_days: int, currency: str) -> Decimal:
    """The part of a period's price that ``days`` of its ``of_days`` cost, rounded once."""
    return rounded(price * days / of_days, currency)


def percent_of(amount: Decimal, percent: Decimal, currency: str) -> Decimal:
    """So many percent of an amount, rounded once."""
    return rounded(amount * percent / 100, currency)
