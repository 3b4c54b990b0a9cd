"""Tax by jurisdiction, day and kind of customer: a rate, the reverse charge, the seller's own, or none."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from domain.bill import Bill, Charge, bill
from domain.books import Account, invoiced
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


QUEBEC: dict[str, Any] = {
    "rates": [
        {"country": "CA", "since": "2008-01-01", "name": "TPS/GST", "percent": 5},
        {
            "country": "CA",
            "region": "QC",
            "since": "2013-01-01",
            "name": "TPS+TVQ",
            "percent": "14.975",
            "parts": [{"name": "TPS/GST", "percent": 5}, {"name": "TVQ/QST", "percent": "9.975"}],
        },
    ]
}


def billed(net: tuple[str, ...], tax: dict[str, Any], who: dict[str, Any], currency: str) -> Bill:
    """A bill over these charges, dated 2027-03-01."""
    under = terms(tax=tax, currency=currency, countries=[who["country"]], reenrolment=None)
    asked = quote(under=under).model_copy(update={"customer": CUSTOMER.model_copy(update=who)})
    contract = Life.begin(asked, utc(2027, 3, 1)).contract
    charges = [
        Charge(key=f"k/{position}", what="period", text="Care", rule="SMP-4", net=Decimal(amount))
        for position, amount in enumerate(net)
    ]
    return bill(contract, "k", date(2027, 3, 1), charges)


@pytest.mark.rule("COM-4")
def test_two_taxes_on_one_bill_are_rounded_and_booked_each_by_itself() -> None:
    """In Quebec 10.10 CAD bear 0.51 of GST and 1.01 of QST, a cent more than 14.975 percent of it."""
    found = billed(("10.10",), QUEBEC, {"country": "CA", "region": "QC"}, "CAD")
    assert [(part.name, str(part.amount)) for part in found.taxes] == [("TPS/GST", "0.51"), ("TVQ/QST", "1.01")]
    assert (str(found.tax), str(found.gross)) == ("1.52", "11.62")
    postings = [item for item in invoiced(found, "F1", "COM-4") if item.credit is Account.TAX]
    assert [(item.key, str(item.amount), item.text) for item in postings] == [
        ("k/tax/1", "0.51", "TPS/GST F1"),
        ("k/tax/2", "1.01", "TVQ/QST F1"),
    ]


@pytest.mark.rule("COM-4")
def test_a_province_without_a_rate_of_its_own_bears_the_federal_one_alone() -> None:
    """Alberta: GST, one tax as ever."""
    found = billed(("10.10",), QUEBEC, {"country": "CA", "region": "AB"}, "CAD")
    assert (found.tax_name, str(found.tax), found.taxes) == ("TPS/GST", "0.51", ())


@pytest.mark.rule("COM-4")
def test_in_japan_tax_is_rounded_once_for_a_bill_and_rate() -> None:
    """Three lines of 15 JPY bear 5 JPY (4.5 rounded up), not three times 2."""
    tax = {"rates": [{"country": "JP", "since": "2019-10-01", "name": "消費税", "percent": 10}]}
    found = billed(("15", "15", "15"), tax, {"country": "JP"}, "JPY")
    assert (found.net, found.tax, found.gross) == (Decimal(45), Decimal(5), Decimal(50))


@pytest.mark.rule("COM-4")
def test_a_rate_changes_on_its_day() -> None:
    """A bill of 31 March has the old rate, one of 1 April the new one."""
    tax = {
        "rates": [
            {"country": "FR", "since": "2014-01-01", "name": "TVA", "percent": 20},
            {"country": "FR", "since": "2027-04-01", "name": "TVA", "percent": 21},
        ]
    }
    days = (date(2027, 3, 31), date(2027, 4, 1))
    assert [rate.percent for day in days if (rate := levied(terms(tax=tax), CUSTOMER, day))] == [20, 21]


def test_the_parts_of_a_rate_add_up() -> None:
    """A slip of the pen is refused when the terms are read."""
    wrong = {"name": "TVQ/QST", "percent": "9.5"}
    rate = QUEBEC["rates"][1] | {"parts": [QUEBEC["rates"][1]["parts"][0], wrong]}
    with pytest.raises(ValidationError, match=r"must add up to its 14\.975 percent"):
        terms(tax={"rates": [rate]})
