"""Requests that people decide: every step in its order, told where the terms say so, and none left out."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from domain.effects import CloseCase, MoveCase, OpenCaseEffect, SendMessage
from domain.refusal import Refusal
from domain.requests.commands import AdvanceRequest, MakeRequest, RefuseRequest
from domain.requests.terms import RequestTerms
from domain.simulator import Life
from tests.domain.samples import ordered, terms, utc

MOVE: dict[str, Any] = {
    "rule": "SMP-10",
    "text": {"en": "Move", "fr": "Déplacement"},
    "needs": ["to"],
    "steps": [
        {"step": "assigned", "text": {"en": "assigned"}},
        {"step": "approved", "text": {"en": "approved"}},
        {"step": "executed", "text": {"fr": "effectué"}},
    ],
    "tell": ["assigned", "executed"],
    "place": "to",
}
REQUEST = "SMP-2027-000001-Q1"


def asked() -> Life:
    """A move that was asked for."""
    life = ordered(at=utc(2027, 3, 1), under=terms(requests={"move": MOVE}))
    life.give(MakeRequest(id="m", what="move", line="1", details={"to": "Geneva"}), utc(2027, 4, 1))
    return life


def step(life: Life, name: str) -> None:
    """A step that is done."""
    life.give(AdvanceRequest(id=f"s-{name}", request=REQUEST, step=name), utc(2027, 4, 2))


def told(life: Life) -> list[str]:
    """The messages about requests."""
    return [e.message for e in life.told if isinstance(e, SendMessage) and e.message.startswith("request")]


@pytest.mark.rule("ICM-10")
def test_nothing_is_carried_out_before_it_is_approved() -> None:
    """Neither from the start nor after the assignment; the refusal names the step that comes first."""
    life = asked()
    for done in (None, "assigned"):
        if done:
            step(life, done)
        with pytest.raises(Refusal) as caught:
            step(life, "executed")
        assert (caught.value.rule, caught.value.field) == ("SMP-10", "step")
    assert caught.value.allowed_when == "`approved` is done"
    assert life.contract.lines[0].place is None


@pytest.mark.rule("ICM-10")
def test_the_customer_is_written_when_it_is_assigned_and_when_it_is_done() -> None:
    """Not at the approval, which is the house's own; in the customer's language where there is one."""
    life = asked()
    for name in ("assigned", "approved", "executed"):
        step(life, name)
    assert told(life) == ["request_step", "request_step"]
    written = [effect.data for effect in life.told if isinstance(effect, SendMessage)][-1]
    assert (written["text"], written["step"]) == ("Déplacement", "effectué")
    assert [effect.case for effect in life.told if isinstance(effect, OpenCaseEffect)] == [REQUEST]
    assert [effect.stage for effect in life.told if isinstance(effect, MoveCase)] == [
        "assigned",
        "approved",
        "executed",
    ]
    assert [effect.case for effect in life.told if isinstance(effect, CloseCase)] == [REQUEST]
    assert life.contract.requests == ()
    assert life.contract.lines[0].place == "Geneva"


@pytest.mark.rule("ICM-10")
def test_a_refused_request_goes_no_further() -> None:
    """The customer hears why, the ticket is closed, the device stays; it can be asked for again."""
    life = asked()
    life.give(RefuseRequest(id="no", request=REQUEST, reason="embargo"), utc(2027, 4, 3))
    assert told(life) == ["request_refused"]
    assert life.contract.lines[0].place is None
    with pytest.raises(Refusal, match="not open"):
        step(life, "assigned")
    life.give(MakeRequest(id="m2", what="move", line="1", details={"to": "Basel"}), utc(2027, 4, 4))
    assert life.contract.requests[0].id == "SMP-2027-000001-Q2"


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"what": "paint", "line": "1"}, "what"),
        ({"what": "move", "line": "9"}, "line"),
        ({"what": "move", "line": "1"}, "details.to"),
        ({"what": "move", "line": "1", "details": {"to": "Basel"}}, "line"),
    ],
)
@pytest.mark.rule("ICM-10")
def test_a_request_that_cannot_be_is_refused(wish: dict[str, Any], field: str) -> None:
    """An unknown kind, an unknown line, a detail that lacks, a second one while the first is open."""
    life = asked()
    with pytest.raises(Refusal) as caught:
        life.give(MakeRequest(id="x", **wish), utc(2027, 4, 5))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"tell": ["gone"]}, "not one of `steps`"),
        ({"steps": [MOVE["steps"][0]] * 2}, "a name of its own"),
        ({"place": "where"}, "not one of `needs`"),
    ],
)
def test_wrong_terms_of_a_request_say_what_is_wrong(changes: dict[str, Any], says: str) -> None:
    """A step or a detail that there is not."""
    with pytest.raises(ValidationError, match=says):
        RequestTerms.model_validate(MOVE | changes)
