"""Who may ask for help, in which language, and how a call is worked on at each level."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.commands import AdvanceCase, NameContacts, OpenCase
from domain.effects import MoveCase, OpenCaseEffect, SendMessage
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import Contact
from tests.domain.samples import offer, ordered, terms, utc

ANA = Contact(name="Ana", email="ana@atelier.example")
PARTNER = Contact(name="Jon", email="jon@partner.example", firm="Partner IT")
DESK = {"rule": "SMP-9", "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "08:00", "closes": "18:00"}]}
MONDAY = utc(2027, 3, 1)


def life(**support: Any) -> Life:
    """A contract in service, whose terms of support are these."""
    return ordered(at=MONDAY, under=terms(support=support, desk=DESK))


def call(life: Life, at: datetime = MONDAY, **words: Any) -> None:
    """A call for help."""
    life.give(OpenCase(id=f"call-{life.contract.case_count}", serial="SN1", subject="jam", **words), at)


@pytest.mark.rule("HPP-8")
def test_only_named_contacts_may_call() -> None:
    """The customer's own or its partner's, however the address is written; anybody else is refused with the rule."""
    contract = life(callers_rule="SMP-8")
    with pytest.raises(Refusal, match="not one of the contract's named contacts") as caught:
        call(contract, caller=ANA.email)
    assert (caught.value.rule, caught.value.field) == ("SMP-8", "caller")
    contract.give(NameContacts(id="n", contacts=(ANA, PARTNER)), MONDAY)
    call(contract, caller="ANA@atelier.example")
    call(contract, caller=PARTNER.email)
    for stranger in ("shop@atelier.example", None):
        with pytest.raises(Refusal):
            call(contract, caller=stranger)
    assert contract.contract.case_count == 2


@pytest.mark.rule("HPP-8")
def test_the_latest_names_count() -> None:
    """Who is no longer named may no longer call; nobody is named twice; without such a rule there are no names."""
    contract = life(callers_rule="SMP-8")
    contract.give(NameContacts(id="n", contacts=(ANA,)), MONDAY)
    contract.give(NameContacts(id="n2", contacts=(PARTNER,)), MONDAY)
    with pytest.raises(Refusal):
        call(contract, caller=ANA.email)
    with pytest.raises(Refusal, match="named twice"):
        contract.give(NameContacts(id="n3", contacts=(ANA, ANA)), MONDAY)
    with pytest.raises(Refusal, match="know no named contacts"):
        life().give(NameContacts(id="n", contacts=(ANA,)), MONDAY)


SPOKEN = {"rule": "SMP-7", "languages": ["en", "fr", "yue"], "at_any_hour": ["en"]}
NIGHT = datetime(2027, 3, 1, 21, tzinfo=UTC)


@pytest.mark.rule("HPP-7")
def test_help_is_given_in_the_listed_languages() -> None:
    """The customer's own where the call names none."""
    contract = life(spoken=SPOKEN)
    call(contract)
    call(contract, language="yue")
    with pytest.raises(Refusal, match="no help in `el`") as caught:
        call(contract, language="el")
    assert (caught.value.rule, caught.value.allowed_when) == ("SMP-7", "the language is one of en, fr, yue")


@pytest.mark.rule("HPP-7")
def test_at_night_help_is_in_english_only() -> None:
    """The refusal says when the desk opens, and in which language help is had now."""
    contract = life(spoken=SPOKEN)
    call(contract, NIGHT, language="en")
    with pytest.raises(Refusal) as caught:
        call(contract, NIGHT, language="fr")
    assert caught.value.allowed_from == datetime(2027, 3, 2, 7, tzinfo=UTC)
    assert caught.value.allowed_when == "the language is one of en"
    call(contract, utc(2027, 3, 2), language="fr")


LEVELS = {
    "onsite": {"rule": "SMP-1", "stages": ["remote", "visit"]},
    "depot": {"rule": "SMP-2", "stages": ["mail_in", "depot_repair"]},
}
HOW = {"mail_in": {"rule": "SMP-2", "text": {"fr": "Envoyez-le à l'atelier.", "en": "Mail it."}}}


@pytest.mark.rule("ICM-1")
def test_a_call_gets_a_number_and_the_stages_of_its_level() -> None:
    """On site a technician comes; at the depot level the customer is told how to mail the machine in."""
    under = terms(support={"stages": ["remote"], "levels": LEVELS, "instructions": HOW, "acknowledged": True})
    lines = offer("1", level="onsite"), offer("2", level="depot"), offer("3")
    contract = ordered(*lines, at=MONDAY, under=under)
    for serial in ("SN1", "SN2", "SN3"):
        contract.give(OpenCase(id=serial, serial=serial, subject="jam"), MONDAY)
    opened = [effect for effect in contract.told if isinstance(effect, OpenCaseEffect)]
    assert [(effect.stage, effect.rule) for effect in opened] == [
        ("remote", "SMP-1"),
        ("mail_in", "SMP-2"),
        ("remote", "SMP-14"),
    ]
    numbers = [e.data["case"] for e in contract.told if isinstance(e, SendMessage) and e.message == "case_opened"]
    assert numbers == [f"SMP-2027-000001-C{n}" for n in (1, 2, 3)]
    told = [e for e in contract.told if isinstance(e, SendMessage) and e.message == "case_instructions"]
    assert [(e.data["case"], e.data["text"], e.rule) for e in told] == [
        ("SMP-2027-000001-C2", "Envoyez-le à l'atelier.", "SMP-2")
    ]
    contract.give(AdvanceCase(id="a1", case=numbers[0]), MONDAY)
    contract.give(AdvanceCase(id="a2", case=numbers[1]), MONDAY)
    assert [e.stage for e in contract.told if isinstance(e, MoveCase)] == ["visit", "depot_repair"]
