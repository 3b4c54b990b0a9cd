"""iCalendar (RFC 5545): deadlines as a feed that calendar programs subscribe to, in the reader's language.

A day is an all-day event of the contract's own calendar, wherever the reader is; an instant stands in UTC. The same
deadline has the same UID each time, so it moves in the calendar instead of standing there twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import quote

from icalendar import Calendar, Event
from ruamel.yaml import YAML

from domain.calendar import DAY
from domain.deadlines import Deadline

WORDS = Path(__file__).parents[1] / "programmes" / "common" / "calendar.yaml"
MEDIA_TYPE = "text/calendar; charset=utf-8"
_REFRESH = "PT6H"
_SHORT = timedelta(minutes=15)


@cache
def words() -> dict[str, dict[str, str]]:
    """What calendars say, by language."""
    found: dict[str, dict[str, str]] = YAML(typ="safe", pure=True).load(WORDS)
    return found


def feed(items: Iterable[Deadline], *, language: str, stamp: datetime) -> bytes:
    """The deadlines as a calendar; ``stamp`` is the instant as of which they are known."""
    said = words()[language]
    calendar = Calendar()
    calendar.add("prodid", "-//Tenure//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", said["title"])
    calendar.add("x-published-ttl", _REFRESH)
    for item in items:
        calendar.add_component(_event(item, said, stamp, told=language == "en"))
    text: bytes = calendar.to_ical()
    return text


def _event(item: Deadline, said: dict[str, str], stamp: datetime, *, told: bool) -> Event:
    """One deadline; what is ``told`` besides is in the words of the trail, which are English."""
    event = Event()
    event.add("uid", f"{quote(f'{item.contract}.{item.kind}.{item.occurrence}', safe='.')}@tenure")
    event.add("dtstamp", stamp)
    event.add("summary", _line(item, said))
    notes = [item.detail] if item.detail and told else []
    notes += [said["customer"].format(customer=item.customer), said["rule"].format(rule=item.rule)]
    event.add("description", "\n".join(notes))
    event.add("categories", [item.kind])
    event.add("transp", "TRANSPARENT")
    if item.at is None:
        event.add("dtstart", item.on)
        event.add("dtend", item.on + DAY)
    else:
        event.add("dtstart", item.at - _SHORT)
        event.add("dtend", item.at)
    return event


def _line(item: Deadline, said: dict[str, str]) -> str:
    text = said.get(item.kind) or said["other"]
    detail = item.detail or item.kind.replace("_", " ")
    return text.format(contract=item.contract, detail=detail, occurrence=item.occurrence)
