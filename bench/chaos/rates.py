"""The tax rates of the file that the house's workers read."""

from __future__ import annotations

from pydantic import TypeAdapter
from ruamel.yaml import YAML

from domain.terms import TaxRate
from runtime.settings import CHECKOUT

_FILE = CHECKOUT / "programmes" / "common" / "tax_rates.yaml"
RATES = TypeAdapter(tuple[TaxRate, ...]).validate_python(YAML(typ="safe").load(_FILE))
