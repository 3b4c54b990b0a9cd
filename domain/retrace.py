"""A contract's trail, retraced: what the decider would have done by itself, against what the trail says it did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import takewhile
from typing import Any

from pydantic import TypeAdapter

from domain.decider import begin, evolve, next_due
from domain.envelope import Event
from domain.events import AnyEvent, Quoted
from domain.state import Contract
from domain.takeover.events import TakenOver
from domain.terms import Terms
from domain.view import Entry

_EVENTS: TypeAdapter[Any] = TypeAdapter(AnyEvent)


def event_of(entry: Entry, terms: dict[int, Terms]) -> Event:
    """The event that an entry tells of; ``terms`` are the programme's versions. Raises ValueError for a damaged one."""
    version = entry.data.get("terms_version")
    named = {"terms": terms[int(str(version))]} if version is not None else {}
    told = {"kind": entry.kind, "at": entry.at, "rule": entry.rule, "by": entry.by}
    event: Event = _EVENTS.validate_python(entry.data | told | named)
    return event


def resumed(contract: Contract | None, entries: Iterable[Entry], terms: dict[int, Terms]) -> Contract | None:
    """The contract as it stands after more entries of its trail, or after all of them where none is given yet.

    Raises ValueError for a trail that begins with something else than its contract's beginning.
    """
    for entry in entries:
        if entry.kind.startswith("operations."):
            continue
        event = event_of(entry, terms)
        if contract is not None:
            contract = evolve(contract, event)
        elif isinstance(event, Quoted | TakenOver):
            contract = begin(event)
        else:
            raise ValueError(f"the trail begins with {entry.kind}")
    return contract


def retrace(entries: Iterable[Entry], terms: dict[int, Terms], now: datetime) -> Iterator[str]:
    """Every way in which a trail is not what the decider does: skipped, done otherwise, or not done yet, in words."""
    contract: Contract | None = None
    waiting: list[Event] = []
    for entry in entries:
        if entry.kind.startswith("operations."):
            continue
        event = event_of(entry, terms)
        if contract is None:
            if not isinstance(event, Quoted | TakenOver):
                yield f"entry {entry.seq}: the trail begins with {entry.kind}"
                return
            contract = begin(event)
            continue
        fresh = not waiting
        waiting = waiting or _due(contract, event.at)
        wrong, left = _compared(waiting, event)
        # What falls due between the events of one command is looked at anew after them.
        waiting = [] if fresh and left is waiting else left
        if wrong:
            yield f"entry {entry.seq}: {wrong}"
        contract = evolve(contract, event)
    if contract is not None:
        for event in _due(contract, now)[:1]:
            yield f"{_name(event)} of {event.at:%Y-%m-%d} is due and has not happened"


def restored(entries: Iterable[Entry], terms: dict[int, Terms], before: datetime | None = None) -> Contract | None:
    """The contract that a trail tells of, as it was before an instant, or as it is; none before its first entry."""
    # What is said of the wire is dated when it was said, between happenings that are dated as due.
    own = (entry for entry in entries if not entry.kind.startswith("operations."))
    return resumed(None, takewhile(lambda entry: before is None or entry.at < before, own), terms)


def _compared(waiting: list[Event], event: Event) -> tuple[str | None, list[Event]]:
    """What is wrong with an event where others, by themselves, were waited for; and what is still waited for."""
    if not waiting:
        return None, waiting
    expected = waiting[0]
    if type(expected) is type(event) and expected.at == event.at:
        return (None if expected == event else f"{_name(event)} is not what the terms say"), waiting[1:]
    if expected.at < event.at:
        return f"before it, {_name(expected)} of {expected.at:%Y-%m-%d} was due and is missing", []
    return None, waiting


def _due(contract: Contract, by: datetime) -> list[Event]:
    due = next_due(contract)
    return list(due.events) if due and due.at <= by else []


def _name(event: Event) -> str:
    return str(getattr(event, "kind", type(event).__name__))
