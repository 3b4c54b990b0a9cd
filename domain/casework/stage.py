"""What is heard of a case, and what the contract answers where it cannot do what that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from domain.casework.commands import ReportCase
from domain.casework.events import CaseAgreed, CaseContested, CaseNoted
from domain.casework.state import Contested
from domain.effects import CommentCase, Effect, MoveCase, ReopenCase
from domain.envelope import Event
from domain.refusal import Refusal
from domain.state import Contract

LIFE_RULE = "COM-1"


def noted(report: ReportCase, now: datetime) -> tuple[Event, ...]:
    """What was said, answered or worked, whatever it asks of the contract; nothing where none of that was done."""
    answered, is_note = report.what == "answered", report.what in {"answered", "noted"}
    if not is_note and not report.minutes:
        return ()
    note = report.note if is_note else None
    return (
        CaseNoted(
            at=now,
            rule=LIFE_RULE,
            by=report.by,
            case=report.case,
            answered=answered,
            note=note,
            minutes=report.minutes,
        ),
    )


def contested(contract: Contract, report: ReportCase, refusal: Refusal, now: datetime) -> tuple[Event, ...]:
    """That a contract does not take what was done at the desk, and why."""
    return (
        CaseContested(
            at=now,
            rule=refusal.rule,
            by=report.by,
            case=report.case,
            report=report.id,
            what=report.what,
            stage=_stage(contract, report.case),
            reason=_reason(refusal),
        ),
    )


def agreed(contract: Contract, report: ReportCase, now: datetime) -> tuple[Event, ...]:
    """That a case that was contested is agreed on again."""
    if not any(item.case == report.case for item in contract.contested):
        return ()
    return (CaseAgreed(at=now, rule=LIFE_RULE, by=report.by, case=report.case),)


def _reason(refusal: Refusal) -> str:
    later = f"; possible from {refusal.allowed_from}" if refusal.allowed_from else ""
    when = f"; possible when {refusal.allowed_when}" if refusal.allowed_when else ""
    return f"{refusal.rule}: {refusal.reason}{later}{when}"


def _stage(contract: Contract, case: str) -> str | None:
    """Where a case stands for the contract; none where its stages are the desk's own business."""
    calls = (item.stage for item in contract.cases if item.id == case)
    requests = (item.step or "requested" for item in contract.requests if item.id == case)
    return next(chain(calls, requests), None)


def _with(contract: Contract, case: str, *added: Contested) -> dict[str, Any]:
    others = (item for item in contract.contested if item.case != case)
    return {"contested": (*others, *added)}


def _tell_contested(contract: Contract, event: CaseContested) -> Iterator[Effect]:
    """The case as it was before, with the reason: open again, at its stage."""
    told = {"key": contract.key("case-contested", event.report), "at": event.at, "rule": event.rule, "case": event.case}
    note = f"Not taken: {event.reason}"
    if event.what == "closed":
        yield ReopenCase.model_validate(told | {"stage": event.stage, "note": note})
    elif event.what == "moved" and event.stage:
        yield MoveCase.model_validate(told | {"stage": event.stage, "note": note})
    else:
        yield CommentCase.model_validate(told | {"note": note})


EVOLVE: dict[type[Event], Callable[..., Any]] = {
    CaseContested: lambda contract, event: _with(contract, event.case, Contested(case=event.case, reason=event.reason)),
    CaseAgreed: lambda contract, event: _with(contract, event.case),
}
EFFECTS: dict[type[Event], Callable[..., Any]] = {CaseContested: _tell_contested}
