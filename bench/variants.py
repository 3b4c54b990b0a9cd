"""The programmes under other terms of money than they ship with, so that random lives reach every rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapters.programme_files import Programme
from domain.terms import Terms

_LEAST = {"amount": "5000", "text": {"en": "Minimum commitment"}}
VARIANTS: tuple[dict[str, Any], ...] = (
    {},
    {"billing": {"mode": "in_arrears"}, "suspension": {"credit": True}},
    {"suspension": {"extend": True}},
    {"billing": {"mode": "in_arrears"}, "suspension": {"extend": True}},
    {"minimum_commitment": _LEAST, "suspension": {"credit": True}},
    {"minimum_commitment": _LEAST | {"early_end": "prorated"}, "billing": {"mode": "in_arrears"}},
    {"billing": {"consolidated": {"rule": "COM-4", "day": 20}, "mailed": False}, "suspension": {"credit": True}},
    {"tax": {"source": "service", "rates": [], "elsewhere": None}},
)


def varied(programme: Programme, variant: int) -> Programme:
    """The programme under a variant of its terms, which has a version of its own; variant 0 is as it ships."""
    changes = VARIANTS[variant % len(VARIANTS)]
    if not changes:
        return programme
    values = programme.terms.model_dump(mode="json")
    values["version"] = values["version"] * 100 + variant
    for part, fields in changes.items():
        known = values[part]
        if known is None and part in {"billing", "minimum_commitment"} and not (values["billing"] and values["term"]):
            continue  # the service is free, or has no term
        if "consolidated" in fields and values["order"]["payment"] != "on_account":
            continue  # what is paid at once does not wait
        values[part] = {"rule": programme.terms.quote.rule} | (known or {}) | fields
    return replace(programme, terms=Terms.model_validate(values))


def variants(programme: Programme) -> list[Programme]:
    """The programme under every variant of its terms."""
    return [varied(programme, number) for number in range(len(VARIANTS))]
