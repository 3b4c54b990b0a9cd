"""A breach: noticed, cured, or followed by the end of service on the lines that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from domain.billing import recharge
from domain.breach.commands import CureBreach, NoticeBreach
from domain.breach.events import BreachCured, BreachNoticed, BreachUncured
from domain.breach.state import Breach
from domain.breach.terms import BreachTerms
from domain.calendar import DAY
from domain.due import Due, Rank, moment
from domain.effects import Effect
from domain.envelope import Event
from domain.events import Ended
from domain.message import message
from domain.refusal import Refusal
from domain.state import RUNNING, Contract


def _terms(contract: Contract) -> BreachTerms:
    if contract.terms.breach is None:
        raise Refusal(contract.terms.cancellation.rule, "the programme's terms know no notice of breach")
    return contract.terms.breach


def check_notice(contract: Contract, command: NoticeBreach, now: datetime) -> tuple[Event, ...]:
    """The notice, with the last day on which the breach can be cured."""
    terms = _terms(contract)
    going = [line.id for line in contract.lines if not line.over]
    unknown = [line for line in command.lines if line not in going]
    if unknown:
        raise Refusal(
            terms.rule,
            f"there is no line {unknown[0]}",
            allowed_when=f"it is one of {', '.join(going[:20])}",
            field="lines",
        )
    return (
        BreachNoticed(
            at=now,
            rule=terms.rule,
            by=command.by,
            breach=f"{contract.number}-B{contract.version + 1}",
            party=command.party,
            lines=command.lines or tuple(going),
            cure_by=contract.date_of(now) + timedelta(days=terms.cure_days),
            reason=command.reason,
        ),
    )


def check_cure(contract: Contract, command: CureBreach, now: datetime) -> tuple[Event, ...]:
    """The cure, while there is time."""
    rule = _terms(contract).rule
    if command.breach not in {breach.id for breach in contract.breaches}:
        open_ones = ", ".join(breach.id for breach in contract.breaches) or "none"
        raise Refusal(
            rule,
            f"no breach {command.breach} waits for a cure",
            allowed_when=f"it is one of: {open_ones}",
            field="breach",
        )
    return (BreachCured(at=now, rule=rule, by=command.by, breach=command.breach, note=command.note),)


def due(contract: Contract) -> Iterator[Due]:
    """A breach that is not cured ends service on its lines; with the last of them, the contract."""
    if contract.terms.breach is None or contract.status not in RUNNING:
        return
    rule = contract.terms.breach.rule
    for breach in contract.breaches:
        at = moment(contract, breach.cure_by + DAY)
        what = f"service ends unless breach {breach.id} is cured"
        yield Due(at, Rank.END, breach.cure_by, what, rule, tuple(_uncured(contract, breach, at, rule)))


def _uncured(contract: Contract, breach: Breach, at: datetime, rule: str) -> Iterator[Event]:
    last_day = breach.cure_by
    ending = tuple(line.id for line in contract.lines if line.id in breach.lines and not line.over)
    if contract.terms.cancellation.credit_unused:
        yield from recharge(
            contract, at, "service ended", rule, ends=dict.fromkeys(ending, last_day), only=frozenset(ending)
        )
    yield BreachUncured(at=at, rule=rule, breach=breach.id, lines=ending, last_day=last_day)
    if all(line.over or line.id in ending for line in contract.lines):
        reason = f"breach by the {breach.party}: {breach.reason}"
        yield Ended(at=at, rule=rule, status="Cancelled", last_day=last_day, reason=reason)


def _noticed(contract: Contract, event: BreachNoticed) -> dict[str, Any]:
    breach = Breach(id=event.breach, party=event.party, lines=event.lines, cure_by=event.cure_by, reason=event.reason)
    return {"breaches": (*contract.breaches, breach)}


def _without(contract: Contract, breach_id: str) -> tuple[Breach, ...]:
    return tuple(breach for breach in contract.breaches if breach.id != breach_id)


def _ended(contract: Contract, event: BreachUncured) -> dict[str, Any]:
    over = {"ends_on": event.last_day, "over": True, "planned": None}
    lines = tuple(line.model_copy(update=over) if line.id in event.lines else line for line in contract.lines)
    leaving = tuple(line for line in contract.leaving if line not in event.lines)
    return {"lines": lines, "leaving": leaving, "breaches": _without(contract, event.breach)}


def _serials(contract: Contract, lines: tuple[str, ...]) -> list[str]:
    return [line.serial for line in contract.lines if line.id in lines]


def _tell_noticed(contract: Contract, event: BreachNoticed) -> Iterator[Effect]:
    """Data of `breach_noticed`: party, serials, cure_by, reason."""
    yield message(
        contract,
        event,
        "breach_noticed",
        event.breach,
        party=event.party,
        serials=_serials(contract, event.lines),
        cure_by=event.cure_by.isoformat(),
        reason=event.reason,
    )


def _tell_cured(contract: Contract, event: BreachCured) -> Iterator[Effect]:
    """Data of `breach_cured`: breach."""
    yield message(contract, event, "breach_cured", event.breach, breach=event.breach)


def _tell_uncured(contract: Contract, event: BreachUncured) -> Iterator[Effect]:
    """Data of `breach_ended`: serials, last_day."""
    serials, last_day = _serials(contract, event.lines), event.last_day.isoformat()
    yield message(contract, event, "breach_ended", event.breach, serials=serials, last_day=last_day)


CHECKS = {NoticeBreach: check_notice, CureBreach: check_cure}
EVOLVE = {
    BreachNoticed: _noticed,
    BreachCured: lambda contract, event: {"breaches": _without(contract, event.breach)},
    BreachUncured: _ended,
}
EFFECTS = {BreachNoticed: _tell_noticed, BreachCured: _tell_cured, BreachUncured: _tell_uncured}
