"""Pauses of the service: bills wait, and whole days without service are not charged, however often it happens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from domain.billing import recharge
from domain.calendar import DAY
from domain.commands import Resume, Suspend
from domain.effects import Effect
from domain.envelope import Event
from domain.events import Resumed, Suspended
from domain.message import message
from domain.refusal import Refusal
from domain.state import Contract, Status
from domain.values import Span


def check_suspend(contract: Contract, command: Suspend, now: datetime) -> tuple[Event, ...]:
    """The pause from now on; the day itself still counts as served."""
    terms = contract.terms.suspension
    if terms is None:
        raise Refusal(contract.terms.quote.rule, "the programme knows no suspension")
    today = contract.date_of(now)
    return (Suspended(at=now, rule=terms.rule, by=command.by, on=today, reason=command.reason),)


def check_resume(contract: Contract, command: Resume, now: datetime) -> tuple[Event, ...]:
    """Service from today on; what was paid for the days between is credited."""
    terms = contract.terms.suspension
    return resumed(contract, now, terms.rule if terms else contract.terms.quote.rule, by=command.by)


def resumed(contract: Contract, at: datetime, rule: str, *, by: str = "tenure") -> tuple[Event, ...]:
    """Service from a day on, with the credit for the whole days without it, where the terms give one."""
    goes_on = Resumed(at=at, rule=rule, by=by, on=contract.date_of(at))
    after = contract.model_copy(update=_resumed(contract, goes_on) | {"version": contract.version + 1})
    return (goes_on, *recharge(after, at, "days without service", rule))


def _suspended(contract: Contract, event: Suspended) -> dict[str, Any]:
    return {"status": Status.SUSPENDED, "pauses": (*contract.pauses, Span(first=event.on + DAY))}


def _resumed(contract: Contract, event: Resumed) -> dict[str, Any]:
    last = event.on - DAY
    closed = (pause if pause.last else Span(first=pause.first, last=last) for pause in contract.pauses)
    return {"status": Status.ACTIVE, "pauses": tuple(pause for pause in closed if pause.days), "dunned": False}


def _tell_suspended(contract: Contract, event: Suspended) -> Iterator[Effect]:
    yield message(contract, event, "suspended", contract.version, reason=event.reason)


def _tell_resumed(contract: Contract, event: Resumed) -> Iterator[Effect]:
    yield message(contract, event, "resumed", contract.version, effective_on=event.on.isoformat())


CHECKS = {Suspend: check_suspend, Resume: check_resume}
EVOLVE = {Suspended: _suspended, Resumed: _resumed}
EFFECTS = {Suspended: _tell_suspended, Resumed: _tell_resumed}
