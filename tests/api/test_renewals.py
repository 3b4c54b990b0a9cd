"""Renewals through the API: the last possible days, what an answer may say, and what is refused and why."""

from __future__ import annotations

import pytest

from tests.api.house import House


async def offered(house: House, **more: str) -> str:
    """A contract whose next term is offered."""
    number = await house.ordered(clock=await house.clock("2027-01-31T09:00:00Z"), **more)
    await house.becomes(number, "Active")
    await house.advance(number, to="2027-11-05T12:00:00Z")
    return number


@pytest.mark.rule("COM-1")
async def test_the_last_possible_days_are_shown_with_what_may_be_asked(house: House) -> None:
    """For a no to the next term, and for each command that ends service: from when, until when, and for which end."""
    number = await offered(house)
    shown = await house.caller.get(f"/v1/contracts/{number}")
    assert (shown["cancellable_until"], shown["renewable_until"]) == ("2028-01-30", None)
    declines = [window for window in shown["notice"] if window["by"] == "decline_renewal"]
    assert [(window["last"], window["ends_on"]) for window in declines] == [
        ("2028-01-30", "2028-01-30"),
        ("2029-01-30", "2029-01-30"),
    ]
    leaving = [window for window in shown["notice"] if window["by"] == "cancel"]
    assert [(window["first"], window["last"], window["ends_on"]) for window in leaving] == [
        ("2027-11-05", "2028-01-30", "2028-01-30"),
        ("2028-01-31", "2028-02-28", "2028-02-28"),
    ]
    allowed = {item["command"]: item for item in shown["allowed"]}
    assert allowed["decline_renewal"]["until"] == "2028-01-30"
    assert allowed["cancel"]["until"] == "2028-01-30"


async def test_an_answer_says_its_form_and_when_it_came_in(house: House) -> None:
    """A yes with its form is kept in the trail; a day on which it came in that the terms do not take is refused."""
    number = await offered(house)
    early = {"received_on": "2027-11-01"}
    problem = await house.caller.refused("POST", f"/v1/contracts/{number}/renew", early, status=409)
    assert problem["field"] == "received_on"
    form = {"kind": "letter", "details": {"signed_by": "Eva Roux"}}
    await house.caller.post(f"/v1/contracts/{number}/renew", {"form": form})
    trail = (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]
    assert next(entry for entry in trail if entry["kind"] == "renewal_accepted")["data"]["form"] == form


async def test_ending_with_another_contract_is_for_the_same_customer_and_by_the_terms(house: House) -> None:
    """Somebody else's contract is not found; where the terms know no such end, that is the reason."""
    mine, theirs = await offered(house), await offered(house)
    problem = await house.caller.refused("POST", f"/v1/contracts/{mine}/renew", {"ends_with": theirs}, status=404)
    assert theirs in problem["detail"]
    problem = await house.caller.refused("POST", f"/v1/contracts/{mine}/renew", {"ends_with": mine}, status=409)
    assert (problem["field"], "whole length" in problem["detail"]) == ("until", True)


@pytest.mark.rule("HPJ-6")
async def test_what_has_not_ended_is_not_taken_up_again(house: House) -> None:
    """A new quote that names a running contract is refused, and no number is used up."""
    number = await offered(house)
    asked = {
        "programme": house.code,
        "customer": house.customer(),
        "period": 1,
        "offers": [{"serial": "SN-NOCOVER", "service": "care-pagewide-xl"}],
        "reenrols": number,
    }
    problem = await house.caller.refused("POST", "/v1/quotes", asked, status=409)
    assert (problem["field"], "it has not ended" in problem["detail"]) == ("reenrols", True)
