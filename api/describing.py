"""A device as its row has it, with the terms of warranty that it comes under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.catalogue import Device


def described(row: Mapping[str, Any]) -> Device:
    """The device of a row."""
    return Device.model_validate({name: row[name] for name in Device.model_fields})
