"""Papers: the same bytes each time, readable in three languages, and in the EU valid by EN 16931."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import facturx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.papers import Paper, PaperLine, Sheet, SheetLine
from adapters.einvoice import xml
from adapters.papers import Papers
from domain.terms import Terms
from runtime.settings import CHECKOUT
from tests.adapters.papers import FR, KINDS, amounts, faults, paper
from tests.adapters.reading import text
from tests.programmes.shipped import shipped

PAPERS = Papers(CHECKOUT / "programmes")
JP = {"name": "株式会社サンプル商事", "email": "a@b.example", "country": "JP", "language": "ja"}
YEN = {
    "language": "ja",
    "customer": JP,
    "address": None,
    "currency": "JPY",
    "tax_name": "消費税",
    "tax_percent": Decimal(10),
    "lines": (PaperLine(text="ファウンデーションケア", rule="HPJ-8", net=Decimal(150000)),),
    "net": Decimal(150000),
    "tax": Decimal(15000),
    "gross": Decimal(165000),
}


def made(asked: Paper, terms: Terms) -> bytes:
    """An invoice or credit note as it is sent."""
    return PAPERS.printed(PAPERS.invoice(asked, terms))


@pytest.mark.rule("COM-5")
@pytest.mark.parametrize(
    ("language", "says"),
    [
        (
            "fr",
            ["Facture", "Atelier Brun", "1 juin 2027", "1 juillet 2027", "49,00 €", "105,60 €", "75011 Paris", "HPG-4"],
        ),
        ("en", ["Invoice", "Atelier Brun", "June 1, 2027", "€49.00", "€105.60", "Rule HPG-4", "Page 1 of 1"]),
    ],
)
def test_an_invoice_reads_as_one(language: str, says: list[str]) -> None:
    """Who, whom, when, what for which device, by which rule, how much, and where to pay."""
    read = text(made(paper(language=language), shipped("HPG")))
    assert [word for word in (*says, "SN-WARRANTY", "HPG-F2027-000042", "FR76 3000") if word not in read] == []


@pytest.mark.rule("COM-5")
def test_an_invoice_in_japanese() -> None:
    """Yen without decimals, the registration number, the tax of ten percent; outside the EU no Factur-X."""
    pdf = made(paper(**YEN), shipped("HPJ"))
    read = text(pdf)
    assert [
        word for word in ("請求書", "株式会社サンプル商事", "御中", "165,000", "登録番号", "10") if word not in read
    ] == []
    assert facturx.get_xml_from_pdf(io.BytesIO(pdf), check_xsd=False)[1] in {None, b"", False}


@pytest.mark.rule("COM-4")
def test_two_taxes_are_named_each_with_its_amount() -> None:
    """GST and QST in Quebec, as a Canadian writes them."""
    taxes = (("TPS/GST", Decimal(5), Decimal("4.40")), ("TVQ/QST", Decimal("9.975"), Decimal("8.78")))
    sums = {"tax": Decimal("13.18"), "gross": Decimal("101.18"), "currency": "CAD"}
    asked = paper(language="en", customer=FR | {"country": "CA"}, taxes=taxes, **sums)
    read = text(made(asked, shipped("ICM")))
    assert [word for word in ("TPS/GST 5%", "$4.40", "TVQ/QST 9.975%", "$8.78", "Canada") if word not in read] == []


@pytest.mark.rule("ICM-11", "COM-5")
@pytest.mark.parametrize(("language", "says"), [("fr", "Solde dû"), ("en", "You owe"), ("ja", "ご請求残高")])
def test_a_statement_of_account(language: str, says: str) -> None:
    """Every move with its number, and what is owed at its end; each kind of move has its word."""
    kinds = ("invoice", "credit", "payment", "refund", "written_off")
    moves = [
        SheetLine(on=date(2027, 6, day), what=what, number=f"N-{day}", amount=Decimal(day), balance=Decimal(day))
        for day, what in enumerate(kinds, start=1)
    ]
    sheet = Sheet(
        contract="HPG-2027-000001",
        on=date(2027, 6, 30),
        currency="EUR",
        language=language,
        customer=FR,
        address=None,
        opening=Decimal(0),
        lines=tuple(moves),
        closing=Decimal("46.80"),
    )
    pdf = PAPERS.printed(PAPERS.statement(sheet, shipped("HPG")))
    read = text(pdf)
    assert [word for word in (says, "N-1", "N-5", "46", "HPG-2027-000001") if word not in read] == []
    assert pdf == PAPERS.printed(PAPERS.statement(sheet, shipped("HPG")))


def test_the_same_paper_is_the_same_bytes() -> None:
    """On any day, and with the data inside."""
    first, second = (made(paper(), shipped("HPG")) for _ in range(2))
    assert first == second
    assert made(paper(number="HPG-F2027-000043"), shipped("HPG")) != first


def test_what_customers_are_called_is_never_markup() -> None:
    """Whatever a name contains, it is printed as it is."""
    name = 'Brun #sym.euro $x$ *b* `c` "d" \\ // <e>'
    read = text(made(paper(customer=FR | {"name": name}), shipped("HPG")))
    assert name in " ".join(read.split())


@pytest.mark.parametrize("kind", KINDS)
def test_the_data_inside_is_valid(kind: str) -> None:
    """By the schema and by the schematron of EN 16931; what is in the PDF is what was judged."""
    terms = shipped("HPP")
    pdf = made(paper(**KINDS[kind]), terms)
    name, inside = facturx.get_xml_from_pdf(io.BytesIO(pdf), check_xsd=True)
    assert name == "factur-x.xml"
    assert faults(inside) == []


def test_the_judge_finds_a_wrong_total() -> None:
    """It is not content with anything: a total that does not add up is named by its rule."""
    assert any("BR-CO-15" in fault for fault in faults(xml(paper(gross=Decimal("106.60")), shipped("HPG"))))


AMOUNTS = st.decimals("-5000", "50000", places=2).filter(lambda net: net != 0)
WORDS = st.text(min_size=1, max_size=60).filter(str.strip)
TAXED = {"S": Decimal(20), "AE": Decimal(0), "Z": Decimal(0), "O": Decimal(0)}


@settings(max_examples=60, deadline=None)
@given(
    nets=st.lists(AMOUNTS, min_size=1, max_size=12),
    dated=st.booleans(),
    kind=st.sampled_from(["invoice", "credit"]),
    category=st.sampled_from(sorted(TAXED)),
    words=WORDS,
    name=WORDS,
)
def test_any_invoice_is_valid(
    *, nets: list[Decimal], dated: bool, kind: Any, category: str, words: str, name: str
) -> None:
    """Whatever its lines, its tax and its letters are."""
    first, last = (date(2027, 1, 31), date(2027, 2, 27)) if dated else (None, None)
    lines = tuple(PaperLine(text=f"S {words}", rule="HPG-4", net=net, first=first, last=last) for net in nets)
    customer = FR | {"name": f"N {name}", "vat_number": "FR40303265045"}
    asked = paper(kind=kind, lines=lines, customer=customer, tax_category=category, **amounts(nets, TAXED[category]))
    inside = PAPERS.invoice(asked, shipped("HPG")).inside
    assert inside is not None
    assert faults(inside.encode()) == []


@pytest.mark.parametrize("letters", ["😀 ไทย ﷺ", "\x00\x07\ufffe", "a\tb", "محل שלום हिन्दी", "한국 Ελλάς Привет"])
def test_any_letters_can_be_printed(letters: str) -> None:
    """What no font of ours has becomes a square, and what is no letter is left out; the paper is made."""
    pdf = made(paper(customer=FR | {"name": f"Brun {letters} Fils"}), shipped("HPG"))
    assert "Brun" in text(pdf)
    assert pdf == made(paper(customer=FR | {"name": f"Brun {letters} Fils"}), shipped("HPG"))
