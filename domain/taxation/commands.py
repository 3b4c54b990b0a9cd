"""What a contract hears of tax rates."""

from __future__ import annotations

from typing import Literal

from domain.envelope import Command
from domain.terms import TaxRate


class ReportRates(Command):
    """The tax service's answer: every rate that it knows of the places that were asked for, each from its day on."""

    kind: Literal["report_rates"] = "report_rates"
    rates: tuple[TaxRate, ...] = ()
