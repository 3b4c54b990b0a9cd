"""Calls for help: one case, worked on stage by stage, for devices that are covered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from domain.activation import waits
from domain.callers import check_open as check_caller
from domain.commands import AdvanceCase, OpenCase
from domain.desk import desk_time_after
from domain.effects import CloseCase, Effect, MoveCase, OpenCaseEffect
from domain.envelope import Event
from domain.events import CaseAdvanced, CaseClosed, CaseOpened
from domain.fleet.cases import line_for
from domain.message import message
from domain.refusal import Refusal
from domain.state import Case, Contract, Line, Status
from domain.terms import SupportTerms


def _terms(contract: Contract) -> SupportTerms:
    if contract.terms.support is None:
        raise Refusal(contract.terms.quote.rule, "the programme takes no calls for help")
    return contract.terms.support


def check_open(contract: Contract, command: OpenCase, now: datetime) -> tuple[Event, ...]:
    """A case for a device that the contract covers today; where repairs are billed, also for one that it does not."""
    terms = _terms(contract)
    check_caller(contract, terms, command, now)
    line = line_for(contract, command, now)
    uncovered = _uncovered(contract, line, command.serial, terms)
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
        answer_by=_answer_by(contract, now),
    )
    return (opened,)


def _stages(terms: SupportTerms, level: str | None) -> tuple[str, ...]:
    """The stages of a case: those of the device's level where it has its own."""
    return terms.levels[level].stages if level in terms.levels else terms.stages


def _rule(terms: SupportTerms, level: str | None) -> str:
    return terms.levels[level].rule if level in terms.levels else terms.rule


def _answer_by(contract: Contract, now: datetime) -> datetime | None:
    """Until when the desk answers, counted in its hours; none where the terms promise nothing."""
    desk = contract.terms.desk
    if desk is None or desk.answer_hours is None:
        return None
    return desk_time_after(desk, now, timedelta(hours=desk.answer_hours), contract.zone)


def _uncovered(contract: Contract, line: Line | None, serial: str, terms: SupportTerms) -> Refusal | None:
    """Why the contract does not cover a device today; none where it does."""
    if line is None:
        serials = ", ".join(line.serial for line in contract.lines[:20])
        return Refusal(
            terms.rule,
            f"{serial} is not on this contract",
            allowed_when=f"the serial number is one of {serials}",
            field="serial",
        )
    if waits(line):
        return Refusal(
            terms.rule,
            f"service for {line.serial} has not started: its earlier cover still holds",
            allowed_from=line.starts_on,
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
    if command.close or not later:
        return (CaseClosed(at=now, rule=rule, by=command.by, case=case.id, note=command.note),)
    return (CaseAdvanced(at=now, rule=rule, by=command.by, case=case.id, stage=later[0], note=command.note),)


def _opened(contract: Contract, event: CaseOpened) -> dict[str, Any]:
    case = Case(id=event.case, serial=event.serial, stage=event.stage, covered=event.covered, level=event.level)
    return {"cases": (*contract.cases, case), "case_count": contract.case_count + 1}


def _advanced(contract: Contract, event: CaseAdvanced) -> dict[str, Any]:
    cases = (
        case.model_copy(update={"stage": event.stage}) if case.id == event.case else case for case in contract.cases
    )
    return {"cases": tuple(cases)}


def _closed(contract: Contract, event: CaseClosed) -> dict[str, Any]:
    return {"cases": tuple(case for case in contract.cases if case.id != event.case)}


def _tell_opened(contract: Contract, event: CaseOpened) -> Iterator[Effect]:
    yield OpenCaseEffect(
        key=contract.key("case", event.case),
        at=event.at,
        rule=event.rule,
        case=event.case,
        subject=event.subject,
        serial=event.serial,
        stage=event.stage,
        answer_by=event.answer_by,
    )
    if contract.terms.support and contract.terms.support.acknowledged:
        yield _acknowledgement(contract, event)
    yield from _instructed(contract, event, event.serial)


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


CHECKS: dict[type[Any], Any] = {OpenCase: check_open, AdvanceCase: check_advance}
EVOLVE = {CaseOpened: _opened, CaseAdvanced: _advanced, CaseClosed: _closed}
EFFECTS = {CaseOpened: _tell_opened, CaseAdvanced: _tell_advanced, CaseClosed: _tell_closed}
