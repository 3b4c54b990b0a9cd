"""The start of service: deferred until the device's own cover has ended, and the first day that is billed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from domain.calendar import DAY, first_of_next_month, last_day_of
from domain.due import Due, Rank, moment
from domain.effects import Effect
from domain.envelope import Event
from domain.events import Activated, ActivationScheduled
from domain.message import message
from domain.onboarding.events import OnboardingOpened
from domain.state import ENDED, Contract, Line, Start, Status, Term
from domain.terms import Terms


def cover_end(terms: Terms, line: Line) -> date | None:
    """The last day of the cover that the terms wait for: the latest of the kinds that they name."""
    return max((cover.last_day for cover in line.cover if cover.kind in terms.start.after), default=None)


def start(contract: Contract, line: Line, *, ordered: date, today: date) -> Start:
    """When a line's service starts, and from which day it is billed.

    Cover that is in force on the day of the order is waited for; where it has run out meanwhile, or there was
    none, service starts today, or on the start date that was agreed.
    """
    end, earliest = cover_end(contract.terms, line), max(today, contract.start_on or today)
    if end is None or end < ordered:
        return Start(line=line.id, starts_on=earliest, billed_from=earliest)
    starts_on = max(end + DAY, earliest)
    return Start(line=line.id, starts_on=starts_on, billed_from=billed_from(contract, line, starts_on))


def billed_from(contract: Contract, line: Line, starts_on: date) -> date:
    """The first billed day of a line that waited for the end of its cover."""
    end, billing = cover_end(contract.terms, line), contract.terms.billing
    if end and billing and billing.covered == "first_of_next_month":
        return max(first_of_next_month(end), starts_on)
    return starts_on


def complete(contract: Contract, *, placed_at: datetime, now: datetime) -> tuple[Event, ...]:
    """What a complete order causes: lines that need not wait start now, the others are scheduled.

    Where the terms take the customer on first, everything waits for that.
    """
    if contract.terms.supplies:
        # Each line starts with its own supplies.
        return (ActivationScheduled(at=now, rule=contract.terms.supplies.rule, starts=()),)
    onboarding = contract.terms.onboarding
    if onboarding:
        finish_by = contract.date_of(now) + timedelta(days=onboarding.within_days)
        return (OnboardingOpened(at=now, rule=onboarding.rule, finish_by=finish_by),)
    return start_lines(contract, placed_at=placed_at, now=now)


def start_lines(contract: Contract, *, placed_at: datetime, now: datetime) -> tuple[Event, ...]:
    """The start of every line: today, or on the day after the cover that it waits for."""
    ordered, today = contract.date_of(placed_at), contract.date_of(now)
    starts = [start(contract, line, ordered=ordered, today=today) for line in contract.lines]
    waiting = tuple(item for item in starts if item.starts_on > today)
    ready = tuple(item for item in starts if item.starts_on <= today)
    events: list[Event] = []
    if waiting:
        events.append(ActivationScheduled(at=now, rule=contract.terms.start.rule, starts=waiting))
    if ready:
        events.append(started(contract, now, ready))
    return tuple(events)


def started(contract: Contract, at: datetime, starts: tuple[Start, ...], rule: str | None = None) -> Activated:
    """The start of some lines; the first of them begins the contract's first term."""
    term = None if contract.term else _first_term(contract, at)
    return Activated(at=at, rule=rule or contract.terms.start.rule, starts=starts, term=term)


def term_months(contract: Contract, terms: Terms | None = None) -> int | None:
    """How long a term is, under these terms or the contract's own; none where the contract runs without one."""
    length = (terms or contract.terms).term
    return None if length is None else contract.term_months or length.months


def _first_term(contract: Contract, at: datetime) -> Term | None:
    first, months = contract.date_of(at), term_months(contract)
    return Term(number=1, first=first, last=last_day_of(first, months), months=months) if months else None


def next_term(contract: Contract, term: Term) -> Term:
    """The term after this one, counted from activation so that no clipped month end is carried along.

    Days that pauses have added to terms before it move it along. One that is to end on a named day ends then, and the
    terms after it are counted from there.
    """
    first = term.last + DAY
    if contract.renewal.until and term == contract.term:
        return anchored(contract, term.number + 1, first, contract.renewal.until)
    months = term.months + (term_months(contract, contract.renewal.terms) or term.months)
    anchor = term.anchor or contract.active_since or term.first
    last = last_day_of(anchor, months) + timedelta(days=contract.extended - term.extended)
    return Term(
        number=term.number + 1, first=first, last=last, months=months, anchor=term.anchor, extended=term.extended
    )


