"""When a device stops: covered or not, by what and which rule, until when, what is left, and who may call."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain import decider
from domain.commands import NameContacts
from domain.coverage import ByContract, by_contract, coverage
from domain.entitlements.commands import UseEntitlement
from domain.fleet.census import FleetDevice
from domain.permissions import permissions
from domain.simulator import Life
from domain.state import Contact, Cover
from domain.view import view
from tests.domain.samples import offer, ordered, terms, utc
from tests.domain.test_entitlements import MATRIX

ANA = Contact(name="Ana", email="ana@atelier.example")
WARRANTY = Cover(kind="warranty", last_day=date(2027, 12, 31))


def said(life: Life, serial: str, on: date, **more: Any) -> ByContract | None:
    """What a life's contract says of a device."""
    contract = life.contract
    shown = view(contract, now=contract.at, step=decider.step(contract), allowed=permissions(contract))
    return by_contract(shown, contract.terms, serial, on, **more)


@pytest.mark.rule("HPG-14", "HPJ-10")
def test_a_device_in_service_is_covered_by_its_contract() -> None:
    """By the line's service and the rule of support, until the end of the term; on the day after it no more."""
    life = ordered(offer("1"), offer("2", warranty=date(2027, 12, 31)), at=utc(2027, 3, 1))
    answer = said(life, "SN1", date(2027, 6, 1))
    assert answer is not None
    assert (answer.covered, answer.service, answer.rule) == (True, "care", "SMP-14")
    assert (answer.since, answer.until) == (date(2027, 3, 1), date(2028, 2, 29))
    later = said(life, "SN1", date(2028, 3, 1))
    assert later is not None
    assert (later.covered, later.why_not) == (False, "service ends on 2028-02-29")
    waiting = said(life, "SN2", date(2027, 6, 1))
    assert waiting is not None
    assert waiting.why_not == "service starts on 2028-01-01"
    assert said(life, "SN9", date(2027, 6, 1)) is None


@pytest.mark.rule("HPG-2", "HPG-3")
def test_a_contract_goes_before_the_warranty() -> None:
    """While the contract waits, the warranty covers; with neither, nothing does, and each contract says why."""
    life = ordered(offer("2", warranty=WARRANTY.last_day), at=utc(2027, 3, 1))
    for on, covered, by, until in (
        (date(2027, 6, 1), True, "warranty", WARRANTY.last_day),
        (date(2028, 1, 1), True, life.contract.number, None),
        (date(2026, 1, 1), True, "warranty", WARRANTY.last_day),
    ):
        answer = said(life, "SN2", on)
        whole = coverage("SN2", on, [WARRANTY], [answer] if answer else [])
        assert (whole.covered, whole.by, whole.until) == (covered, by, until)
    nothing = coverage("SN2", date(2029, 1, 1), [WARRANTY], [])
    assert (nothing.covered, nothing.by, nothing.cover) == (False, None, (WARRANTY,))


@pytest.mark.rule("HPP-5", "HPP-8")
def test_it_says_what_is_left_and_who_may_call() -> None:
    """Counted rights of the year of the day; the named contacts, where only they may call."""
    support = {"callers_rule": "SMP-8"}
    life = ordered(offer(level="plus"), at=utc(2027, 1, 14), under=terms(entitlements=MATRIX, support=support))
    life.give(NameContacts(id="n", contacts=(ANA,)), utc(2027, 1, 15))
    life.give(UseEntitlement(id="u", item="visit"), utc(2027, 2, 1))
    answer = said(life, "SN1", date(2027, 3, 1))
    assert answer is not None
    assert {right.item: right.left for right in answer.rights}["visit"] == 1
    assert (answer.named_callers, answer.callers) == (True, (ANA,))
    assert said(life, "SN1", date(2027, 3, 1), service="visit") is not None
    assert said(life, "SN1", date(2027, 3, 1), service="care") is not None
    assert said(life, "SN1", date(2027, 3, 1), service="agent") is None


@pytest.mark.rule("HPP-8")
def test_a_device_of_a_fleet_needs_cover_of_its_own() -> None:
    """It is served by its class's line while its own cover holds; then it is excluded, with the rule."""
    fleet = {
        "rule": "SMP-1",
        "audit_rule": "SMP-2",
        "excluded_rule": "SMP-3",
        "kinds": {"desktop": "pc", "printer": "printer"},
        "covered_by": ["warranty"],
    }
    lines = (offer("1", device_class="pc"), offer("2", device_class="printer", service="print"))
    life = ordered(*lines, at=utc(2027, 1, 14))
    under = life.contract.terms.model_copy(update={"fleet": terms(fleet=fleet).fleet})
    life.contract = life.contract.model_copy(update={"terms": under})
    printer = FleetDevice(serial="P1", kind="printer", model="P", country="FR", included=True, cover=(WARRANTY,))
    answer = said(life, "P1", date(2027, 12, 31), device=printer)
    assert answer is not None
    assert (answer.covered, answer.service) == (True, "print")
    excluded = said(life, "P1", date(2028, 1, 1), device=printer)
    assert excluded is not None
    assert (excluded.covered, excluded.rule) == (False, "SMP-3")
    assert "its own cover ended on 2027-12-31" in str(excluded.why_not)
