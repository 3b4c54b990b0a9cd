"""Answers from the contract itself: what it covers on a day, whether the order came in, when support ends."""

from __future__ import annotations

from datetime import date, datetime

from domain.calendar import DAY, local_date
from domain.replacement.history import Spell, spell
from domain.state import RUNNING, Line, OrderedBy, Status
from domain.values import Carried
from domain.view import View


class Covered(Carried):
    """One device of a contract on a day: whether it is covered, from when and, where it is known, until when."""

    line: str
    serial: str
    model: str
    service: str
    level: str | None = None
    place: str | None = None
    covered: bool
    since: date | None = None
    until: date | None = None
    why_not: str | None = None
    support_ends: date | None = None
    replaced_by: str | None = None
    replaces: str | None = None


class Answers(Carried):
    """What a contract says of itself on a day."""

    number: str
    on: date
    status: Status
    order_received_at: datetime | None = None
    order_form: OrderedBy | None = None
    devices: tuple[Covered, ...]


def answers(view: View, on: date, *, serial: str | None = None, model: str | None = None) -> Answers:
    """The answers for a day; narrowed to a device by its serial number and its model, where they are given."""
    lines = [
        line for line in view.lines if (serial is None or spell(line, serial)) and model in {None, _model(line, serial)}
    ]
    return Answers(
        number=view.number,
        on=on,
        status=view.status,
        order_received_at=view.ordered_at,
        order_form=view.ordered_by,
        devices=tuple(covered(view, line, on, serial) for line in lines),
    )


def _model(line: Line, serial: str | None) -> str:
    """The model of a device that the line serves, or has served."""
    return next((item.model for item in line.replaced if item.serial == serial), line.model)


def covered(view: View, line: Line, on: date, serial: str | None = None) -> Covered:
    """Whether one line of a contract covers a device on a day: its own, or one that it had before."""
    days = spell(line, serial or line.serial) or Spell()
    since, until = _first_day(view, line), _last_day(view, line)
    since = max(since, days.since) if since and days.since else since
    until = min(until or days.until, days.until - DAY) if days.until else until
    why_not = days.why_not(on) or _why_not(view, line, on, since, until)
    return Covered(
        line=line.id,
        serial=serial or line.serial,
        model=_model(line, serial or line.serial),
        service=line.text,
        level=line.level,
        place=line.place,
        covered=why_not is None,
        since=since,
        until=until,
        why_not=why_not,
        support_ends=line.support_ends,
        replaced_by=days.replaced_by,
        replaces=days.replaces,
    )


def _first_day(view: View, line: Line) -> date | None:
    if line.served_from:
        return line.served_from
    if line.active_since:
        return local_date(line.active_since, view.zone)
    return line.starts_on


def _last_day(view: View, line: Line) -> date | None:
    """The last day that is certain: of the line, of a planned end, else of the term."""
    planned = view.ending.last_day if view.ending else view.term.last if view.term else None
    ends = [day for day in (line.ends_on, view.ended_on or planned) if day]
    return min(ends) if ends else None


def _why_not(view: View, line: Line, on: date, since: date | None, until: date | None) -> str | None:
    """Why a device is not covered on a day; none where it is."""
    if view.ordered_at is None:
        return "the contract is not ordered"
    if not line.serviced:
        return "the device has no service"
    if since is None or on < since:
        return f"service starts on {since}" if since else "service has not started"
    if until and on > until:
        return f"service ends on {until}" if view.status in RUNNING else f"service ended on {until}"
    if view.status is Status.SUSPENDED:
        return "service is suspended"
    return None
