"""Every parameter of every programme matters: change it, and a test of ours goes red."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.programme_files import Programme
from cli.simulate import simulated
from domain.refusal import Refusal
from domain.terms import Terms
from tests.programmes.facts import FACTS, LANGUAGES, SPOKEN, TAXES, at, plain
from tests.programmes.test_programmes import PROGRAMMES

COUNTRIES = 83
TOLD = {"rules", "title", "issuer", "text", "name", "sample"}
"""What is only told: sentences and names, and the marks of example amounts (test_sample_amounts_are_marked)."""
IDENTITY = {"code", "version"}


@pytest.mark.parametrize("rule", [pytest.param(rule, marks=pytest.mark.rule(rule)) for rule in FACTS])
def test_the_terms_say_what_the_rule_says(rule: str) -> None:
    """In numbers and names, where no example life depends on them."""
    terms = plain(PROGRAMMES[rule.partition("-")[0]].terms)
    assert {place: at(terms, place) for place in FACTS[rule]} == FACTS[rule]


@pytest.mark.rule("HPP-7")
def test_the_fleet_programme_is_offered_in_its_countries() -> None:
    """As many as the source lists, territories apart."""
    assert len(PROGRAMMES["HPP"].terms.countries) == COUNTRIES


@pytest.mark.rule("HPP-7")
def test_help_is_given_in_23_languages() -> None:
    """Bahasa and both kinds of Chinese among them."""
    assert spoken(PROGRAMMES["HPP"].terms) == LANGUAGES
    assert len(LANGUAGES) == 23


def spoken(terms: Terms) -> list[str]:
    """The languages of help, in order; none where the terms list none."""
    return sorted(terms.support.spoken.languages) if terms.support and terms.support.spoken else []


@pytest.mark.rule("COM-4")
@pytest.mark.parametrize("code", TAXES)
def test_the_tax_of_a_place_and_day(code: str) -> None:
    """The province's rate on the day."""
    assert taxes(PROGRAMMES[code].terms) == TAXES[code]


def taxes(terms: Terms) -> dict[tuple[str, str | None, str], str]:
    """The rates that are asked for, as the terms have them."""
    found = {}
    for country, region, day in TAXES.get(terms.code, {}):
        rate = terms.rate(country, date.fromisoformat(day), region)
        found[country, region, day] = str(rate.percent) if rate else "none"
    return found


@pytest.mark.rule("COM-5")
@pytest.mark.parametrize("code", SPOKEN)
def test_the_languages_of_a_programme(code: str) -> None:
    """Its customers' and English."""
    assert list(PROGRAMMES[code].terms.languages) == SPOKEN[code]


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in the terms that has a number, a name or a list."""
    if place and (place[-1] in TOLD | IDENTITY or str(place[-1]).endswith("rule")):
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*place, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*place, index))
        yield place
    elif value is not None:
        yield place


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case list():
            return value[:-1]
    try:
        return str(Decimal(value) + 1)
    except InvalidOperation:
        return f"{value}x"


def mutants(terms: Terms) -> Iterator[tuple[str, Terms]]:
    """The terms, each time with one parameter changed; what is no longer valid is caught by the loader already."""
    values = plain(terms)
    for place in places(values):
        copy = json.loads(json.dumps(values))
        inner = copy
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = changed(inner[place[-1]])
        try:
            yield ".".join(map(str, place)), Terms.model_validate(copy)
        except ValidationError:
            continue


def stands(programme: Programme, terms: Terms) -> bool:
    """Whether every life and every fact of a programme is as it was, under changed terms."""
    code = terms.code
    values = plain(terms)
    facts = all(
        at(values, place) == value
        for rule, said in FACTS.items()
        if rule.startswith(f"{code}-")
        for place, value in said.items()
    )
    said = facts and taxes(terms) == TAXES.get(code, {}) and list(terms.languages) == SPOKEN[code]
    if not said or (code == "HPP" and (len(terms.countries) != COUNTRIES or spoken(terms) != LANGUAGES)):
        return False
    try:
        return not any(
            simulated(replace(programme, terms=terms), story, f"{code}-2027-000001")[1]
            for story in programme.lives().values()
        )
    except (Refusal, ValueError, KeyError):
        return False


@pytest.mark.parametrize("code", PROGRAMMES)
def test_every_parameter_matters(code: str) -> None:
    """One changed parameter at a time: the file is refused, a life goes otherwise, or a fact no longer stands."""
    programme = PROGRAMMES[code]
    assert stands(programme, programme.terms)
    tried = list(mutants(programme.terms))
    assert len(tried) >= 15
    assert [place for place, terms in tried if stands(programme, terms)] == []
