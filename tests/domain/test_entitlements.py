"""Entitlements: a matrix of levels and countries, so many a year, due every so many months."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.calendar import last_day_of
from domain.commands import Cancel, Change
from domain.effects import CloseCase, MoveCase, OpenCaseEffect, SendMessage
from domain.entitlements.commands import Fulfil, ReturnEntitlement, UseEntitlement
from domain.entitlements.rights import rights
from domain.entitlements.terms import EntitlementTerms
from domain.refusal import Refusal
from domain.simulator import Life
from domain.view import attention
from tests.domain.samples import offer, on, ordered, terms, utc
from tests.programmes.shipped import shipped

MATRIX: dict[str, Any] = {
    "rule": "SMP-1",
    "items": {
        "visit": {"rule": "SMP-2", "text": {"en": "Visit"}, "per_year": 2},
        "report": {"rule": "SMP-3", "text": {"en": "Report"}, "every_months": 3, "within_days": 10},
        "parts": {"rule": "SMP-4", "text": {"en": "Parts"}, "not_in": ["CL"], "not_in_rule": "SMP-5"},
        "agent": {"rule": "SMP-4", "text": {"en": "Agent"}},
    },
    "levels": {
        "basic": {"rule": "SMP-1", "adds": ["agent"]},
        "plus": {"rule": "SMP-1", "includes": "basic", "adds": ["visit", "report", "parts"], "without": ["agent"]},
    },
}
START = utc(2027, 1, 14)


def life(level: str = "plus", at: datetime = START, **changes: Any) -> Life:
    """A contract at a level, in service from the start."""
    return ordered(offer(level=level), at=at, under=terms(entitlements=MATRIX, **changes))


def told(life: Life, kind: type[Any]) -> list[Any]:
    """What the world was told of one kind."""
    return [effect for effect in life.told if isinstance(effect, kind)]


@pytest.mark.rule("HPP-1")
def test_a_level_has_what_it_includes_with_more_and_less() -> None:
    """Plus has all of basic but the agent, and three things more, in the order of the items."""
    matrix = EntitlementTerms.model_validate(MATRIX)
    assert matrix.of_level("basic") == ("agent",)
    assert matrix.of_level("plus") == ("visit", "report", "parts")
    assert matrix.of_level(None) == ()


@pytest.mark.rule("HPP-1")
def test_the_four_levels_of_the_fleet_programme() -> None:
    """As the source's numbered tables have them: counts, and what tells two neighbours apart."""
    matrix = shipped("HPP").entitlements
    assert matrix is not None
    levels = {name: set(matrix.of_level(name)) for name in matrix.levels}
    assert list(levels) == ["access", "access_plus", "management", "management_plus"]
    assert levels["access_plus"] - levels["access"] == {"remote_agent", "incident_management", "performance_report"}
    assert levels["access_plus"] - levels["management"] == {"remote_agent"}
    assert {"priority_parts", "priority_repairs", "site_visit", "quarterly_review"} <= levels["management"]
    assert levels["management_plus"] - levels["management"] == {
        "technical_expert",
        "proactive_help",
        "training",
        "technical_escalation",
        "deployment_management",
    }
    assert levels["management"] < levels["management_plus"]


@pytest.mark.rule("HPP-7")
def test_the_same_level_differs_by_country() -> None:
    """In Chile there is no priority for parts and repairs; in Spain there is."""
    matrix = shipped("HPP").entitlements
    assert matrix is not None
    has = matrix.of_level("management")
    missing = [item for item in has if not matrix.offered(item, "CL")]
    assert missing == ["priority_parts", "priority_repairs"]
    assert all(matrix.offered(item, "ES") for item in has)


@pytest.mark.rule("HPP-5")
def test_a_use_too_many_is_refused_until_the_next_year() -> None:
    """Two visits in the year of the contract; the third is possible from its next year on, and then counts there."""
    contract = life()
    contract.give(UseEntitlement(id="1", item="visit", on=date(2027, 6, 1)), utc(2027, 2, 1))
    contract.give(UseEntitlement(id="2", item="visit", on=date(2028, 1, 13)), utc(2027, 2, 1))
    with pytest.raises(Refusal) as caught:
        contract.give(UseEntitlement(id="3", item="visit", on=date(2027, 7, 1)), utc(2027, 2, 2))
    assert (caught.value.rule, caught.value.allowed_from) == ("SMP-2", date(2028, 1, 14))
    right = next(right for right in rights(contract.contract, date(2027, 7, 1)) if right.item == "visit")
    assert (right.per_year, right.left) == (2, 0)
    assert [entry.summary for entry in contract.entries][-1] == "Visit planned for 2028-01-13; 0 left this year"
    contract.live_until(utc(2028, 2, 1))
    contract.give(UseEntitlement(id="4", item="visit"), utc(2028, 2, 1))
    assert contract.events[-1].model_dump()["left"] == 1


