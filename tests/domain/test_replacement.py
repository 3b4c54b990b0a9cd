"""A device that is exchanged: its line goes on for the other one, and both serial numbers are answered."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain import decider
from domain.answers import answers
from domain.catalogue import Device
from domain.commands import MoveCover, OpenCase
from domain.coverage import ByContract, by_contract, coverage
from domain.effects import MakeDocument, OpenCaseEffect, SendMessage
from domain.entitlements.commands import UseEntitlement
from domain.permissions import permissions
from domain.refusal import Refusal
from domain.replacement.commands import NewDevice, ReplaceDevice
from domain.replacement.history import Spell
from domain.simulator import Life
from domain.state import Cover
from domain.view import View, view
from domain.warranty.reckoning import inherited, warranties
from tests.domain.samples import kinds, offer, on, ordered, terms, utc
from tests.domain.test_entitlements import MATRIX
from tests.domain.test_warranty import device, term

NEW = NewDevice(serial="NEW1", model="M2")


def replace(**more: Any) -> ReplaceDevice:
    """The exchange of the first line's device for a new one."""
    return ReplaceDevice.model_validate({"id": "r", "serial": "SN1", "device": NEW, "reason": "burnt out"} | more)


def shown(life: Life) -> View:
    """A life's contract as it is read."""
    contract = life.contract
    return view(contract, now=contract.at, step=decider.step(contract), allowed=permissions(contract))


def said(life: Life, serial: str, day: date) -> ByContract:
    """What a life's contract says of a device."""
    answer = by_contract(shown(life), life.contract.terms, serial, day)
    assert answer is not None
    return answer


def exchanged() -> Life:
    """A life that runs since 14 January, whose device was exchanged on 10 March."""
    life = ordered(offer(level="plus"), at=utc(2027, 1, 14), under=terms(entitlements=MATRIX))
    life.give(UseEntitlement(id="u", item="visit"), utc(2027, 2, 1))
    life.give(replace(), utc(2027, 3, 10))
    return life


def test_the_contract_goes_on_for_the_new_serial_number() -> None:
    """Same line, same periods, same bills; the trail and the customer's mail name both devices."""
    life = exchanged()
    line = life.contract.lines[0]
    assert (line.id, line.serial, line.model) == ("1", "NEW1", "M2")
    assert [(item.serial, item.on) for item in line.replaced] == [("SN1", date(2027, 3, 10))]
    assert life.entries[-1].summary == "Device SN1 replaced by NEW1 (M2) on 2027-03-10: burnt out"
    told = life.told[-1]
    assert isinstance(told, SendMessage)
    assert (told.message, told.data["serial"], told.data["replacement"]) == ("device_replaced", "SN1", "NEW1")
    life.live_until(utc(2027, 6, 1))
    assert on(life, "period_billed") == [date(2027, month, 14) for month in range(1, 6)]
    bill = next(event.bill for event in reversed(life.events) if kinds(life) and hasattr(event, "bill"))
    assert bill.charges[0].serial == "NEW1"


@pytest.mark.rule("HPP-5")
def test_counted_rights_stay_with_the_line() -> None:
    """A visit that the old device used up is used up for the new one."""
    life = exchanged()
    left = {right.item: right.left for right in said(life, "NEW1", date(2027, 3, 10)).rights}
    assert left["visit"] == 1


@pytest.mark.rule("HPG-14", "HPJ-10")
def test_both_serial_numbers_are_answered() -> None:
    """The old one until the day before, then by what and when it was replaced; the new one from its day on."""
    life = exchanged()
    before, day = date(2027, 3, 9), date(2027, 3, 10)
    old = said(life, "SN1", before)
    assert (old.covered, old.until, old.replaced_by) == (True, before, "NEW1")
    old = said(life, "SN1", day)
    assert (old.covered, old.why_not) == (False, "replaced by NEW1 on 2027-03-10")
    new = said(life, "NEW1", day)
    assert (new.covered, new.since, new.replaces) == (True, day, "SN1")
    assert said(life, "NEW1", before).why_not == "SN1 was served in its place until 2027-03-09"
    whole = coverage("SN1", day, (Cover(kind="warranty", last_day=date(2030, 1, 1)),), [old], days=spell_of(old, day))
    assert (whole.covered, whole.replaced_by, whole.replaced_on) == (False, "NEW1", day)
    (told,) = answers(shown(life), day, serial="SN1", model="M1").devices
    assert (told.serial, told.model, told.why_not) == ("SN1", "M1", "replaced by NEW1 on 2027-03-10")
    assert answers(shown(life), day, serial="SN1", model="M2").devices == ()


def spell_of(answer: ByContract, day: date) -> Spell:
    """The days of a device that was replaced on a day."""
    return Spell(until=day, replaced_by=answer.replaced_by)


def test_cases_keep_their_device_and_new_ones_are_for_the_new_one() -> None:
    """An open case goes on for the device that it is about; who calls for it now is told the other serial number."""
    life = ordered(offer(), at=utc(2027, 1, 14))
    life.give(OpenCase(id="c", serial="SN1", subject="smoke"), utc(2027, 3, 9))
    life.give(replace(), utc(2027, 3, 10))
    assert life.contract.cases[0].serial == "SN1"
    with pytest.raises(Refusal, match="SN1 was replaced by NEW1 on 2027-03-10") as refused:
        life.give(OpenCase(id="c2", serial="SN1", subject="again"), utc(2027, 3, 11))
    assert refused.value.allowed_when == "the serial number is NEW1"
    life.give(OpenCase(id="c3", serial="NEW1", subject="stripes"), utc(2027, 3, 11))
    opened = [effect for effect in life.told if isinstance(effect, OpenCaseEffect)]
    assert "Device: NEW1, M2" in opened[-1].description


