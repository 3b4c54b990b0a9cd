"""What an engineer found of a device before service starts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from domain.activation import complete
from domain.commands import ReportInspection
from domain.effects import Effect
from domain.envelope import Event
from domain.events import InspectionFailed, InspectionPassed
from domain.message import message
from domain.order.change import order_with
from domain.order.needed import closed_inspection, inspection_rule
from domain.order.void import void
from domain.refusal import Refusal
from domain.state import Contract


def check_inspection(contract: Contract, command: ReportInspection, now: datetime) -> tuple[Event, ...]:
    """What the engineer found: service may start when all have passed; one that fails makes the order void."""
    order, lapsed = contract.order, contract.terms.lapsed_cover
    waiting = [item.line for item in order.inspections if item.passed is None] if order else []
    rule = inspection_rule(contract)
    if order is None or command.line not in waiting:
        raise Refusal(rule, f"no inspection of line {command.line} is waited for", field="line")
    if not command.passed:
        failed = InspectionFailed(at=now, rule=rule, by=command.by, line=command.line, reason=command.reason)
        others = [line for line in waiting if line != command.line]
        kept = lapsed.fee if lapsed else None
        reason = command.reason or "the inspection failed"
        return (failed, void(contract, now, rule, reason, by=command.by, keep=kept, inspections=others))
    passed = InspectionPassed(at=now, rule=rule, by=command.by, line=command.line)
    if waiting != [command.line] or (order.pay_by is not None and order.paid_at is None):
        return (passed,)
    return (passed, *complete(contract, placed_at=order.placed_at, now=now))


def _inspected(contract: Contract, event: InspectionPassed | InspectionFailed) -> dict[str, Any]:
    found = isinstance(event, InspectionPassed)
    inspections = contract.order.inspections if contract.order else ()
    return order_with(
        contract,
        inspections=tuple(
            item.model_copy(update={"passed": found}) if item.line == event.line else item for item in inspections
        ),
    )


def _tell_passed(contract: Contract, event: InspectionPassed) -> Iterator[Effect]:
    yield closed_inspection(contract, event, event.line, "passed")


def _tell_failed(contract: Contract, event: InspectionFailed) -> Iterator[Effect]:
    yield closed_inspection(contract, event, event.line, event.reason or "failed")
    yield message(contract, event, "inspection_failed", event.line, reason=event.reason)


CHECKS = {ReportInspection: check_inspection}
EVOLVE = {InspectionPassed: _inspected, InspectionFailed: _inspected}
EFFECTS = {InspectionPassed: _tell_passed, InspectionFailed: _tell_failed}