@pytest.mark.rule("HPP-5")
def test_a_use_given_back_counts_no_more() -> None:
    """Its ticket is closed, and it can be planned anew; it cannot be given back twice."""
    contract = life()
    for index in range(2):
        contract.give(UseEntitlement(id=f"u{index}", item="visit"), utc(2027, 2, 1))
    contract.give(ReturnEntitlement(id="r", use="SMP-2027-000001-U1", reason="ill"), utc(2027, 2, 2))
    contract.give(UseEntitlement(id="again", item="visit"), utc(2027, 2, 3))
    assert [effect.case for effect in told(contract, OpenCaseEffect)] == [f"SMP-2027-000001-U{n}" for n in (1, 2, 3)]
    assert [effect.case for effect in told(contract, CloseCase)] == ["SMP-2027-000001-U1"]
    with pytest.raises(Refusal, match="no use"):
        contract.give(ReturnEntitlement(id="r2", use="SMP-2027-000001-U1"), utc(2027, 2, 4))


@pytest.mark.parametrize(
    ("asked", "rule", "says"),
    [
        ({"item": "agent"}, "SMP-4", "level does not include"),
        ({"item": "lunch"}, "SMP-1", "no `lunch`"),
        ({"item": "visit", "on": date(2027, 1, 31)}, "SMP-2", "past"),
        ({"item": "visit", "on": date(2028, 1, 14)}, "SMP-2", "runs until 2028-01-13"),
    ],
)
@pytest.mark.rule("HPP-1", "HPP-5")
def test_what_the_contract_does_not_have_is_refused(asked: dict[str, Any], rule: str, says: str) -> None:
    """By the item's own rule, saying why."""
    with pytest.raises(Refusal, match=says) as caught:
        life().give(UseEntitlement(id="u", **asked), utc(2027, 2, 1))
    assert caught.value.rule == rule


@pytest.mark.rule("HPP-7")
def test_what_a_country_does_not_have_is_refused() -> None:
    """By the country's rule."""
    contract = life(tax={"elsewhere": {"name": "none", "percent": 0}}).contract
    abroad = contract.model_copy(update={"customer": contract.customer.model_copy(update={"country": "CL"})})
    assert {right.item for right in rights(abroad, date(2027, 2, 1))} == {"visit", "report"}
    with pytest.raises(Refusal, match="not offered in CL") as caught:
        Life(abroad, life().world).give(UseEntitlement(id="u", item="parts"), utc(2027, 2, 1))
    assert caught.value.rule == "SMP-5"


@pytest.mark.rule("HPP-5")
def test_reports_fall_due_by_quarter_and_never_after_the_end() -> None:
    """On the last day of each quarter from activation; four in the year, and nothing once the contract is over."""
    contract = life()
    contract.give(Cancel(id="c", reason="moved"), utc(2027, 8, 1))
    contract.live_until(utc(2028, 6, 1))
    due = [date(2027, 4, 13), date(2027, 7, 13), date(2027, 10, 13), date(2028, 1, 13)]
    assert on(contract, "obligation_due") == due


@pytest.mark.rule("HPP-5")
def test_a_report_that_is_not_done_in_time_is_overdue_and_seen() -> None:
    """A ticket when it falls due; after its last day it moves on, and the contract needs attention until it is done."""
    contract = life()
    contract.live_until(utc(2027, 4, 22))
    assert attention(contract.contract) == ()
    contract.live_until(utc(2027, 4, 25))
    report = "SMP-2027-000001-REPORT-1"
    assert attention(contract.contract) == (f"overdue: {report} (report)",)
    assert [(effect.case, effect.stage) for effect in told(contract, MoveCase)] == [(report, "overdue")]
    contract.give(Fulfil(id="f", obligation=report, note="in the portal"), utc(2027, 4, 26))
    assert attention(contract.contract) == ()
    assert contract.entries[-1].summary == "Report 1 done late: in the portal"
    assert told(contract, SendMessage)[-1].message == "obligation_met"
    with pytest.raises(Refusal, match="not open"):
        contract.give(Fulfil(id="f2", obligation=report), utc(2027, 4, 27))


