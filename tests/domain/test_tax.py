"""Tax by jurisdiction, day and kind of customer: a rate, the reverse charge, the seller's own, or none."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import Customer
from domain.tax import levied
from tests.domain.samples import CUSTOMER, TERMS, quote, terms, utc

SPAIN: dict[str, Any] = {
    "reverse_charge": {"rule": "COM-4", "name": "Reverse charge"},
    "rates": [{"country": "ES", "since": "2012-09-01", "name": "IVA", "percent": 21}],
    "elsewhere": {"name": "Outside the scope", "percent": 0},
}
ISSUER = {"country": "ES"}


def customer(country: str, vat_number: str | None = None) -> Customer:
    """Somebody there."""
    return CUSTOMER.model_copy(update={"country": country, "vat_number": vat_number})


@pytest.mark.rule("COM-4")
@pytest.mark.parametrize(
    ("who", "tax"),
    [
        (customer("ES"), ("IVA", 21, "S")),
        (customer("ES", "ESB58378431"), ("IVA", 21, "S")),
        (customer("FR", "FR40303265045"), ("Reverse charge", 0, "AE")),
        (customer("FR"), ("IVA", 21, "S")),
        (customer("GR", "EL094259216"), ("Reverse charge", 0, "AE")),
        (customer("CL"), ("Outside the scope", 0, "O")),
    ],
)
def test_a_seller_in_spain(who: Customer, tax: tuple[str, int, str]) -> None:
    """At home its own rate; a business elsewhere in the EU owes it itself, anybody else there pays Spain's."""
    found = levied(terms(tax=SPAIN, issuer=ISSUER), who, date(2027, 1, 1))
    assert found is not None
    assert (found.name, int(found.percent), str(found.category)) == tax


@pytest.mark.rule("COM-4")
def test_a_rate_of_zero_is_a_rate() -> None:
    """Listed at nought is something else than not listed."""
    zero = {"rates": [{"country": "FR", "since": "2014-01-01", "name": "TVA", "percent": 0}]}
    found = levied(terms(tax=zero), CUSTOMER, date(2027, 1, 1))
    assert found is not None
    assert found.category == "Z"
    assert levied(terms(), customer("DE"), date(2027, 1, 1)) is None


@pytest.mark.rule("COM-4")
@pytest.mark.parametrize(
    ("country", "number", "says"),
    [
        ("FR", "FR40303265046", "no VAT number of FR"),
        ("FR", "ESB58378431", "no VAT number of FR"),
        ("CL", "CL123456789", "has no VAT numbers of the EU"),
    ],
)
def test_a_vat_number_is_checked(country: str, number: str, says: str) -> None:
    """By its check digits and its country, before anything is quoted."""
    under = terms(tax=SPAIN, issuer=ISSUER, countries=["FR", "CL", "ES"])
    asked = quote(under=under).model_copy(update={"customer": customer(country, number)})
    with pytest.raises(Refusal, match=says) as caught:
        Life.begin(asked, utc(2027, 1, 1))
    assert caught.value.field == "customer.vat_number"


def test_the_reverse_charge_needs_to_know_where_the_seller_is() -> None:
    """Else nobody could say who is elsewhere."""
    with pytest.raises(ValidationError, match=r"needs `issuer\.country`"):
        terms(tax=SPAIN, issuer=TERMS["issuer"])
