"""A warranty that moves: what waits for its end moves along, and what was billed is never billed anew.

A start that nobody was billed for moves as if it had not been. Where it was billed, the terms say: the correction is
refused, or the days that the device's own cover still held are credited, from the period on that was billed last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.activation import (
    billed_from,
    cover_end,
    start,
    starts_data,
    waits,
    with_starts,
)
from domain.billing import recharge
from domain.calendar import DAY
from domain.commands import MoveCover, Undo
from domain.effects import Effect
from domain.envelope import Event
from domain.events import CoverMoved
from domain.message import message
from domain.periods import boundary, pauses_count
from domain.refusal import Refusal
from domain.state import RUNNING, Contract, Cover, Line, Renewal, Start, Status

UNBROKEN = 2
"""The rules version since which a correction is refused that would leave served days without a bill."""


@dataclass(frozen=True, slots=True)
class _Move:
    """What a correction does to one line: a new start; waiting again; another first day of what is served."""

    start: Start | None = None
    again: bool = False
    served_from: date | None = None


def check_move(contract: Contract, command: MoveCover, now: datetime) -> tuple[Event, ...]:
    """A device's cover as it really is; what waits for it moves along."""
    return _moved_events(contract, command, now, withdrawn=False)


def check_undo_cover(contract: Contract, command: Undo, now: datetime) -> tuple[Event, ...]:
    """The last correction of a device's cover withdrawn: what moved with it moves back."""
    rule = contract.terms.start.rule
    corrected = [line for line in contract.lines if line.cover_before is not None and command.line in {None, line.id}]
    if not corrected:
        raise Refusal(rule, "no correction of a device's cover could be withdrawn", field="what")
    line = corrected[0]
    back = MoveCover(id=command.id, by=command.by, serial=line.serial, cover=line.cover_before or ())
    return _moved_events(contract, back, now, withdrawn=True)


def _moved_events(contract: Contract, command: MoveCover, now: datetime, *, withdrawn: bool) -> tuple[Event, ...]:
    rule = contract.terms.start.rule
    lines = [line for line in contract.lines if line.serial == command.serial and not line.over]
    if not lines:
        known = ", ".join(line.serial for line in contract.lines[:20])
        raise Refusal(
            rule,
            f"{command.serial} is not on this contract",
            allowed_when=f"the serial number is one of {known}",
            field="serial",
        )
    moves = {line.id: _move(contract, line, command.cover, now) for line in lines}
    event = CoverMoved(
        at=now,
        rule=rule,
        by=command.by,
        serial=command.serial,
        cover=command.cover,
        before=lines[0].cover,
        starts=tuple(move.start for move in moves.values() if move.start),
        again=tuple(name for name, move in moves.items() if move.again),
        served_from={name: move.served_from for name, move in moves.items() if move.served_from},
        cause=command.cause,
        reason=command.reason,
        withdrawn=withdrawn,
    )
    return (event, *_recredited(contract, event, now, rule))


def _move(contract: Contract, line: Line, cover: tuple[Cover, ...], now: datetime) -> _Move:
    moved, today = line.model_copy(update={"cover": cover}), contract.date_of(now)
    if waits(line):
        ordered = contract.date_of(contract.order.placed_at) if contract.order else today
        return _Move(start=start(contract, moved, ordered=ordered, today=today))
    if line.active_since is None:
        return _Move()
    if line.replaced and line.replaced[-1].on > _original(contract, line):
        return _Move()  # What came into running service was never waited for.
    first = _first_day(contract, moved)
    if first == (line.served_from or _original(contract, line)):
        return _Move()
    if line.billed is None:
        return _start_anew(contract, moved, first, today)
    return _billed_already(contract, line, first)


def _original(contract: Contract, line: Line) -> date:
    """The day on which the line's service started, whatever was found out of its cover since."""
    return line.starts_on or contract.date_of(line.active_since or contract.at)


def _first_day(contract: Contract, line: Line) -> date:
    """The first day that a started line is served: the day after its cover, and never before its start."""
    end, original = cover_end(contract.terms, line), _original(contract, line)
    return original if end is None or end < original else end + DAY


