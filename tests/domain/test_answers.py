"""Answers from the contract itself: cover, order, end of support, and copies on request."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from domain import decider
from domain.answers import Answers, answers
from domain.commands import Cancel, RequestCopy
from domain.effects import MakeDocument, SendMessage
from domain.permissions import permissions
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import OrderedBy
from domain.view import view
from tests.domain.samples import offer, ordered, quote, terms, utc


def asked(life: Life, on: date, **device: Any) -> Answers:
    """What the contract says for a day."""
    contract = life.contract
    shown = view(
        contract, now=contract.at, step=decider.step(contract), allowed=permissions(contract), version=contract.version
    )
    return answers(shown, on, **device)


def life() -> Life:
    """Two machines: one in service, one whose warranty still holds."""
    form = OrderedBy(kind="purchase_order", details={"reference": "PO-1"})
    forms = {"rule": "SMP-7", "forms": {"purchase_order": {"needs": ["reference"]}}}
    lines = (
        offer("1", support_ends=date(2031, 1, 31)),
        offer("2", warranty=date(2027, 12, 31), model="M2"),
    )
    return ordered(*lines, at=utc(2027, 3, 1), under=terms(order={"forms": forms}), form=form)


@pytest.mark.rule("HPJ-10", "ICM-2")
def test_the_contract_says_what_it_covers_and_why_not() -> None:
    """By the day: in service, waiting, over."""
    said = asked(life(), date(2027, 4, 1))
    first, second = said.devices
    assert (first.covered, first.since, first.until) == (True, date(2027, 3, 1), date(2028, 2, 29))
    assert (second.covered, second.why_not) == (False, "service starts on 2028-01-01")
    assert asked(life(), date(2028, 1, 1)).devices[1].covered
    assert asked(life(), date(2028, 3, 1)).devices[0].why_not == "service ends on 2028-02-29"


@pytest.mark.rule("HPJ-10")
def test_the_contract_says_when_the_order_came_in_and_when_support_ends() -> None:
    """The instant, the form and its reference; before the order there is no cover."""
    said = asked(life(), date(2027, 4, 1))
    assert said.order_received_at == utc(2027, 3, 1)
    assert said.order_form is not None
    assert said.order_form.details == {"reference": "PO-1"}
    assert [device.support_ends for device in said.devices] == [date(2031, 1, 31), None]
    quoted = asked(Life.begin(quote(), utc(2027, 3, 1)), date(2027, 4, 1))
    assert (quoted.order_received_at, quoted.devices[0].why_not) == (None, "the contract is not ordered")


@pytest.mark.rule("ICM-2")
def test_a_device_is_found_by_type_and_serial() -> None:
    """Both must fit."""
    assert [item.line for item in asked(life(), date(2027, 4, 1), serial="SN2", model="M2").devices] == ["2"]
    assert asked(life(), date(2027, 4, 1), serial="SN2", model="M1").devices == ()


@pytest.mark.rule("HPJ-10")
def test_an_ended_contract_covers_nothing() -> None:
    """The last day of service still counts."""
    contract = life()
    contract.give(Cancel(id="c", reason="moved"), utc(2027, 5, 4))
    assert asked(contract, date(2027, 5, 5)).devices[0].why_not == "service ended on 2027-05-04"
    assert asked(contract, date(2027, 5, 4)).devices[0].covered


COPIES = {"rule": "SMP-2", "documents": ["contract_copy", "covered_equipment"]}


def made(life: Life, at: datetime, document: str) -> list[str]:
    """The keys of the documents, and those that went along with the message."""
    life.give(RequestCopy(id=f"copy-{at:%d}", document=document), at)
    documents = [effect.key for effect in life.told if isinstance(effect, MakeDocument)][-1:]
    return documents + list([e for e in life.told if isinstance(e, SendMessage)][-1].attached)


@pytest.mark.rule("ICM-2")
def test_a_copy_is_made_and_sent_on_request() -> None:
    """Each request makes it anew; what is no copy is refused, as is any where the terms give none."""
    contract = ordered(at=utc(2027, 3, 1), under=terms(copies=COPIES))
    first, attached = made(contract, utc(2027, 3, 2), "contract_copy")
    assert first == attached
    assert made(contract, utc(2027, 3, 3), "contract_copy")[0] != first
    with pytest.raises(Refusal) as caught:
        made(contract, utc(2027, 3, 4), "invoice")
    assert caught.value.field == "document"
    with pytest.raises(Refusal, match="give no copies"):
        made(life(), utc(2027, 3, 4), "contract_copy")
