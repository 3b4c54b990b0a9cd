"""Terms of warranty in plain sentences, each with its rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.warranty.reckoning import WORDS
from domain.warranty.terms import WarrantyTerm


def told(terms: Iterable[WarrantyTerm]) -> Iterator[tuple[str, str]]:
    """What each term means for a device: rule and sentence."""
    for term in terms:
        for text in _sentences(term):
            yield term.rule, text


def _sentences(term: WarrantyTerm) -> Iterator[str]:
    yield f"{_devices(term)}: a {_words(term.kind)} of {term.months} months from {_start(term)} ({term.id})."
    given = [name for name in ("parts", "labour") if getattr(term.gives, name)]
    response = f", within {term.gives.response_days} working days" if term.gives.response_days is not None else ""
    yield f"It gives {' and '.join(given) or 'advice only'}, {_words(term.gives.where)}{response}."
    if term.excludes:
        yield f"It leaves out: {'; '.join(text.get('en') or next(iter(text.values())) for text in term.excludes)}."
    if not term.transferable:
        yield "It does not go over to a new owner."
    if term.registration:
        otherwise = term.registration.otherwise_months
        without = f"without, it lasts {otherwise} months" if otherwise else "without, it ends with that day"
        yield f"The device is registered within {term.registration.within_days} days of its first one; {without}."
    if term.exchange.gives == "whole":
        yield "A device that takes another one's place has a whole warranty of its own."
    else:
        least = f", and {term.exchange.at_least_days} days at least" if term.exchange.at_least_days else ""
        yield f"A device that takes another one's place has what was left to that one{least}."


def _devices(term: WarrantyTerm) -> str:
    parts = [", ".join(term.models or tuple(map(_words, term.device_types))) or "Every device"]
    return " in ".join((*parts, ", ".join(term.countries))) if term.countries else parts[0]


def _start(term: WarrantyTerm) -> str:
    facts = [WORDS[item.fact] + (f" and {item.plus_days} days" if item.plus_days else "") for item in term.counted_from]
    if len(facts) == 1:
        return facts[0]
    return f"the earliest of {', '.join(facts)}" if term.choose == "earliest" else ", else from ".join(facts)


def _words(name: str) -> str:
    return name.replace("_", " ")