def test_a_start_that_waits_follows_the_new_device() -> None:
    """Its cover is waited for from then on; a running service does not wait for what comes into it."""
    life = ordered(offer("1", warranty=date(2027, 5, 17)), offer("2"), at=utc(2027, 1, 14))
    longer = NEW.model_copy(update={"cover": (Cover(kind="warranty", last_day=date(2027, 6, 9)),)})
    life.give(replace(device=longer), utc(2027, 3, 10))
    assert life.contract.lines[0].starts_on == date(2027, 6, 10)
    life.give(replace(id="r2", serial="SN2", device=longer.model_copy(update={"serial": "NEW2"})), utc(2027, 3, 10))
    assert life.contract.lines[1].starts_on == date(2027, 1, 14)
    life.give(
        MoveCover(id="m", serial="NEW2", cover=(Cover(kind="warranty", last_day=date(2027, 9, 9)),)), utc(2027, 4, 1)
    )
    assert (life.contract.lines[1].starts_on, life.contract.lines[1].served_from) == (date(2027, 1, 14), None)


def test_it_may_be_entered_later_and_happen_again() -> None:
    """On a past day, but not before the device came, and not on a day to come; the first one stays answered."""
    life = exchanged()
    again = NEW.model_copy(update={"serial": "NEW2"})
    with pytest.raises(Refusal, match="NEW1 is in service since 2027-03-10"):
        life.give(replace(id="x", serial="NEW1", device=again, on=date(2027, 3, 9)), utc(2027, 4, 1))
    with pytest.raises(Refusal, match="2027-04-02 has not come"):
        life.give(replace(id="y", serial="NEW1", device=again, on=date(2027, 4, 2)), utc(2027, 4, 1))
    with pytest.raises(Refusal, match="SN1 is replaced by NEW1 on 2027-03-10") as refused:
        life.give(replace(id="z", device=again), utc(2027, 4, 1))
    assert refused.value.allowed_when == "it is one of NEW1"
    with pytest.raises(Refusal, match="NEW1 is on this contract already"):
        life.give(replace(id="w", serial="NEW1"), utc(2027, 4, 1))
    life.give(replace(id="v", serial="NEW1", device=again, on=date(2027, 3, 20)), utc(2027, 4, 1))
    assert said(life, "NEW1", date(2027, 3, 19)).covered
    assert said(life, "NEW1", date(2027, 3, 20)).replaced_by == "NEW2"
    assert said(life, "SN1", date(2027, 3, 10)).replaced_by == "NEW1"


@pytest.mark.rule("ICM-2")
def test_documents_are_made_anew() -> None:
    """Those that the terms name, with what was replaced and until when; they go along with the mail."""
    papers = {"rule": "SMP-2", "documents": ["covered_equipment"]}
    life = ordered(offer(), at=utc(2027, 1, 14), under=terms(replacement=papers))
    life.give(replace(), utc(2027, 3, 10))
    made, told = life.told[-2:]
    assert isinstance(made, MakeDocument)
    assert isinstance(told, SendMessage)
    assert (made.document, told.attached, told.rule) == ("covered_equipment", (made.key,), "SMP-2")
    (line,) = [item for item in made.data["lines"] if isinstance(item, dict)]  # type: ignore[attr-defined]
    assert (line["serial"], line["replaced"]) == ("NEW1", [{"serial": "SN1", "last_day": "2027-03-09"}])


def test_a_fleet_without_its_device_is_refused() -> None:
    """A contract that is for no fleet has none in it."""
    life = ordered(offer(), at=utc(2027, 1, 14))
    with pytest.raises(Refusal, match="not for a fleet"):
        life.give(replace(in_fleet=True), utc(2027, 3, 10))


@pytest.mark.parametrize(
    ("exchange", "last_day"),
    [
        ({}, date(2027, 3, 31)),
        ({"at_least_days": 90}, date(2027, 6, 7)),
        ({"gives": "whole"}, date(2029, 3, 9)),
    ],
)
def test_a_stated_warranty_is_handed_on_by_its_terms(exchange: dict[str, Any], last_day: date) -> None:
    """What was left of it, so many days at least, or a whole one; cover without terms stays as it is."""
    pack = Cover(kind="care_pack", last_day=date(2027, 4, 1))
    old: Device = device(cover=(Cover(kind="warranty", last_day=date(2027, 3, 31)), pack))
    handed = inherited((term(exchange=exchange),), old, date(2027, 3, 10))
    assert handed == (Cover(kind="warranty", last_day=last_day), pack)


def test_a_reckoned_warranty_goes_on() -> None:
    """The new device bears the other one's dates and the day of its exchange: the answer names the original fact."""
    (warranty,) = warranties(
        (term(registration=None),), device({"installed_on": date(2027, 1, 31), "exchanged_on": date(2029, 1, 20)})
    )
    assert (warranty.last_day, warranty.fact_on) == (date(2029, 4, 19), date(2027, 1, 31))
    assert "90 days from the exchange on 2029-01-20" in warranty.says
