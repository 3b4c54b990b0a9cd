"""Which tax a customer pays on a day: its own jurisdiction's, the seller's, or none because it owes it itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from stdnum.eu import vat

from domain.refusal import Refusal
from domain.terms import TaxPart, TaxRate
from domain.values import Carried

if TYPE_CHECKING:
    from domain.state import Customer
    from domain.terms import Terms

EU = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"}
    | {"IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"}
)

Category = Literal["S", "Z", "AE", "O"]
"""As EN 16931 has them: a rate, a rate of zero, reverse charge, outside the scope of the seller's tax."""


class Levied(Carried):
    """The tax on a bill: its name, its rate in percent, and its category."""

    name: str
    parts: tuple[TaxPart, ...] = ()
    percent: Decimal
    category: Category


def levied(terms: Terms, customer: Customer, on: date, known: tuple[TaxRate, ...] = ()) -> Levied | None:
    """The tax that a customer pays on a day; none where the terms hold none for it.

    Where the terms know the reverse charge, a business in another country of the EU, by its VAT number, owes the tax
    itself; somebody there without one pays the seller's own.
    """
    reverse, seller = terms.tax.reverse_charge, terms.issuer.country
    if reverse and seller and customer.country in EU and customer.country != seller:
        if customer.vat_number:
            return Levied(name=reverse.name, percent=Decimal(0), category="AE")
        return _rate(terms, seller, None, on, known)
    return _rate(terms, customer.country, customer.region, on, known)


def _rate(terms: Terms, country: str, region: str | None, on: date, known: tuple[TaxRate, ...]) -> Levied | None:
    rate = terms.rate(country, on, region, known)
    if rate is None:
        return None
    rates = known if terms.tax.source == "service" else terms.tax.rates
    listed = any(item.country == country for item in rates)
    category: Category = ("S" if rate.percent else "Z") if listed else "O"
    return Levied(name=rate.name, percent=rate.percent, category=category, parts=rate.parts)


class NoRateError(Refusal):
    """Nothing can be billed where no tax rate is known: it is never guessed."""


def no_rate(terms: Terms, customer: Customer, on: date) -> NoRateError:
    """That no rate is known for a customer on a day, and what to do about it."""
    where = customer.country + (f"-{customer.region}" if customer.region else "")
    if terms.tax.source == "service":
        reason, remedy = f"the tax service has said no tax rate for {where} on {on}", "it has answered"
    else:
        reason = f"there is no tax rate for {customer.country} on {on}; add one under `tax.rates` of the terms"
        remedy = None
    return NoRateError(terms.tax.rule, reason, allowed_when=remedy, field="customer.country")


def check_vat_number(customer: Customer, rule: str) -> None:
    """Refuse a VAT number that cannot be one of the customer's country; whether it is registered is not asked."""
    if customer.vat_number is None:
        return
    prefix = {"GR": "EL"}.get(customer.country, customer.country)
    number = customer.vat_number.replace(" ", "").upper()
    if customer.country not in EU:
        raise Refusal(rule, f"{customer.country} has no VAT numbers of the EU", field="customer.vat_number")
    if not number.startswith(prefix) or not vat.is_valid(number):
        raise Refusal(
            rule,
            f"{customer.vat_number} is no VAT number of {customer.country}",
            allowed_when=f"it begins with {prefix}, and its check digits are right",
            field="customer.vat_number",
        )