def _start_anew(contract: Contract, line: Line, first: date, today: date) -> _Move:
    """A start that nobody was billed for: the line waits again, or is billed from another day where that is past."""
    if first > today and contract.status is Status.SUSPENDED:
        raise Refusal(
            contract.terms.start.rule,
            f"service of {line.serial} is suspended and would start on {first}",
            allowed_when="it is resumed",
        )
    begin = Start(line=line.id, starts_on=first, billed_from=billed_from(contract, line, first))
    return _Move(start=begin, again=first > today)


def _billed_already(contract: Contract, line: Line, first: date) -> _Move:
    """A start that was billed: credited from the period on that was billed last, where the terms say so."""
    terms, billed = contract.terms.start, line.billed
    if billed is None or (terms.corrected == "refused" and first > _original(contract, line)):
        until = billed.last if billed else None
        raise Refusal(
            terms.rule,
            f"service for {line.serial} has started and is billed until {until}; nothing waits for its cover",
            allowed_when=f"the cover ends before {_original(contract, line)}; these terms credit nothing for it",
            field="cover",
        )
    if max(first, line.served_from or _original(contract, line)) <= billed.first:
        raise Refusal(
            terms.rule,
            f"the period from {billed.first} is billed; days before it are no longer credited or charged to the day",
            allowed_when=f"the cover ends on {billed.first} or later",
            field="cover",
        )
    _check_unbilled(contract, line, first)
    return _Move(served_from=first)


def _check_unbilled(contract: Contract, line: Line, first: date) -> None:
    """Days without a bill, because they were covered, may be served after all only where a bill can still be made."""
    if line.billed is None or line.served_from is None or first >= line.served_from or contract.rules < UNBROKEN:
        return
    begins = boundary(contract, line, line.billed_months)
    if line.billed.last + DAY < begins and first < begins:
        raise Refusal(
            contract.terms.start.rule,
            f"no bill is made any more for the days of {line.serial} before {begins}: its periods begin anew there",
            allowed_when=f"the cover ends on {begins - DAY} or later",
            field="cover",
        )
    if contract.status is Status.SUSPENDED and pauses_count(contract) and begins < line.served_from:
        raise Refusal(
            contract.terms.start.rule,
            f"the period of {line.serial} from {begins} has no bill yet, and none is made while service is suspended",
            allowed_when="it is resumed",
            field="cover",
        )


def _recredited(contract: Contract, event: CoverMoved, now: datetime, rule: str) -> tuple[Event, ...]:
    """The days of the last billed period that the cover still held, given back; or those charged again."""
    if not event.served_from:
        return ()
    after = contract.model_copy(update=_moved(contract, event) | {"version": contract.version + 1})
    return recharge(after, now, "the device's own cover ends on another day", rule, only=set(event.served_from))


def _moved(contract: Contract, event: CoverMoved) -> dict[str, Any]:
    lines = with_starts((_moved_line(line, event) for line in contract.lines), event.starts)
    changes: dict[str, Any] = {"lines": lines}
    runs = any(line.active_since and not line.over for line in lines)
    if event.again and not runs and contract.status in RUNNING:
        changes |= {"status": Status.SCHEDULED, "active_since": None, "term": None, "renewal": Renewal()}
    return changes


def _moved_line(line: Line, event: CoverMoved) -> Line:
    if line.serial != event.serial or line.over:
        return line
    changes: dict[str, Any] = {"cover": event.cover, "cover_before": None if event.withdrawn else line.cover}
    if line.id in event.again:
        changes |= {"active_since": None, "served_from": None, "restarts": line.restarts + 1}
    if first := event.served_from.get(line.id):
        changes["served_from"] = first
    return line.model_copy(update=changes)


def _tell_moved(contract: Contract, event: CoverMoved) -> Iterator[Effect]:
    """Data of `start_moved`: starts (serial, text, starts_on, billed_from), credited, reason or none."""
    served = (Start(line=line, starts_on=day, billed_from=day) for line, day in event.served_from.items())
    starts: Iterable[Start] = (*event.starts, *served)
    told = starts_data(contract, starts)
    if not told:
        return
    if not (event.cause or event.withdrawn or event.again or event.served_from):
        # Corrections had no cause once: whoever replays one says again what was said.
        yield message(contract, event, "activation_scheduled", contract.version, starts=told)
        return
    credited = bool(event.served_from)
    yield message(contract, event, "start_moved", contract.version, starts=told, credited=credited, reason=event.reason)


CHECKS = {MoveCover: check_move}
EVOLVE = {CoverMoved: _moved}
EFFECTS = {CoverMoved: _tell_moved}
