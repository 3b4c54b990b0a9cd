"""Calendars: subscribed to by their address alone, read back by the library that calendar programs use."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from icalendar import Calendar

from tests.api.house import House


async def subscribed(house: House, **asked: Any) -> str:
    """The path of a new calendar."""
    made = await house.caller.post("/v1/calendars", asked)
    return str(made["url"]).partition("/calendars/")[1] + str(made["url"]).partition("/calendars/")[2]


async def read(house: House, path: str) -> dict[str, Any]:
    """A calendar's events by UID, read without any key."""
    response = await house.http.get(path)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    events = Calendar.from_ical(response.content).walk("VEVENT")
    return {str(event["uid"]): event for event in events}


async def running(house: House) -> tuple[str, str]:
    """A clock with one active contract in its first term, and its number."""
    clock = await house.clock("2027-01-31T09:00:00Z")
    number = await house.ordered(clock=clock)
    await house.becomes(number, "Active")
    return clock, number


async def test_the_desk_sees_what_is_to_come(house: House) -> None:
    """The end of the term, the last day to cancel, offer and reminders: whole days of the contract's own calendar."""
    clock, number = await running(house)
    path = await subscribed(house, scope="desk", clock=clock, days=400)
    events = await read(house, path)
    ends = events[f"{number}.term_ends.1@tenure"]
    assert (ends.decoded("dtstart"), ends.decoded("dtend")) == (date(2028, 1, 30), date(2028, 1, 31))
    assert str(ends["summary"]) == f"{number}: the term ends"
    kinds = {uid.removeprefix(f"{number}.").partition(".")[0].partition("@")[0] for uid in events}
    assert kinds >= {"term_ends", "term_begins", "last_day_to_cancel", "renewal_offer", "reminder"}
    shown = await house.caller.get(f"/v1/contracts/{number}/agenda", limit=100)
    offered = next(entry["on"] for entry in shown if entry["kind"] == "renewal_opened")
    assert events[f"{number}.renewal_offer.2@tenure"].decoded("dtstart").isoformat() == offered


async def test_the_same_deadline_keeps_its_uid_and_moves(house: House) -> None:
    """After a cancellation the end is there and the next term is not; what stays has the UID that it had."""
    clock, number = await running(house)
    path = await subscribed(house, scope="desk", clock=clock, days=400)
    before = await read(house, path)
    await house.caller.post(f"/v1/test-clocks/{clock}/advance", {"to": "2027-10-01T10:00:00Z"}, wait=60)
    await house.caller.post(f"/v1/contracts/{number}/cancel", {"reason": "moving out"})
    after = await read(house, path)
    assert f"{number}.term_ends.1@tenure" in before.keys() & after.keys()
    assert f"{number}.ends.contract@tenure" in after.keys() - before.keys()
    assert f"{number}.term_begins.2@tenure" in before.keys() - after.keys()


@pytest.mark.parametrize(("language", "title"), [("fr", "Contrats de service"), ("ja", "サービス契約")])
async def test_a_customer_reads_only_its_own(house: House, language: str, title: str) -> None:
    """A customer's calendar has its contracts, in its language, and not what the desk does."""
    clock, number = await running(house)
    await house.ordered(clock=clock)
    customer = (await house.caller.get(f"/v1/contracts/{number}"))["customer"]["id"]
    path = await subscribed(house, scope="customer", customer=customer, language=language, clock=clock, days=400)
    response = await house.http.get(path)
    assert str(Calendar.from_ical(response.content)["x-wr-calname"]) == title
    events = await read(house, path)
    assert events
    assert all(uid.startswith(f"{number}.") for uid in events)
    assert not any(".reminder." in uid or ".renewal_offer." in uid for uid in events)


async def test_an_answer_that_is_known_is_not_sent_again(house: House) -> None:
    """While nothing has happened the calendar program keeps what it has; then it gets the new one."""
    clock, number = await running(house)
    path = await subscribed(house, scope="desk", clock=clock)
    tag = (await house.http.get(path)).headers["etag"]
    again = await house.http.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await house.caller.post(f"/v1/contracts/{number}/suspend", {"reason": "holiday"})
    changed = await house.http.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_revoked_address_is_of_no_use(house: House) -> None:
    """Revoked, or guessed: there is no such calendar, and the list shows no address."""
    path = await subscribed(house, scope="desk", days=30)
    page = await house.caller.get("/v1/calendars", limit=200)
    assert not any("url" in item for item in page["items"])
    (mine,) = [item for item in page["items"] if item["days"] == 30 and item["revoked_at"] is None]
    assert (await house.http.get(path)).status_code == 200
    response = await house.caller.send("DELETE", f"/v1/calendars/{mine['id']}")
    assert response.json()["revoked_at"]
    for dead in (path, path.replace(path[12:20], "AAAAAAAA")):
        assert (await house.http.get(dead)).status_code == 404
    await house.caller.refused("POST", "/v1/calendars", {"scope": "customer"}, status=422)