def test_a_report_that_is_done_in_time_is_never_overdue() -> None:
    """Nothing moves on."""
    contract = life()
    contract.live_until(utc(2027, 4, 14))
    contract.give(Fulfil(id="f", obligation="SMP-2027-000001-REPORT-1"), utc(2027, 4, 23))
    contract.live_until(utc(2027, 6, 1))
    assert on(contract, "obligation_overdue") == []


@pytest.mark.rule("HPP-1")
def test_another_level_brings_its_reports_from_then_on() -> None:
    """Spans that ended before are not made up for; what the old level had and the new one lacks stops."""
    contract = life("basic", change={"rule": "SMP-13", "what": ["service"], "effect": "at_once"})
    change = Change(id="c", line="1", service="more", text="More", prices={1: 60}, level="plus")
    contract.give(change, utc(2027, 6, 1))
    contract.live_until(utc(2027, 12, 1))
    assert [line.level for line in contract.contract.lines if not line.over] == ["plus"]
    assert on(contract, "obligation_due") == [date(2027, 7, 13), date(2027, 10, 13)]


@pytest.mark.rule("HPP-5")
def test_each_line_has_its_own_where_the_terms_say_so() -> None:
    """Two lifts, two inspections each quarter, and a number of visits of their own."""
    own = {name: item | {"of": "line"} for name, item in MATRIX["items"].items()}
    under = terms(entitlements=MATRIX | {"items": own})
    contract = ordered(offer("1", level="plus"), offer("2", level="plus"), at=START, under=under)
    contract.live_until(utc(2027, 5, 1))
    assert on(contract, "obligation_due") == [date(2027, 4, 13)] * 2
    assert [effect.serial for effect in told(contract, OpenCaseEffect)] == ["SN1", "SN2"]
    with pytest.raises(Refusal, match="belongs to a line"):
        contract.give(UseEntitlement(id="n", item="visit"), utc(2027, 5, 2))
    for index in range(2):
        contract.give(UseEntitlement(id=f"u{index}", item="visit", line="1"), utc(2027, 5, 2))
    contract.give(UseEntitlement(id="other", item="visit", line="2"), utc(2027, 5, 2))
    with pytest.raises(Refusal, match="2 times a year"):
        contract.give(UseEntitlement(id="third", item="visit", line="1"), utc(2027, 5, 2))


@given(start=st.dates(date(2026, 1, 1), date(2028, 12, 31)), months=st.integers(1, 12))
def test_spans_are_counted_from_activation(start: date, months: int) -> None:
    """Whatever the day of activation: span n ends where n times so many months from it end, without drift."""
    matrix = MATRIX | {"items": MATRIX["items"] | {"report": MATRIX["items"]["report"] | {"every_months": months}}}
    begun = utc(start.year, start.month, start.day)
    contract = ordered(offer(level="plus"), at=begun, under=terms(entitlements=matrix))
    contract.live_until(begun + timedelta(days=400))
    due = on(contract, "obligation_due")
    assert due == [last_day_of(start, months * n) for n in range(1, len(due) + 1)]
    assert len(due) >= 12 // months


@pytest.mark.parametrize(
    ("levels", "says"),
    [
        ({"a": {"rule": "SMP-1", "adds": ["nothing"]}}, "not listed under `items`"),
        ({"a": {"rule": "SMP-1", "includes": "b"}}, "not listed under `levels`"),
        ({"a": {"rule": "SMP-1", "adds": ["agent"], "without": ["visit"]}}, "would not have anyway"),
        (
            {"a": {"rule": "SMP-1", "includes": "b"}, "b": {"rule": "SMP-1", "includes": "a"}},
            "in a circle",
        ),
    ],
)
def test_a_wrong_matrix_says_what_is_wrong(levels: dict[str, Any], says: str) -> None:
    """Names that do not exist, what could not be left out, levels in a circle."""
    with pytest.raises(ValidationError, match=says):
        EntitlementTerms.model_validate(MATRIX | {"levels": levels})
