"""What is charged, and why: charges with their rule, period and device, summed and taxed into a bill."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.money import percent_of
from domain.tax import Category, levied, no_rate
from domain.values import Carried

if TYPE_CHECKING:
    from domain.state import Contract


class Charge(Carried):
    """One line of an invoice or credit note: net, in the contract's currency, rounded once.

    ``key`` is its domain key; a credit names in ``credits`` the key of the charge that it gives back.
    """

    key: str
    what: str
    text: str
    rule: str
    net: Decimal
    line: str | None = None
    serial: str | None = None
    first: date | None = None
    last: date | None = None
    days: int | None = None
    of_days: int | None = None
    credits: str | None = None


class Tax(Carried):
    """One of several taxes on a bill: its rate in percent of the net sum, and its amount, rounded once."""

    name: str
    percent: Decimal
    amount: Decimal


class Bill(Carried):
    """What an invoice or credit note says, before it has a number: charges, and the tax on their sum.

    Where there are several taxes, ``taxes`` names each, and ``tax`` is their sum.
    """

    key: str
    on: date
    currency: str
    charges: tuple[Charge, ...]
    net: Decimal
    tax_name: str
    tax_percent: Decimal
    tax_category: Category = "S"
    tax: Decimal
    taxes: tuple[Tax, ...] = ()
    gross: Decimal


def bill(contract: Contract, key: str, on: date, charges: Iterable[Charge]) -> Bill:
    """The charges as a bill, taxed by the customer's jurisdiction on that day.

    Raises a Refusal where the terms hold no tax rate for it.
    """
    lines = tuple(charges)
    terms, customer = contract.terms, contract.customer
    rate = levied(terms, customer, on, contract.rates)
    if rate is None:
        raise no_rate(terms, customer, on)
    net = sum((line.net for line in lines), Decimal(0))
    taxes = tuple(
        Tax(name=part.name, percent=part.percent, amount=percent_of(net, part.percent, terms.currency))
        for part in rate.parts
    )
    whole = percent_of(net, rate.percent, terms.currency)
    tax = sum((part.amount for part in taxes), Decimal(0)) if taxes else whole
    return Bill(
        key=key,
        on=on,
        currency=terms.currency,
        charges=lines,
        net=net,
        tax_name=rate.name,
        tax_percent=rate.percent,
        tax_category=rate.category,
        tax=tax,
        taxes=taxes,
        gross=net + tax,
    )


def nothing(contract: Contract, key: str, on: date) -> Bill:
    """A bill over nothing, which bears no tax: for what was billed elsewhere."""
    zero = Decimal(0)
    return Bill(
        key=key,
        on=on,
        currency=contract.terms.currency,
        charges=(),
        net=zero,
        tax_name="",
        tax_percent=zero,
        tax_category="O",
        tax=zero,
        gross=zero,
    )
