"""Onboarding in a contract's life: opened by the complete order, warned of, late, done; then service starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from domain.activation import start_lines
from domain.calendar import DAY
from domain.casework import expected
from domain.casework.opening import open_case
from domain.due import Due, Rank, moment
from domain.effects import CloseCase, Effect, MoveCase
from domain.envelope import Command, Event
from domain.message import message
from domain.onboarding.commands import CompleteOnboarding
from domain.onboarding.events import OnboardingDone, OnboardingLate, OnboardingOpened, OnboardingWarned
from domain.onboarding.state import Onboarding
from domain.refusal import Refusal
from domain.state import Contract, Status


def check_complete(contract: Contract, command: CompleteOnboarding, now: datetime) -> tuple[Event, ...]:
    """The end of onboarding, and the start of service with it."""
    terms, going, order = contract.terms.onboarding, contract.onboarding, contract.order
    if terms is None or going is None or going.done_on or order is None:
        rule = terms.rule if terms else contract.terms.start.rule
        raise Refusal(rule, "no onboarding of this contract is going on")
    done = OnboardingDone(at=now, rule=terms.rule, by=command.by, note=command.note)
    return (done, *start_lines(contract, placed_at=order.placed_at, now=now))


def due(contract: Contract) -> Iterator[Due]:
    """A warning before the last day, and an alarm after it."""
    terms, going = contract.terms.onboarding, contract.onboarding
    if terms is None or going is None or going.done_on or contract.status is not Status.SCHEDULED:
        return
    by, rule = going.finish_by, terms.rule
    if not going.warned:
        day = by - timedelta(days=terms.warn_days)
        at = moment(contract, day, contract.terms.notices_at)
        warned = OnboardingWarned(at=at, rule=rule, finish_by=by)
        yield Due(at, Rank.NOTICE, day, "a warning unless onboarding is done", rule, (warned,))
    elif not going.late:
        at = moment(contract, by + DAY)
        late = OnboardingLate(at=at, rule=rule, finish_by=by)
        yield Due(at, Rank.NOTICE, by, "onboarding is late unless it is done", rule, (late,))


def _opened(contract: Contract, event: OnboardingOpened) -> dict[str, Any]:
    going = Onboarding(finish_by=event.finish_by)
    return {"status": Status.SCHEDULED, "onboarding": going}


def _with(contract: Contract, **changes: object) -> dict[str, Any]:
    return {"onboarding": contract.onboarding.model_copy(update=changes)} if contract.onboarding else {}


def onboarding_case(contract: Contract) -> str:
    """The id of the ticket of an onboarding that is nearly late."""
    return f"{contract.number}-ONBOARDING"


def _tell_opened(contract: Contract, event: OnboardingOpened) -> Iterator[Effect]:
    """Data of `welcome`: finish_by, access_code or none."""
    by = event.finish_by.isoformat()
    yield message(contract, event, "welcome", finish_by=by, access_code=contract.access_code)


def _tell_warned(contract: Contract, event: OnboardingWarned) -> Iterator[Effect]:
    case = onboarding_case(contract)
    yield open_case(
        contract,
        event,
        case,
        f"Onboarding of {contract.customer.name} is not done; last day {event.finish_by}",
        stage="due",
        expects=expected.ONBOARDING,
    )


def _tell_late(contract: Contract, event: OnboardingLate) -> Iterator[Effect]:
    case = onboarding_case(contract)
    key = contract.key("case-stage", f"{case}.overdue")
    yield MoveCase(key=key, at=event.at, rule=event.rule, case=case, stage="overdue")


def _tell_done(contract: Contract, event: OnboardingDone) -> Iterator[Effect]:
    if contract.onboarding and contract.onboarding.warned:
        case = onboarding_case(contract)
        key = contract.key("case-closed", case)
        yield CloseCase(key=key, at=event.at, rule=event.rule, case=case, note=event.note)


CHECKS: dict[type[Command], Callable[..., Any]] = {CompleteOnboarding: check_complete}
EVOLVE: dict[type[Event], Callable[..., Any]] = {
    OnboardingOpened: _opened,
    OnboardingWarned: lambda contract, event: _with(contract, warned=True),
    OnboardingLate: lambda contract, event: _with(contract, late=True),
    OnboardingDone: lambda contract, event: _with(contract, done_on=contract.date_of(event.at)),
}
EFFECTS: dict[type[Event], Callable[..., Any]] = {
    OnboardingOpened: _tell_opened,
    OnboardingWarned: _tell_warned,
    OnboardingLate: _tell_late,
    OnboardingDone: _tell_done,
}
