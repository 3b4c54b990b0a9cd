"""Terms of warranty: how long a device is covered, by which fact; and what nobody knows is not guessed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.catalogue import Catalogue, Device, offer_of
from domain.coverage import coverage
from domain.refusal import Refusal
from domain.state import Cover
from domain.warranty.plain import told
from domain.warranty.reckoning import Warranty, warranties, whole_cover
from domain.warranty.terms import WarrantyTerm
from tests.domain.samples import ordered, terms, utc

TERM: dict[str, Any] = {
    "id": "limited",
    "rule": "SMP-2",
    "name": {"en": "Limited warranty"},
    "models": ["M1"],
    "device_types": ["printer"],
    "countries": ["FR"],
    "months": 24,
    "counted_from": [{"fact": "installed_on"}, {"fact": "shipped_on", "plus_days": 30}],
    "gives": {"labour": False, "where": "on_site", "response_days": 2},
    "excludes": [{"en": "supplies"}],
    "transferable": False,
    "registration": {"within_days": 60, "otherwise_months": 12},
    "exchange": {"at_least_days": 90},
}
REGISTERED = {"installed_on": date(2027, 1, 31), "registered_on": date(2027, 2, 10)}


def term(**changes: Any) -> WarrantyTerm:
    """The sample term of warranty, with some parts replaced."""
    return WarrantyTerm.model_validate(TERM | changes)


def device(dates: dict[str, date] | None = None, **changes: Any) -> Device:
    """A printer of the model that the term is for."""
    plain = {"serial": "SN1", "model": "M1", "device_type": "printer", "country": "FR", "dates": dates or {}}
    return Device.model_validate(plain | changes)


def found(dates: dict[str, date] | None = None, **changes: Any) -> Warranty:
    """The warranty of a device with these dates, under the term with some parts replaced."""
    (only,) = warranties((term(**changes),), device(dates))
    return only


@pytest.mark.rule("HPG-2")
def test_it_counts_from_a_fact_and_says_which() -> None:
    """24 months from the installation, the last day included; the answer names term, fact and what it gives."""
    warranty = found(REGISTERED)
    assert (warranty.first, warranty.last_day) == (date(2027, 1, 31), date(2029, 1, 30))
    assert (warranty.term, warranty.rule, warranty.fact, warranty.fact_on) == (
        "limited",
        "SMP-2",
        "installed_on",
        date(2027, 1, 31),
    )
    assert warranty.says == "24 months from installation on 2027-01-31: until 2029-01-30"
    assert (warranty.parts, warranty.labour, warranty.where, warranty.response_days) == (True, False, "on_site", 2)
    assert (warranty.excludes, warranty.transferable, warranty.missing) == (({"en": "supplies"},), False, ())
    assert warranty.cover is not None
    assert warranty.cover.basis is not None
    assert warranty.cover.basis.term == "limited"


@pytest.mark.parametrize(
    ("changes", "dates", "last_day"),
    [
        ({"months": 12}, {}, date(2028, 1, 30)),
        ({"counted_from": [{"fact": "registered_on"}]}, {}, date(2029, 2, 9)),
        ({"counted_from": [{"fact": "installed_on", "plus_days": 1}]}, {}, date(2029, 1, 31)),
        ({}, {"shipped_on": date(2026, 12, 1)}, date(2029, 1, 30)),
        ({"choose": "earliest"}, {"shipped_on": date(2026, 12, 1)}, date(2028, 12, 30)),
        ({}, {"registered_on": date(2027, 4, 2)}, date(2028, 1, 30)),
        ({"registration": {"within_days": 61}}, {"registered_on": date(2027, 4, 2)}, date(2029, 1, 30)),
        ({"registration": {"within_days": 60}}, {"registered_on": date(2027, 4, 2)}, date(2027, 4, 1)),
        ({"registration": None}, {"registered_on": date(2027, 4, 2)}, date(2029, 1, 30)),
        ({}, {"transferred_on": date(2028, 3, 1)}, date(2028, 2, 29)),
        ({"transferable": True}, {"transferred_on": date(2028, 3, 1)}, date(2029, 1, 30)),
        ({}, {"exchanged_on": date(2028, 3, 1)}, date(2029, 1, 30)),
        ({}, {"exchanged_on": date(2029, 1, 20)}, date(2029, 4, 19)),
        ({"exchange": {}}, {"exchanged_on": date(2029, 1, 20)}, date(2029, 1, 30)),
        ({"exchange": {"gives": "whole"}}, {"exchanged_on": date(2029, 1, 20)}, date(2031, 1, 19)),
        ({"exchange": {"gives": "whole"}}, {"exchanged_on": date(2029, 1, 31)}, date(2029, 1, 30)),
    ],
)
def test_each_parameter_matters(changes: dict[str, Any], dates: dict[str, date], last_day: date) -> None:
    """Length, start and its days, registration, transfer and exchange: each moves the last day as it says."""
    assert found(REGISTERED | dates, **changes).last_day == last_day


@pytest.mark.parametrize("changes", [{"models": ["M2"]}, {"device_types": ["plotter"]}, {"countries": ["DE"]}])
def test_a_term_is_for_some_devices(changes: dict[str, Any]) -> None:
    """By model, type and country; of one kind the first that fits counts."""
    assert warranties((term(**changes),), device(REGISTERED)) == ()
    (first,) = warranties((term(**changes), term(id="mine"), term(id="later")), device(REGISTERED))
    assert first.term == "mine"


def test_what_is_missing_is_said_and_not_guessed() -> None:
    """Without any of its facts nobody knows: neither yes nor no; a last day of the device itself ends the doubt."""
    unknown = found({})
    assert unknown.says == "unknown until the installation date or the shipment date is given"
    assert (unknown.last_day, unknown.cover, unknown.missing) == (None, None, ("installed_on", "shipped_on"))
    answer = coverage("SN1", date(2027, 6, 1), (), (), warranties=(unknown,))
    assert (answer.covered, answer.by) == (None, None)
    assert answer.unknown == "warranty unknown until the installation date or the shipment date is given"
    waiting = found({"installed_on": date(2027, 1, 31)})
    assert (waiting.last_day, waiting.missing) == (date(2028, 1, 30), ("registered_on",))
    assert "unless it is registered by 2027-04-01: then until 2029-01-30" in waiting.says


def test_a_last_day_of_the_device_itself_goes_before() -> None:
    """What is stated wins over what is reckoned, and still says what the term gives."""
    stated = device(REGISTERED, cover=(Cover(kind="warranty", last_day=date(2027, 5, 1)),))
    (warranty,) = warranties((term(),), stated)
    assert (warranty.last_day, warranty.stated, warranty.where) == (date(2027, 5, 1), True, "on_site")
    assert whole_cover((term(),), stated) == stated.cover


def test_an_answer_for_a_day_before_the_warranty_is_no() -> None:
    """A reckoned warranty covers from its first day."""
    cover = whole_cover((term(),), device(REGISTERED))
    assert coverage("SN1", date(2027, 1, 30), cover, ()).covered is False
    assert coverage("SN1", date(2027, 1, 31), cover, ()).until == date(2029, 1, 30)


@pytest.mark.rule("HPG-3")
def test_a_contract_waits_for_the_warranty_that_is_reckoned() -> None:
    """The offer bears the reckoned end, and service starts the day after it; an unknown end is refused, with remedy."""
    service = {
        "id": "care",
        "countries": ["FR"],
        "device_type": "printer",
        "models": ["M1"],
        "name": {"en": "Care"},
        "summary": {"en": "Care"},
        "details": {"en": "Care"},
        "prices": {1: "49"},
    }
    catalogue = Catalogue.model_validate({"services": [service], "warranties": [TERM]})
    known = device({"installed_on": date(2026, 3, 1)})
    made = offer_of(catalogue, catalogue.services[0], terms(), known, "en", id="1")
    life = ordered(made, at=utc(2027, 1, 10))
    assert life.contract.lines[0].starts_on == date(2027, 3, 1)
    with pytest.raises(Refusal, match="unknown until the installation date") as refused:
        offer_of(catalogue, catalogue.services[0], terms(), device(), "en", id="1")
    assert refused.value.rule == "SMP-2"
    assert "`installed_on`" in str(refused.value.allowed_when)
    free = terms(start={"after": []})
    assert offer_of(catalogue, catalogue.services[0], free, device(), "en", id="1").cover == ()


def test_the_day_of_use_stands_for_the_installation() -> None:
    """Where no installation is given, the first day of use is it."""
    (warranty,) = warranties((term(),), device(in_use_since=date(2027, 1, 31)))
    assert (warranty.fact, warranty.fact_on) == ("installed_on", date(2027, 1, 31))


def test_a_term_is_told_in_sentences() -> None:
    """Every part of it, in words that need no looking up."""
    sentences = [text for _, text in told((term(),))]
    assert (
        sentences[0] == "M1 in FR: a warranty of 24 months from installation, else from shipment and 30 days (limited)."
    )
    assert sentences[1:] == [
        "It gives parts, on site, within 2 working days.",
        "It leaves out: supplies.",
        "It does not go over to a new owner.",
        "The device is registered within 60 days of its first one; without, it lasts 12 months.",
        "A device that takes another one's place has what was left to that one, and 90 days at least.",
    ]
    other = term(
        choose="earliest", exchange={"gives": "whole"}, models=[], device_types=[], registration={"within_days": 9}
    )
    text = " ".join(text for _, text in told((other,)))
    assert "Every device in FR" in text
    assert "the earliest of installation, shipment and 30 days" in text
    assert "without, it ends with that day" in text
    assert "a whole warranty of its own" in text
