"""Calls for help: one case, worked on stage by stage, for devices that are covered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from domain import commands
from domain.activation import waits
from domain.callers import check_open as check_caller
from domain.casework import expected
from domain.casework.events import CaseNoted
from domain.casework.opening import open_case
from domain.commands import AdvanceCase, OpenCase
from domain.desk import desk_time_after
from domain.deskwork import answer_by
from domain.due import Due, Rank
from domain.effects import CloseCase, Effect, EscalateCase, MoveCase, ReopenCase
from domain.envelope import Event
from domain.events import CaseAdvanced, CaseClosed, CaseEscalated, CaseOpened, CaseReopened
from domain.fleet.cases import line_for
from domain.message import message
from domain.refusal import Refusal
from domain.replacement.history import successor
from domain.state import KEPT_CASES, Case, Contract, Line, Status
from domain.terms import SupportTerms


def _terms(contract: Contract) -> SupportTerms:
    if contract.terms.support is None:
        raise Refusal(contract.terms.quote.rule, "the programme takes no calls for help")
    return contract.terms.support


def check_open(contract: Contract, command: OpenCase, now: datetime) -> tuple[Event, ...]:
    """A case for a device that the contract covers today; where repairs are billed, also for one that it does not."""
    terms = _terms(contract)
    check_caller(contract, terms, command, now)
    _check_not_replaced(contract, command.serial, terms)
    line = line_for(contract, command, now)
    uncovered = _uncovered(contract, line, command.serial, terms, contract.date_of(now))
    if uncovered and contract.terms.repairs is None:
        raise uncovered
    opened = CaseOpened(
        at=now,
        rule=_rule(terms, line.level if line else None),
        by=command.by,
        case=f"{contract.number}-C{contract.case_count + 1}",
        serial=command.serial,
        subject=command.subject,
        stage=_stages(terms, line.level if line else None)[0],
        level=line.level if line and line.level in terms.levels else None,
        caller=command.caller,
        covered=uncovered is None,
        answer_by=answer_by(contract, now),
        escalate_at=_escalate_at(contract, now),
    )
    return (opened,)


def _check_not_replaced(contract: Contract, serial: str, terms: SupportTerms) -> None:
    """Help is for the device that is there; an open case keeps the one that it was opened for."""
    gone = successor(contract.lines, serial)
    if gone:
        raise Refusal(
            terms.rule,
            f"{serial} was replaced by {gone.replaced_by} on {gone.until}",
            allowed_when=f"the serial number is {gone.replaced_by}",
            field="serial",
        )


def stages_of(contract: Contract, level: str | None) -> tuple[str, ...]:
    """The stages of a call for help at a level; none where the programme takes no calls."""
    return _stages(contract.terms.support, level) if contract.terms.support else ()


def _stages(terms: SupportTerms, level: str | None) -> tuple[str, ...]:
    """The stages of a case: those of the device's level where it has its own."""
    return terms.levels[level].stages if level in terms.levels else terms.stages


def _rule(terms: SupportTerms, level: str | None) -> str:
    return terms.levels[level].rule if level in terms.levels else terms.rule


def _escalate_at(contract: Contract, now: datetime) -> datetime | None:
    """When a call that is not answered is escalated: so many desk hours before its time is over."""
    desk, support = contract.terms.desk, contract.terms.support
    if desk is None or desk.answer_hours is None or support is None or support.escalation is None:
        return None
    left = desk.answer_hours - support.escalation.before_hours
    return desk_time_after(desk, now, timedelta(hours=left), contract.zone)


def _uncovered(contract: Contract, line: Line | None, serial: str, terms: SupportTerms, today: date) -> Refusal | None:
    """Why the contract does not cover a device today; none where it does."""
    if line is None:
        serials = ", ".join(line.serial for line in contract.lines[:20])
        return Refusal(
            terms.rule,
            f"{serial} is not on this contract",
            allowed_when=f"the serial number is one of {serials}",
            field="serial",
        )
    begins = line.starts_on if waits(line) else line.served_from
    if waits(line) or (begins and begins > today):
        return Refusal(
            terms.rule,
            f"service for {line.serial} has not started: its earlier cover still holds",
            allowed_from=begins,
        )
    if line.over:
        return Refusal(terms.rule, f"service for {line.serial} ended on {line.ends_on}", field="serial")
    if line.active_since is None:
        allowed = "its service has started" if line.serviced else None
        return Refusal(terms.rule, f"{line.serial} has no service", allowed_when=allowed, field="serial")
    if contract.status is Status.SUSPENDED:
        return Refusal(terms.rule, "service is suspended", allowed_when="it is resumed")
    return None


