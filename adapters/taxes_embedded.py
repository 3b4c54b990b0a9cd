"""Tax rates from a file that the operator maintains."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from activities.errors import Unreachable
from domain.terms import Place, TaxRate

_RATES: TypeAdapter[tuple[TaxRate, ...]] = TypeAdapter(tuple[TaxRate, ...])


class FileTaxes:
    """Reads the file whenever it is asked, so that a rate that is added counts at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def rates(self, places: tuple[Place, ...], on: date) -> tuple[TaxRate, ...]:
        """The rates of the places. Raises Unreachable while the file cannot be read: it may be mended."""
        try:
            known = _RATES.validate_python(YAML(typ="safe").load(self._path))
        except (OSError, YAMLError, ValidationError) as error:
            raise Unreachable(f"the tax rates in {self._path.name} cannot be read: {error}") from error
        return fitting(known, places, on)


def fitting(known: tuple[TaxRate, ...], places: tuple[Place, ...], on: date) -> tuple[TaxRate, ...]:
    """Of all rates those of the places, without the ones that a later rate has replaced by that day."""
    found: list[TaxRate] = []
    for place in places:
        for region in {None, place.region}:
            own = sorted(
                (rate for rate in known if rate.country == place.country and rate.region == region),
                key=lambda rate: rate.since,
            )
            past = [rate for rate in own if rate.since <= on]
            found += past[-1:] + [rate for rate in own if rate.since > on]
    return tuple(dict.fromkeys(found))
