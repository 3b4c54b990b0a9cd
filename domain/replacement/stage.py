"""An exchange: the line goes on for another device. Rights and bills stay, cases keep the device they were about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from domain.activation import start, starts_data, waits, with_starts
from domain.copies import documents
from domain.effects import Effect, MakeDocument
from domain.envelope import Event
from domain.message import message
from domain.refusal import Refusal
from domain.replacement.commands import ReplaceDevice
from domain.replacement.events import DeviceReplaced
from domain.replacement.history import successor
from domain.replacement.state import Replaced
from domain.state import Contract, Line


def rule_of(contract: Contract) -> str:
    """The rule by which a device is exchanged."""
    terms = contract.terms
    return terms.replacement.rule if terms.replacement else terms.quote.rule


def check_replace(contract: Contract, command: ReplaceDevice, now: datetime) -> tuple[Event, ...]:
    """Another device under the same line, from today or a day that is past."""
    rule, today = rule_of(contract), contract.date_of(now)
    on = command.on or today
    if on > today:
        raise Refusal(rule, f"{on} has not come", allowed_when=f"it is {today} or before", field="on")
    lines = [] if command.in_fleet else _lines(contract, command, rule)
    if command.in_fleet and contract.fleet is None:
        raise Refusal(rule, "the contract is not for a fleet", field="in_fleet")
    _check_new(contract, command, rule)
    _check_day(lines, command.serial, on, rule)
    moved = [_with_device(line, command, on) for line in lines]
    ordered = contract.date_of(contract.order.placed_at) if contract.order else today
    starts = tuple(start(contract, line, ordered=ordered, today=today) for line in moved if waits(line))
    return (
        DeviceReplaced(
            at=now,
            rule=rule,
            by=command.by,
            serial=command.serial,
            device=command.device,
            on=on,
            lines=tuple(line.id for line in lines),
            starts=starts,
            reason=command.reason,
        ),
    )


def _lines(contract: Contract, command: ReplaceDevice, rule: str) -> list[Line]:
    found = [line for line in contract.lines if line.serial == command.serial and not line.over]
    if found:
        return found
    gone = successor(contract.lines, command.serial)
    reason = gone.why_not(gone.until) if gone and gone.until else "not on this contract"
    known = ", ".join(line.serial for line in contract.lines[:20] if not line.over)
    raise Refusal(rule, f"{command.serial} is {reason}", allowed_when=f"it is one of {known}", field="serial")


def _check_new(contract: Contract, command: ReplaceDevice, rule: str) -> None:
    serial = command.device.serial
    if any(line.serial == serial and not line.over for line in contract.lines) or serial == command.serial:
        raise Refusal(
            rule,
            f"{serial} is on this contract already",
            allowed_when="the device that takes the other one's place has another serial number",
            field="device.serial",
        )


def _check_day(lines: Iterable[Line], serial: str, on: date, rule: str) -> None:
    for line in lines:
        last = line.replaced[-1].on if line.replaced else None
        if last and on < last:
            raise Refusal(rule, f"{serial} is in service since {last}", allowed_from=last, field="on")


def _with_device(line: Line, command: ReplaceDevice | DeviceReplaced, on: date) -> Line:
    device = command.device
    return line.model_copy(
        update={
            "serial": device.serial,
            "model": device.model,
            "cover": device.cover,
            "cover_before": None,
            "facts": device.facts,
            "in_use_since": device.in_use_since,
            "support_ends": device.support_ends,
            "replaced": (*line.replaced, Replaced(serial=line.serial, model=line.model, on=on)),
        }
    )


def _replaced(contract: Contract, event: DeviceReplaced) -> dict[str, Any]:
    lines = (_with_device(line, event, event.on) if line.id in event.lines else line for line in contract.lines)
    return {"lines": with_starts(lines, event.starts)}


def _tell_replaced(contract: Contract, event: DeviceReplaced) -> Iterator[Effect]:
    """Data of `device_replaced`: serial, replacement, model, effective_on, starts, documents; these are attached."""
    terms = contract.terms.replacement
    papers = tuple(
        MakeDocument(key=key, at=event.at, rule=event.rule, document=name, data=data)
        for key, name, data in documents(contract, terms.documents if terms else ())
    )
    yield from papers
    told = message(
        contract,
        event,
        "device_replaced",
        contract.version,
        serial=event.serial,
        replacement=event.device.serial,
        model=event.device.model,
        effective_on=event.on.isoformat(),
        starts=starts_data(contract, event.starts),
        documents=[paper.document for paper in papers],
    )
    yield told.model_copy(update={"attached": tuple(paper.key for paper in papers)})


CHECKS = {ReplaceDevice: check_replace}
EVOLVE = {DeviceReplaced: _replaced}
EFFECTS = {DeviceReplaced: _tell_replaced}