def anchored(contract: Contract, number: int, first: date, last: date) -> Term:
    """A term with a last day of its own: those after it are counted from the day after that."""
    return Term(number=number, first=first, last=last, months=0, anchor=last + DAY, extended=contract.extended)


def line_since(contract: Contract, line: Line) -> date | None:
    """The device's first day under the contract; none before its service has started."""
    if line.since:
        return line.since
    return contract.date_of(line.active_since) if line.active_since else None


def waits(line: Line) -> bool:
    """Whether a line has a day to start on, and has not started."""
    return line.starts_on is not None and line.active_since is None and line.ends_on is None


def due(contract: Contract) -> Iterator[Due]:
    """Lines start when the day after their cover begins."""
    days = [line.starts_on for line in contract.lines if waits(line) and line.starts_on]
    if not days or contract.status in ENDED:
        return
    day = min(days)
    at, rule = moment(contract, day), contract.terms.start.rule
    starts = tuple(
        Start(line=line.id, starts_on=day, billed_from=line.anchor)
        for line in contract.lines
        if waits(line) and line.starts_on == day and line.anchor
    )
    yield Due(at, Rank.START, day, "service starts", rule, (started(contract, at, starts),))


def _scheduled(contract: Contract, event: ActivationScheduled) -> dict[str, Any]:
    return {"status": Status.SCHEDULED, "lines": with_starts(contract.lines, event.starts)}


def with_starts(lines: Iterable[Line], starts: tuple[Start, ...]) -> tuple[Line, ...]:
    """The lines, some of them with another start."""
    by_line = {item.line: item for item in starts}
    return tuple(_with_start(line, found) if (found := by_line.get(line.id)) else line for line in lines)


def _with_start(line: Line, found: Start) -> Line:
    """The line with its start; a change that waits for its first period moves along."""
    planned = line.planned.model_copy(update={"on": found.billed_from}) if line.planned else None
    return line.model_copy(update={"starts_on": found.starts_on, "anchor": found.billed_from, "planned": planned})


def _started(contract: Contract, event: Activated) -> dict[str, Any]:
    begun = {item.line for item in event.starts}
    lines = tuple(
        line.model_copy(update={"active_since": event.at}) if line.id in begun else line
        for line in with_starts(contract.lines, event.starts)
    )
    changes: dict[str, Any] = {"lines": lines}
    if contract.status is not Status.SUSPENDED:
        changes["status"] = Status.ACTIVE
    if contract.active_since is None:
        changes["active_since"] = contract.date_of(event.at)
    if event.term:
        changes["term"] = event.term
    return changes


def starts_data(contract: Contract, starts: Iterable[Start]) -> list[dict[str, str]]:
    """What a text may say of starts: serial, text, starts_on and billed_from of each."""
    lines = {line.id: line for line in contract.lines}
    return [
        {
            "serial": lines[item.line].serial,
            "text": lines[item.line].text,
            "starts_on": item.starts_on.isoformat(),
            "billed_from": item.billed_from.isoformat(),
        }
        for item in starts
    ]


def _tell_scheduled(contract: Contract, event: ActivationScheduled) -> Iterator[Effect]:
    if event.starts:
        yield message(contract, event, "activation_scheduled", starts=starts_data(contract, event.starts))


def _tell_started(contract: Contract, event: Activated) -> Iterator[Effect]:
    starts = starts_data(contract, event.starts)
    last_day = contract.term.last.isoformat() if contract.term else None
    first = contract.line(event.starts[0].line)
    # A line that had to wait again starts a second time, of which its customer hears too.
    again = f".{first.restarts}" if first and first.restarts else ""
    yield message(contract, event, "activated", f"{event.starts[0].line}{again}", starts=starts, last_day=last_day)


EVOLVE = {ActivationScheduled: _scheduled, Activated: _started}
EFFECTS = {ActivationScheduled: _tell_scheduled, Activated: _tell_started}
