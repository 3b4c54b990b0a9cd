"""From what a file says of a contract to the command that takes it over: the catalogue knows what need not be said."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from api.bringing.records import Entry
from api.bringing.words import unknown
from api.line_files import Wrong
from domain.calendar import local_date
from domain.catalogue import Catalogue
from domain.takeover.commands import TakeOver
from domain.takeover.standing import Standing
from domain.terms import Terms

NUMBER = re.compile(r"[A-Z][A-Z0-9]{1,9}-\d{4}-\d{6}")
"""The form of our own contract numbers: one that has it is kept."""

_REMEDIES = {
    "missing": "give it",
    "date_from_datetime_parsing": "write year, month and day, such as `2028-05-17`",
    "date_parsing": "write year, month and day, such as `2028-05-17`",
    "decimal_parsing": "write an amount such as `49.00`",
    "int_parsing": "write a whole number",
    "bool_parsing": "write `yes` or `no`",
}
_OF_DEVICE = ("cover", "facts", "in_use_since", "support_ends")


@dataclass(frozen=True, slots=True)
class Sold:
    """A programme: every version of its terms, and what it sells today."""

    versions: Mapping[int, Terms]
    catalogue: Catalogue

    @property
    def newest(self) -> Terms:
        """The terms that are offered today."""
        return self.versions[max(self.versions)]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a file does not say it: the day as of which, and the system that the contracts come from."""

    now: datetime
    as_of: date | None = None
    source: str = "elsewhere"
    by: str = "import"


@dataclass(frozen=True, slots=True)
class Found:
    """A contract that may be taken over: the command, still without a number, and the file's words as one number."""

    entry: Entry
    command: TakeOver
    wanted: str | None
    device_types: tuple[str, ...]
    sha256: str

    @property
    def key(self) -> str:
        """What makes it the same contract when it comes again."""
        return brought_key(self.command.standing)


def brought_key(standing: Standing) -> str:
    """The key under which a contract is brought in once: its name in the system that it comes from."""
    return f"{standing.source}/{standing.reference}"


def fill(
    entry: Entry, programmes: Mapping[str, Sold], devices: Mapping[str, Mapping[str, Any]], defaults: Defaults
) -> Found:
    """The command for a contract of a file. Raises Wrong, with field and remedy."""
    for wrong in unknown(Standing, entry.data, ()):
        raise wrong
    data = dict(entry.data)
    code = str(data.pop("programme", ""))
    sold = programmes.get(code)
    if sold is None:
        said = f"there is no programme {code[:20]}" if code else "it is empty"
        raise Wrong("programme", said, f"it is one of {', '.join(programmes)}")
    terms = _version(sold, data.pop("terms_version", None), "terms_version")
    wanted = data.pop("number", None) or data.get("reference")
    data.setdefault("source", defaults.source)
    data.setdefault("as_of", (defaults.as_of or local_date(defaults.now, terms.time_zone)).isoformat())
    data["lines"] = _lines(sold, terms, data, devices)
    standing = _standing(data)
    named = standing.renewal.terms_version
    offered = None if named in {None, terms.version} else _version(sold, named, "renewal.terms_version")
    command = TakeOver(
        id=f"import:{standing.reference}",
        by=defaults.by,
        number=f"{terms.code}-0000-000000",
        terms=terms,
        standing=standing,
        offered=offered,
    )
    kept = str(wanted) if wanted and NUMBER.fullmatch(str(wanted)) else None
    types = tuple(_device_type(sold, line.service) for line in standing.lines)
    return Found(entry, command, kept, types, _fingerprint(entry.data))


def _device_type(sold: Sold, service: str) -> str:
    known = sold.catalogue.service(service)
    return known.device_type if known else "device"


def _version(sold: Sold, version: Any, field: str) -> Terms:
    if version is None:
        return sold.newest
    terms = sold.versions.get(int(version)) if str(version).isdigit() else None
    if terms is None:
        known = ", ".join(map(str, sold.versions))
        raise Wrong(field, f"there is no version {version} of the terms", f"it is one of {known}")
    return terms


def _lines(sold: Sold, terms: Terms, data: dict[str, Any], devices: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    lines = data.get("lines")
    if not isinstance(lines, list) or not all(isinstance(item, dict) for item in lines):
        raise Wrong("lines", "a contract has at least one line", "give a list of lines, each for a service on a device")
    customer = data.get("customer")
    language = str(customer.get("language", "")) if isinstance(customer, dict) else ""
    return [
        _line(sold, terms, dict(item) | {"id": str(item.get("id", index))}, language, devices)
        for index, item in enumerate(lines, 1)
    ]


def _line(
    sold: Sold, terms: Terms, line: dict[str, Any], language: str, devices: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """A line with what the catalogue and the device say of it; one that has a text of its own is taken as it is."""
    if line.get("text"):
        return _covered(line)
    service = sold.catalogue.service(str(line.get("service")))
    if service is None:
        known = ", ".join(item.id for item in sold.catalogue.services[:20])
        raise Wrong(
            f"lines.{line['id']}.service",
            f"there is no service `{str(line.get('service', ''))[:40]}` in the catalogue",
            f"it is one of {known}; or give its text, model and prices",
        )
    device = devices.get(str(line.get("serial")), {})
    from_catalogue = {
        "text": terms.text(service.name, language),
        "model": device.get("model") or service.models[0],
        "level": service.level,
        "device_class": service.device_class,
        "sold_as": service.sold_as,
        "prices": {str(months): str(price) for months, price in service.prices.items()},
    }
    known_of_device = {name: device[name] for name in _OF_DEVICE if device.get(name)}
    return _covered(from_catalogue | known_of_device | line)


def _covered(line: dict[str, Any]) -> dict[str, Any]:
    """Cover as a table says it, a last day by kind, as a list."""
    cover = line.get("cover")
    if isinstance(cover, dict):
        line["cover"] = [{"kind": kind, "last_day": day} for kind, day in cover.items()]
    return line


def _standing(data: dict[str, Any]) -> Standing:
    try:
        return Standing.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = _place(data, first["loc"])
        remedy = _REMEDIES.get(first["type"], "write it as `docs/importing.md` says")
        raise Wrong(place, first["msg"], remedy) from error


def _place(data: dict[str, Any], location: tuple[int | str, ...]) -> str:
    """A field's name, in which a line goes by its id."""
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] == "lines" and isinstance(location[1], int):
        parts[1] = str(data["lines"][location[1]]["id"])
    return ".".join(parts)


def _fingerprint(data: dict[str, Any]) -> str:
    return sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()
