"""What paper and XML can carry: everything but letters that are none."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

Told = TypeVar("Told")

_NONE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Controls, halves of letters, and codes that no letter has: XML refuses a file that holds one."""


def legible(told: Told) -> Told:
    """The same without what cannot be written, however deep it stands."""
    return cast("Told", _legible(told))


def _legible(told: object) -> object:
    if isinstance(told, str):
        return _NONE.sub("", told)
    if isinstance(told, dict):
        return {name: _legible(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return type(told)(_legible(value) for value in told)
    if is_dataclass(told) and not isinstance(told, type):
        return replace(told, **{field.name: _legible(getattr(told, field.name)) for field in fields(told)})
    return told
