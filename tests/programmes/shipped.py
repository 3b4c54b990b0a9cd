"""The terms that ship, by their code."""

from __future__ import annotations

from functools import cache

from adapters.programme_files import load
from domain.terms import Terms
from runtime.settings import CHECKOUT


@cache
def shipped(code: str) -> Terms:
    """The terms of a programme that ships."""
    return load(CHECKOUT / "programmes" / code.lower() / "terms.yaml").terms