def check_advance(contract: Contract, command: AdvanceCase, now: datetime) -> tuple[Event, ...]:
    """The case's next stage; after the last one, or when asked to, it is closed."""
    terms = _terms(contract)
    case = next((case for case in contract.cases if case.id == command.case), None)
    if case is None:
        raise Refusal(terms.rule, f"there is no open case {command.case}", field="case")
    stages, rule = _stages(terms, case.level), _rule(terms, case.level)
    later = stages[stages.index(case.stage) + 1 :] if case.stage in stages else ()
    if command.stage and (not later or command.stage != later[0]):
        allowed = f"`{later[0]}` is next" if later else "it is closed"
        raise Refusal(rule, f"case {case.id} is at `{case.stage}`", allowed_when=allowed, field="stage")
    if command.close or not later:
        return (CaseClosed(at=now, rule=rule, by=command.by, case=case.id, note=command.note),)
    return (CaseAdvanced(at=now, rule=rule, by=command.by, case=case.id, stage=later[0], note=command.note),)


def check_reopen(contract: Contract, command: commands.ReopenCase, now: datetime) -> tuple[Event, ...]:
    """A closed call for help, taken up again where it was left."""
    terms = _terms(contract)
    case = next((case for case in contract.closed_cases if case.id == command.case), None)
    if case is None:
        raise Refusal(terms.rule, f"there is no closed case {command.case} that could be taken up again", field="case")
    return (CaseReopened(at=now, rule=_rule(terms, case.level), by=command.by, case=case.id, note=command.note),)


def due(contract: Contract) -> Iterator[Due]:
    """A call that is not answered is escalated before its time is over, and once more when it is."""
    escalation = contract.terms.support.escalation if contract.terms.support else None
    if escalation is None:
        return
    for case in contract.cases:
        if case.answered_at or case.answer_by is None or case.escalate_at is None or case.late:
            continue
        at = max(case.answer_by if case.escalated else case.escalate_at, contract.at)
        event = CaseEscalated(at=at, rule=escalation.rule, case=case.id, answer_by=case.answer_by, late=case.escalated)
        what = f"case {case.id} is {'late' if case.escalated else 'escalated'} unless it is answered"
        yield Due(at, Rank.NOTICE, contract.date_of(at), what, escalation.rule, (event,))


def _opened(contract: Contract, event: CaseOpened) -> dict[str, Any]:
    case = Case(
        id=event.case,
        serial=event.serial,
        stage=event.stage,
        covered=event.covered,
        level=event.level,
        answer_by=event.answer_by if event.escalate_at else None,
        escalate_at=event.escalate_at,
    )
    return {"cases": (*contract.cases, case), "case_count": contract.case_count + 1}


def _with(contract: Contract, case: str, **changes: object) -> dict[str, Any]:
    cases = (item.model_copy(update=changes) if item.id == case else item for item in contract.cases)
    return {"cases": tuple(cases)}


def _advanced(contract: Contract, event: CaseAdvanced) -> dict[str, Any]:
    """Whoever takes a case further has seen to it."""
    known = next((case for case in contract.cases if case.id == event.case), None)
    answered = known.answered_at or event.at if known and known.answer_by else None
    return _with(contract, event.case, stage=event.stage, answered_at=answered)


def _escalated(contract: Contract, event: CaseEscalated) -> dict[str, Any]:
    return _with(contract, event.case, **({"late": True} if event.late else {"escalated": True}))


def _noted(contract: Contract, event: CaseNoted) -> dict[str, Any]:
    """The first answer stops the clock; minutes add up."""
    known = next((case for case in contract.cases if case.id == event.case), None)
    if known is None:
        return {}
    answered = known.answered_at or (event.at if event.answered else None)
    return _with(contract, event.case, answered_at=answered, minutes=known.minutes + event.minutes)


def _closed(contract: Contract, event: CaseClosed) -> dict[str, Any]:
    closed = tuple(case for case in contract.cases if case.id == event.case)
    return {
        "cases": tuple(case for case in contract.cases if case.id != event.case),
        "closed_cases": (*contract.closed_cases, *closed)[-KEPT_CASES:],
        "repair_quotes": tuple(quote for quote in contract.repair_quotes if quote.case != event.case),
    }


