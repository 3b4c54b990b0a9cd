"""Repairs, what they cost outside cover, and disputes about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from domain.bill import bill
from domain.billing import issue
from domain.casework import expected
from domain.casework.opening import open_case
from domain.effects import CloseCase, Effect, IssueCredit
from domain.envelope import Command, Event
from domain.message import message
from domain.refusal import Refusal
from domain.repairs.charges import charges_of, hours_of, repair_terms
from domain.repairs.commands import DecideDispute, DisputeRepair, ReportRepair
from domain.repairs.events import DisputeDecided, RepairDisputed, RepairDone
from domain.repairs.quoting import check_accepted
from domain.repairs.state import KEPT_REPAIRS, Repair
from domain.state import Contract


def check_repair(contract: Contract, command: ReportRepair, now: datetime) -> tuple[Event, ...]:
    """The repair of an open case: free where the case is covered, else labour and parts, as quoted and accepted.

    Without hours, it is the time that the desk has noted on the case.
    """
    terms = repair_terms(contract)
    case = next((case for case in contract.cases if case.id == command.case), None)
    if case is None:
        raise Refusal(terms.rule, f"there is no open case {command.case}", field="case")
    if any(repair.case == case.id for repair in contract.repairs):
        raise Refusal(terms.rule, f"the repair of case {case.id} is billed already", field="case")
    hours = hours_of(case, command.hours, terms.rule)
    charges = (
        [] if case.covered else [charge for charge in charges_of(contract, case, hours, command.parts) if charge.net]
    )
    check_accepted(contract, case, charges)
    owed = (
        bill(contract, contract.key("invoice", f"repair.{case.id}"), contract.date_of(now), charges)
        if charges
        else None
    )
    return (
        RepairDone(at=now, rule=terms.rule, by=command.by, case=case.id, serial=case.serial, hours=hours, bill=owed),
    )


def _repair(contract: Contract, case: str, rule: str) -> Repair:
    """A billed repair by its case. Refuses what was not billed, or too long ago."""
    for repair in contract.repairs:
        if repair.case == case:
            return repair
    raise Refusal(rule, f"no repair was billed for case {case}", field="case")


def check_dispute(contract: Contract, command: DisputeRepair, now: datetime) -> tuple[Event, ...]:
    """The customer's word against the charge, once, with the machine's type and serial number."""
    rule = _dispute_rule(contract)
    repair = _repair(contract, command.case, rule)
    if repair.dispute != "none":
        raise Refusal(rule, f"the charge for case {repair.case} was disputed before ({repair.dispute})", field="case")
    if command.serial != repair.serial:
        raise Refusal(rule, f"case {repair.case} was about {repair.serial}", field="serial")
    return (
        RepairDisputed(
            at=now,
            rule=rule,
            by=command.by,
            case=repair.case,
            serial=command.serial,
            machine_type=command.machine_type,
            reason=command.reason,
        ),
    )


def _dispute_rule(contract: Contract) -> str:
    terms = repair_terms(contract)
    if terms.dispute_rule is None:
        raise Refusal(terms.rule, "the programme's terms know no dispute about a repair")
    return terms.dispute_rule


def check_decision(contract: Contract, command: DecideDispute, now: datetime) -> tuple[Event, ...]:
    """The end of a dispute; where the customer is right, the whole charge is credited, once."""
    rule = _dispute_rule(contract)
    repair = _repair(contract, command.case, rule)
    if repair.dispute != "open":
        raise Refusal(rule, f"no dispute about case {repair.case} waits for a decision", field="case")
    credit = None
    if command.upheld:
        charges = (
            charge.model_copy(update={"key": f"{charge.key}/upheld", "credits": charge.key})
            for charge in repair.charges
        )
        credit = bill(contract, contract.key("credit", f"repair.{repair.case}"), contract.date_of(now), charges)
    return (
        DisputeDecided(
            at=now,
            rule=rule,
            by=command.by,
            case=repair.case,
            upheld=command.upheld,
            reason=command.reason,
            credit=credit,
        ),
    )


def _done(contract: Contract, event: RepairDone) -> dict[str, Any]:
    if event.bill is None:
        return {}
    repair = Repair(case=event.case, serial=event.serial, charges=event.bill.charges)
    return {"repairs": (*contract.repairs, repair)[-KEPT_REPAIRS:]}


def _with(contract: Contract, case: str, dispute: str) -> dict[str, Any]:
    return {
        "repairs": tuple(
            repair.model_copy(update={"dispute": dispute}) if repair.case == case else repair
            for repair in contract.repairs
        )
    }


def _tell_done(contract: Contract, event: RepairDone) -> Iterator[Effect]:
    """Data of `repair_billed`: case, serial, total with tax."""
    if event.bill is None:
        return
    yield message(
        contract, event, "repair_billed", event.case, case=event.case, serial=event.serial, total=str(event.bill.gross)
    )
    yield issue(contract, event, event.bill)


def dispute_case(case: str) -> str:
    """The id of the ticket under which a charge is checked."""
    return f"{case}-D"


def _tell_disputed(contract: Contract, event: RepairDisputed) -> Iterator[Effect]:
    yield open_case(
        contract,
        event,
        dispute_case(event.case),
        f"Was {event.machine_type} {event.serial} covered? {event.reason}",
        stage="dispute",
        expects=expected.dispute(event.case),
        serial=event.serial,
    )


def _tell_decided(contract: Contract, event: DisputeDecided) -> Iterator[Effect]:
    """Data of `dispute_decided`: case, upheld, credited with tax or none."""
    key = contract.key("case-closed", dispute_case(event.case))
    note = event.reason or ("upheld" if event.upheld else "refused")
    yield CloseCase(key=key, at=event.at, rule=event.rule, case=dispute_case(event.case), note=note)
    if event.credit:
        reason = "the machine was covered"
        yield IssueCredit(key=event.credit.key, at=event.at, rule=event.rule, bill=event.credit, reason=reason)
    credited = str(event.credit.gross) if event.credit else None
    yield message(
        contract, event, "dispute_decided", event.case, case=event.case, upheld=event.upheld, credited=credited
    )


CHECKS: dict[type[Command], Callable[..., Any]] = {
    ReportRepair: check_repair,
    DisputeRepair: check_dispute,
    DecideDispute: check_decision,
}
EVOLVE: dict[type[Event], Callable[..., Any]] = {
    RepairDone: _done,
    RepairDisputed: lambda contract, event: _with(contract, event.case, "open"),
    DisputeDecided: lambda contract, event: _with(contract, event.case, "upheld" if event.upheld else "refused"),
}
EFFECTS: dict[type[Event], Callable[..., Any]] = {
    RepairDone: _tell_done,
    RepairDisputed: _tell_disputed,
    DisputeDecided: _tell_decided,
}
