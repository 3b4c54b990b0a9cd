"""Pauses of the service: bills wait, and whole days without it are credited, or added, however often it happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from domain.billing import recharge
from domain.calendar import DAY
from domain.commands import Resume, Suspend
from domain.effects import Effect
from domain.envelope import Command, Event
from domain.events import Resumed, Suspended
from domain.message import message
from domain.periods import boundary, ends_with_term, extends
from domain.refusal import Refusal
from domain.state import Contract, Line, Status
from domain.values import Span


def check_suspend(contract: Contract, command: Suspend, now: datetime) -> tuple[Event, ...]:
    """The pause from now on; the day itself still counts as served."""
    terms = contract.terms.suspension
    if terms is None:
        raise Refusal(contract.terms.quote.rule, "the programme knows no suspension")
    today = contract.date_of(now)
    return (Suspended(at=now, rule=terms.rule, by=command.by, on=today, reason=command.reason),)


def check_resume(contract: Contract, command: Resume, now: datetime) -> tuple[Event, ...]:
    """Service from today on; what was paid for the days between is credited, or served later."""
    terms = contract.terms.suspension
    return resumed(contract, now, terms.rule if terms else contract.terms.quote.rule, by=command.by)


def resumed(contract: Contract, at: datetime, rule: str, *, by: str = "tenure") -> tuple[Event, ...]:
    """Service from a day on, with the credit for the whole days without it, where the terms give one."""
    on = contract.date_of(at)
    days = _closed(contract, on)[-1:] if extends(contract) else ()
    goes_on = Resumed(at=at, rule=rule, by=by, on=on, extends=sum(pause.days for pause in days))
    after = contract.model_copy(update=_resumed(contract, goes_on) | {"version": contract.version + 1})
    return (goes_on, *recharge(after, at, "days without service", rule))


def _suspended(contract: Contract, event: Suspended) -> dict[str, Any]:
    return {"status": Status.SUSPENDED, "pauses": (*contract.pauses, Span(first=event.on + DAY))}


def _resumed(contract: Contract, event: Resumed) -> dict[str, Any]:
    pauses = tuple(pause for pause in _closed(contract, event.on) if pause.days)
    changes = {"status": Status.ACTIVE, "pauses": pauses, "dunned": False}
    return changes | _moved_on(contract, pauses, event.extends) if event.extends else changes


def _closed(contract: Contract, on: date) -> tuple[Span, ...]:
    return tuple(pause if pause.last else Span(first=pause.first, last=on - DAY) for pause in contract.pauses)


def _moved_on(contract: Contract, pauses: tuple[Span, ...], days: int) -> dict[str, Any]:
    """What a pause that has ended moves: the term, what ends with it, the deadline of its renewal, the periods."""
    more, term, ending, renewal = timedelta(days=days), contract.term, contract.ending, contract.renewal
    after = contract.model_copy(update={"pauses": pauses})
    return {
        "extended": contract.extended + days,
        "term": term and term.model_copy(update={"last": term.last + more}),
        "ending": ending and ending.model_copy(update={"last_day": _end(contract, ending.last_day, more)}),
        "renewal": renewal.model_copy(update={"deadline": renewal.deadline + more}) if renewal.deadline else renewal,
        "lines": tuple(_line_moved(contract, after, line, more) for line in contract.lines),
    }


def _end(contract: Contract, day: date, more: timedelta) -> date:
    return day + more if ends_with_term(contract, day) else day


def _line_moved(before: Contract, after: Contract, line: Line, more: timedelta) -> Line:
    """A line whose billed period and planned change move on; one that is over, or has not started, stays as it is."""
    if line.over or line.active_since is None or line.anchor is None:
        return line
    changes: dict[str, Any] = {}
    if line.ends_on:
        changes["ends_on"] = _end(before, line.ends_on, more)
    if line.planned:
        changes["planned"] = line.planned.model_copy(update={"on": boundary(after, line, line.planned.months)})
    if line.billed and line.billed.last >= after.pauses[-1].first:
        last = boundary(after, line, line.billed_months) - DAY
        added = line.billed.added + (last - line.billed.last).days
        changes["billed"] = line.billed.model_copy(update={"last": last, "added": added})
    return line.model_copy(update=changes)


def _tell_suspended(contract: Contract, event: Suspended) -> Iterator[Effect]:
    yield message(contract, event, "suspended", contract.version, reason=event.reason)


def _tell_resumed(contract: Contract, event: Resumed) -> Iterator[Effect]:
    last_day = contract.term.last.isoformat() if contract.term and event.extends else None
    yield message(
        contract,
        event,
        "resumed",
        contract.version,
        effective_on=event.on.isoformat(),
        added=event.extends,
        last_day=last_day,
    )


CHECKS: dict[type[Command], Callable[..., Any]] = {Suspend: check_suspend, Resume: check_resume}
EVOLVE: dict[type[Event], Callable[..., Any]] = {Suspended: _suspended, Resumed: _resumed}
EFFECTS: dict[type[Event], Callable[..., Any]] = {Suspended: _tell_suspended, Resumed: _tell_resumed}
