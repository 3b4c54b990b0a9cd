"""`./tenure reference`: the terms language, every field of it, written from the model itself."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from domain.catalogue import Catalogue
from domain.terms import Terms

HEAD = """\
# Terms reference

A programme is a folder under `programmes/` with `terms.yaml`, `catalogue.yaml` and, where there are any,
`coupons.yaml` and `devices.yaml`; `texts/LANGUAGE/` and `papers/` hold what its customers read, `lives/`
its example lives.

This page is written from the model (`make docs`). Every `rule` is the number of a sentence under `rules`; it is what
refusals and the audit trail cite. Months after a day clip to the month's last day and are counted from that day, never
from a result. Amounts are net, in the programme's currency, written in quotes so that they stay exact.
"""


def reference() -> None:
    """Print the terms reference."""
    print(terms_reference(), end="")


def terms_reference() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for model in _models(Catalogue, _models(Terms, [])) for line in _section(model))])


def _models(model: type[BaseModel], seen: list[type[BaseModel]]) -> list[type[BaseModel]]:
    """The model and every model that its fields are made of, each once, in reading order."""
    if model in seen:
        return seen
    seen.append(model)
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            _models(part, seen)
    return seen


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _parts(argument)


def _section(model: type[BaseModel]) -> Iterator[str]:
    title = {Terms: "`terms.yaml`", Catalogue: "`catalogue.yaml`"}.get(model, model.__name__)
    yield f"## {title}\n"
    yield f"{(model.__doc__ or '').strip().splitlines()[0]}\n"
    yield "| field | value | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        yield f"| `{name}` | {_type(field.annotation)} | {_default(field)} | {_meaning(name, field)} |"
    yield ""


def _type(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(_type(part) for part in arguments if part is not type(None))
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"{_type(arguments[0])} to {_type(arguments[1])}"
    names = {"str": "text", "int": "number", "bool": "yes or no", "Decimal": "amount", "date": "date", "time": "time"}
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, f"[{name}](#{name.lower()})")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    if field.default_factory is not None or field.default is PydanticUndefined:
        return "empty"
    value = field.default
    if isinstance(value, BaseModel):
        return "as below"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"`{value}`"


_PLAIN = {
    "rule": "The number of the rule that this part comes from.",
    "code": "The programme's short name; contract numbers begin with it.",
    "version": "Raised with every change; contracts keep the version that they were agreed on.",
    "title": "The programme's name, by language.",
    "currency": "ISO 4217.",
    "languages": "",
    "countries": "Where it is offered (ISO 3166).",
    "fees": "One-time fees, by name.",
    "text": "What the line on the invoice says, by language.",
    "amount": "Net, in the programme's currency.",
}


def _meaning(name: str, field: FieldInfo) -> str:
    if field.description:
        return field.description.replace("|", "\\|")
    if _PLAIN.get(name):
        return _PLAIN[name]
    models = list(_parts(field.annotation))
    return (models[0].__doc__ or "").strip().splitlines()[0] if models else ""
