"""The words of a file of contracts: which fields there are, and how a table says what is nested."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel

from api.line_files import Wrong
from domain.takeover.standing import Standing, StandingLine

LINE = "line."
"""What the columns of a contract's line begin with."""

OWN = ("number", "programme", "terms_version")
"""What a file says of a contract besides how it stands."""

_NEEDED = ("reference", "programme", "customer.id", "line.serial", "line.service")


def unknown_columns(names: list[str]) -> Iterator[Wrong]:
    """Columns that there are not, that come twice, or that are missing."""
    remedy = "write the columns as `docs/importing.md` lists them"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Wrong(name[:100], "the column comes twice", remedy)
    for name in _NEEDED:
        if name not in names:
            yield Wrong(name, "the column is missing", remedy)
    for name in names:
        place = name.removeprefix(LINE)
        data: Any = ""
        for part in reversed(place.split(".")):
            data = {part: data}
        yield from unknown(StandingLine if name.startswith(LINE) else Standing, data, (), whole=name)


def unknown(model: type[BaseModel], data: Any, place: tuple[str, ...], *, whole: str = "") -> Iterator[Wrong]:
    """Fields that a model does not have, each with the one that may be meant."""
    if not isinstance(data, dict):
        return
    fields = model.model_fields
    known = [*fields, *OWN] if model is Standing else list(fields)
    for name, value in data.items():
        if name not in known:
            close = get_close_matches(str(name), known, n=1) or [f"one of {', '.join(known)}"]
            where = whole or ".".join((*place, str(name)))
            yield Wrong(where[:100], "there is no such field", f"is it {close[0]}?")
        elif name in fields and (inner := _model(fields[name].annotation)):
            for index, item in enumerate(value, 1) if isinstance(value, list) else ((None, value),):
                step = (str(name),) if index is None else (str(name), str(index))
                yield from unknown(inner, item, (*place, *step), whole=whole)


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, one or many of it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model(part))), None)


def nested(cells: dict[str, str]) -> dict[str, Any]:
    """Columns like `customer.name` as nested words; a cell that begins like JSON is JSON. Raises Wrong."""
    data: dict[str, Any] = {}
    for name, cell in cells.items():
        inner, *rest = name.split(".")[::-1]
        place = data
        for part in reversed(rest):
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise Wrong(name, "a part of it is given in another column too", "say it in one of the two")
        place[inner] = _value(name, cell)
    return data


def _value(name: str, cell: str) -> Any:
    if cell[0] not in "[{":
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise Wrong(name, f"it is not JSON: {error}"[:300], "write JSON, or plain text") from error


def flat(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested words as columns and cells: the other way round."""
    for name, value in data.items():
        column = f"{prefix}{name}"
        if isinstance(value, dict) and value and all(str(key).isidentifier() or str(key).isdigit() for key in value):
            yield from flat(value, f"{column}.")
        elif isinstance(value, dict | list):
            if value:
                yield column, json.dumps(value, ensure_ascii=False)
        elif value is not None:
            yield column, "yes" if value is True else "no" if value is False else str(value)


def columns(rows: Iterable[dict[str, str]]) -> list[str]:
    """The columns that some rows need: the contract's before its lines', each kind in the order in which it comes."""
    found = dict.fromkeys(name for row in rows for name in row)
    return sorted(found, key=lambda name: name.startswith(LINE))
