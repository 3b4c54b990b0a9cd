"""What a contract keeps of its repairs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from domain.bill import Charge
from domain.values import Amount, Carried, Text

KEPT_REPAIRS = 20
"""Billed repairs that are kept so that they can be disputed; the oldest leave."""


class Part(Carried):
    """A part that was used: its price is net, in the contract's currency."""

    text: Text
    price: Amount


class RepairQuote(Carried):
    """What a repair would cost, net and with tax, until when the customer answers, and what they said."""

    case: str
    serial: str
    number: int
    net: Decimal
    gross: Decimal
    answer_by: date
    accepted: bool | None = None


class Repair(Carried):
    """A repair that was billed, and what was said against the charge."""

    case: str
    serial: str
    charges: tuple[Charge, ...]
    dispute: Literal["none", "open", "upheld", "refused"] = "none"