def _reopened(contract: Contract, event: CaseReopened) -> dict[str, Any]:
    """It is answered: nobody counts its hours again."""
    again = (
        case.model_copy(update={"answered_at": case.answered_at or event.at})
        for case in contract.closed_cases
        if case.id == event.case
    )
    return {
        "cases": (*contract.cases, *again),
        "closed_cases": tuple(case for case in contract.closed_cases if case.id != event.case),
    }


def _tell_opened(contract: Contract, event: CaseOpened) -> Iterator[Effect]:
    yield open_case(
        contract,
        event,
        event.case,
        event.subject,
        stage=event.stage,
        expects=_expects(contract, event),
        serial=event.serial,
        answer_by=event.answer_by,
        requestor=event.caller,
    )
    if contract.terms.support and contract.terms.support.acknowledged:
        yield _acknowledgement(contract, event)
    yield from _instructed(contract, event, event.serial)


def _expects(contract: Contract, event: CaseOpened) -> str:
    return expected.call(stages_of(contract, event.level), covered=event.covered)


def _acknowledgement(contract: Contract, event: CaseOpened) -> Effect:
    """Data of `case_opened`: case, serial, subject."""
    return message(
        contract, event, "case_opened", event.case, case=event.case, serial=event.serial, subject=event.subject
    )


def _instructed(contract: Contract, event: CaseOpened | CaseAdvanced, serial: str | None) -> Iterator[Effect]:
    """What the terms tell the customer at this stage. Data of `case_instructions`: case, serial, text."""
    support = contract.terms.support
    told = support.instructions.get(event.stage) if support else None
    if told:
        text = contract.terms.text(told.text, contract.customer.language)
        what = f"{event.case}.{event.stage}"
        sent = message(contract, event, "case_instructions", what, case=event.case, serial=serial, text=text)
        yield sent.model_copy(update={"rule": told.rule})


def _tell_advanced(contract: Contract, event: CaseAdvanced) -> Iterator[Effect]:
    key = contract.key("case-stage", f"{event.case}.{event.stage}")
    yield MoveCase(key=key, at=event.at, rule=event.rule, case=event.case, stage=event.stage, note=event.note)
    serial = next((case.serial for case in contract.cases if case.id == event.case), None)
    yield from _instructed(contract, event, serial)


def _tell_closed(contract: Contract, event: CaseClosed) -> Iterator[Effect]:
    key = contract.key("case-closed", event.case)
    yield CloseCase(key=key, at=event.at, rule=event.rule, case=event.case, note=event.note)


def _tell_reopened(contract: Contract, event: CaseReopened) -> Iterator[Effect]:
    key = contract.key("case-reopened", f"{event.case}.{contract.version}")
    stage = next((case.stage for case in contract.cases if case.id == event.case), None)
    note = event.note or "taken up again"
    yield ReopenCase(key=key, at=event.at, rule=event.rule, case=event.case, stage=stage, note=note)


def _tell_escalated(contract: Contract, event: CaseEscalated) -> Iterator[Effect]:
    terms = contract.terms.support.escalation if contract.terms.support else None
    when = f"{event.answer_by:%Y-%m-%d %H:%M} UTC"
    yield EscalateCase(
        key=contract.key("case-escalated", f"{event.case}.{'late' if event.late else 'due'}"),
        at=event.at,
        rule=event.rule,
        case=event.case,
        urgency="urgent" if event.late or terms is None else terms.urgency,
        note=f"Not answered by {when}" if event.late else f"To be answered by {when}",
    )


CHECKS: dict[type[Any], Any] = {OpenCase: check_open, AdvanceCase: check_advance, commands.ReopenCase: check_reopen}
EVOLVE = {
    CaseOpened: _opened,
    CaseAdvanced: _advanced,
    CaseClosed: _closed,
    CaseReopened: _reopened,
    CaseEscalated: _escalated,
    CaseNoted: _noted,
}
EFFECTS = {
    CaseOpened: _tell_opened,
    CaseAdvanced: _tell_advanced,
    CaseClosed: _tell_closed,
    CaseReopened: _tell_reopened,
    CaseEscalated: _tell_escalated,
}
