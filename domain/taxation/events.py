"""What has happened to a contract's tax rates."""

from __future__ import annotations

from typing import Literal

from domain.envelope import Event
from domain.terms import TaxRate


class RatesStale(Event):
    """The rates were asked for long ago: it is time to ask again."""

    kind: Literal["rates_stale"] = "rates_stale"


class RatesNoted(Event):
    """The tax service answered; these are the contract's rates from now on."""

    kind: Literal["rates_noted"] = "rates_noted"
    rates: tuple[TaxRate, ...]
