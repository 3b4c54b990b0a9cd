"""Calls for help: one case, worked on stage by stage, for devices that are covered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from domain.activation import waits
from domain.commands import AdvanceCase, OpenCase
from domain.desk import desk_time_after
from domain.effects import CloseCase, Effect, MoveCase, OpenCaseEffect
from domain.envelope import Event
from domain.events import CaseAdvanced, CaseClosed, CaseOpened
from domain.fleet.cases import line_for
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
    uncovered = _uncovered(contract, line_for(contract, command, now), command.serial, terms)
    if uncovered and contract.terms.repairs is None:
        raise uncovered
    opened = CaseOpened(
        at=now,
        rule=terms.rule,
        by=command.by,
        case=f"{contract.number}-C{contract.case_count + 1}",
        serial=command.serial,
        subject=command.subject,
        stage=terms.stages[0],
        covered=uncovered is None,
        answer_by=_answer_by(contract, now),
    )
    return (opened,)


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
    later = terms.stages[terms.stages.index(case.stage) + 1 :] if case.stage in terms.stages else ()
    if command.close or not later:
        return (CaseClosed(at=now, rule=terms.rule, by=command.by, case=case.id, note=command.note),)
    return (CaseAdvanced(at=now, rule=terms.rule, by=command.by, case=case.id, stage=later[0], note=command.note),)


def _opened(contract: Contract, event: CaseOpened) -> dict[str, Any]:
    case = Case(id=event.case, serial=event.serial, stage=event.stage, covered=event.covered)
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


def _tell_advanced(contract: Contract, event: CaseAdvanced) -> Iterator[Effect]:
    key = contract.key("case-stage", f"{event.case}.{event.stage}")
    yield MoveCase(key=key, at=event.at, rule=event.rule, case=event.case, stage=event.stage, note=event.note)


def _tell_closed(contract: Contract, event: CaseClosed) -> Iterator[Effect]:
    key = contract.key("case-closed", event.case)
    yield CloseCase(key=key, at=event.at, rule=event.rule, case=event.case, note=event.note)


CHECKS: dict[type[Any], Any] = {OpenCase: check_open, AdvanceCase: check_advance}
EVOLVE = {CaseOpened: _opened, CaseAdvanced: _advanced, CaseClosed: _closed}
EFFECTS = {CaseOpened: _tell_opened, CaseAdvanced: _tell_advanced, CaseClosed: _tell_closed}
