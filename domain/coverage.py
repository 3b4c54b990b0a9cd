"""When a device stops: whether it is covered on a day, by what and which rule, until when, and who may call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

from domain.answers import covered
from domain.entitlements.rights import Right, rights
from domain.fleet.cases import check_device, line_of_class
from domain.fleet.census import FleetDevice
from domain.refusal import Refusal
from domain.replacement.history import Spell, line_of, spell
from domain.state import Contact, Contract, Cover, Line, Status
from domain.terms import Terms
from domain.values import Carried
from domain.view import View
from domain.warranty.reckoning import Warranty


class ByContract(Carried):
    """What one contract says of a device on a day; ``rule`` is the one by which it is covered, or is not.

    ``since`` and ``until`` are local days, both included; ``rights`` is what the device's level includes, and how often
    it may still be used in the year. ``callers`` are the only people who may call, where the terms want them named.
    """

    contract: str
    status: Status
    line: str
    service: str
    text: str
    level: str | None = None
    rule: str
    covered: bool
    why_not: str | None = None
    since: date | None = None
    until: date | None = None
    replaced_by: str | None = None
    replaces: str | None = None
    rights: tuple[Right, ...] = ()
    named_callers: bool = False
    callers: tuple[Contact, ...] = ()


class Coverage(Carried):
    """The answer for a device on a day: by a contract before the cover that came with it, or by nothing.

    ``covered`` is empty where nobody can say, because a fact is missing; ``unknown`` says which. ``warranties`` are the
    terms of warranty that the device comes under, each with the fact that it rests on. A device that was exchanged is
    covered until the day before ``replaced_on``; from then on ``replaced_by`` is.
    """

    serial: str
    on: date
    covered: bool | None
    by: str | None = None
    until: date | None = None
    unknown: str | None = None
    replaced_by: str | None = None
    replaced_on: date | None = None
    cover: tuple[Cover, ...] = ()
    warranties: tuple[Warranty, ...] = ()
    contracts: tuple[ByContract, ...] = ()


def coverage(
    serial: str,
    on: date,
    cover: Iterable[Cover],
    contracts: Iterable[ByContract],
    *,
    warranties: Iterable[Warranty] = (),
    days: Spell | None = None,
) -> Coverage:
    """The answers of its contracts and of its own cover put together; what covers it comes first."""
    own = tuple(sorted(cover, key=lambda item: item.last_day, reverse=True))
    said = tuple(sorted(contracts, key=lambda item: (not item.covered, item.contract)))
    given = tuple(warranties)
    answer = Coverage(
        serial=serial,
        on=on,
        covered=False,
        cover=own,
        warranties=given,
        contracts=said,
        replaced_by=days.replaced_by if days else None,
        replaced_on=days.until if days else None,
    )
    best = next((item for item in said if item.covered), None)
    if best:
        return answer.model_copy(update={"covered": True, "by": best.contract, "until": best.until})
    if days and days.until and on >= days.until:
        return answer
    valid = next((item for item in own if _holds(item, on)), None)
    if valid:
        return answer.model_copy(update={"covered": True, "by": valid.kind, "until": valid.last_day})
    open_ones = [f"{item.kind.replace('_', ' ')} {item.says}" for item in given if item.last_day is None]
    if open_ones:
        return answer.model_copy(update={"covered": None, "unknown": "; ".join(open_ones)})
    return answer


def _holds(cover: Cover, on: date) -> bool:
    return on <= cover.last_day and (cover.basis is None or cover.basis.first <= on)


def by_contract(
    shown: View,
    terms: Terms,
    serial: str,
    on: date,
    *,
    service: str | None = None,
    device: FleetDevice | None = None,
    days: Spell | None = None,
) -> ByContract | None:
    """What a contract says of a device; ``device`` is what its fleet knows of it, where it is one of a fleet.

    ``days`` are those for which the fleet has it, where it was exchanged or took another one's place.

    None where the contract has no line for it, or none with the service that is asked for.
    """
    line = _line(shown, terms, serial, device)
    if line is None:
        return None
    found = rights(_pictured(shown, terms), on)
    its = tuple(right for right in found if right.line in {None, line.id})
    if service not in {None, line.service, *(right.item for right in its)}:
        return None
    said = covered(shown, line, on, None if device else serial)
    refusal, days = _refusal(terms, device, on), days or spell(line, serial) or Spell()
    not_this_one = days.why_not(on)
    support = terms.support
    return ByContract(
        contract=shown.number,
        status=shown.status,
        line=line.id,
        service=line.service,
        text=line.text,
        level=line.level,
        rule=refusal.rule if refusal else _rule(terms, line),
        covered=refusal is None and said.covered and not_this_one is None,
        why_not=not_this_one or (refusal.reason if refusal else said.why_not),
        since=said.since,
        until=said.until,
        replaced_by=days.replaced_by,
        replaces=days.replaces,
        rights=its,
        named_callers=bool(support and support.callers_rule),
        callers=shown.contacts if support and support.callers_rule else (),
    )


def _line(shown: View, terms: Terms, serial: str, device: FleetDevice | None) -> Line | None:
    """The line that serves a device, or last did; or its class's in the fleet."""
    if device is not None and terms.fleet:
        return line_of_class(shown.lines, terms.fleet.kinds.get(device.kind))
    return line_of(shown.lines, serial)


def _refusal(terms: Terms, device: FleetDevice | None, on: date) -> Refusal | None:
    """Why a contract for a fleet excludes one of its devices on a day; none where it does not."""
    if device is None or terms.fleet is None:
        return None
    try:
        check_device(terms.fleet, device, on)
    except Refusal as refusal:
        return refusal
    return None


def _rule(terms: Terms, line: Line) -> str:
    """The rule by which a device of a line is helped."""
    support = terms.support
    if support is None:
        return terms.start.rule
    return support.levels[line.level].rule if line.level in support.levels else support.rule


def _pictured(shown: View, terms: Terms) -> Contract:
    """The contract as far as its read model shows it: enough to say what it entitles to."""
    return _blank().model_copy(
        update={
            "number": shown.number,
            "terms": terms,
            "at": shown.now,
            "valid_until": shown.valid_until,
            "period": shown.period,
            "status": shown.status,
            "customer": shown.customer,
            "lines": shown.lines,
            "active_since": shown.active_since,
            "entitled": shown.entitled,
        }
    )


@cache
def _blank() -> Contract:
    """A contract of which nothing is known: made once, a copy of it costs little."""
    nothing: dict[str, Any] = {}
    return Contract.model_construct(**nothing)
