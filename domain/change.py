"""Changes of what runs: another service or period from the next boundary, undoing what is planned, other terms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from domain.addition import replaced
from domain.commands import AdoptTerms, Change, Undo
from domain.due import Due, Rank, moment
from domain.effects import Effect
from domain.envelope import Event
from domain.events import ChangeApplied, ChangePlanned, ChangeWithdrawn, TermsAdopted
from domain.fleet.offer import check_level
from domain.message import message
from domain.periods import last_served, next_boundary, stands_still
from domain.refusal import Refusal
from domain.renewal.answers import check_undo_answer, check_undo_cancellation, check_undo_line
from domain.state import ENDED, RULES_VERSION, Contract, Line, Offer, Planned
from domain.terms import ChangeTerms
from domain.values import Prices
from domain.warranty.stage import check_undo_cover


def check_change(contract: Contract, command: Change, now: datetime) -> tuple[Event, ...]:
    """Another service or billing period for a line, from its next period boundary."""
    terms = contract.terms.change
    if terms is None:
        raise Refusal(contract.terms.quote.rule, "the programme's contracts cannot be changed in mid-term")
    line = _line(contract, command.line, terms)
    _check_wishes(command, terms)
    check_level(contract, _level(line, command))
    period = command.period or line.period
    prices = command.prices or line.prices
    _check_period(contract, period, prices)
    if terms.effect == "at_once" and command.period is None and line.active_since:
        return replaced(contract, line, _wanted(line, command), now, by=command.by)
    on, months = next_boundary(contract, line, contract.date_of(now))
    last = last_served(contract, line)
    if last and on > last:
        raise Refusal(terms.rule, f"service ends on {last}, before the change would take effect on {on}")
    return (
        ChangePlanned(
            at=now,
            rule=terms.rule,
            by=command.by,
            line=line.id,
            on=on,
            months=months,
            service=command.service or line.service,
            text=command.text or line.text,
            prices=prices,
            period=period,
            quantity=command.quantity,
            level=_level(line, command),
        ),
    )


def _wanted(line: Line, command: Change) -> Offer:
    """The line as it is to be, as an offer."""
    wishes = {
        "service": command.service,
        "text": command.text,
        "prices": command.prices,
        "quantity": command.quantity,
        "level": _level(line, command),
    }
    kept = {name: value for name, value in line.model_dump().items() if name in Offer.model_fields}
    return Offer.model_validate(kept | {name: value for name, value in wishes.items() if value is not None})


def _level(line: Line, command: Change) -> str | None:
    """The level that a line has with the service that is asked for."""
    return command.level if command.service else line.level


def _line(contract: Contract, line_id: str, terms: ChangeTerms) -> Line:
    line = contract.line(line_id)
    if line is None:
        ids = ", ".join(line.id for line in contract.lines)
        raise Refusal(terms.rule, f"there is no line {line_id}", allowed_when=f"it is one of {ids}", field="line")
    if line.over:
        raise Refusal(terms.rule, f"service of line {line_id} ended on {line.ends_on}", field="line")
    if line.planned:
        raise Refusal(
            terms.rule,
            f"a change of line {line_id} is planned for {line.planned.on} already",
            allowed_when="that change is withdrawn first",
        )
    return line


def _check_wishes(command: Change, terms: ChangeTerms) -> None:
    wishes = {"service": command.service, "period": command.period, "quantity": command.quantity}
    wanted = [name for name, value in wishes.items() if value is not None]
    if not wanted:
        raise Refusal(terms.rule, "a change names a service, a quantity or a period", field="service")
    for name in wanted:
        if name not in terms.what:
            raise Refusal(
                terms.rule,
                f"the {name} cannot be changed",
                allowed_when=f"the change is of {' or '.join(terms.what)}",
                field=name,
            )
    if command.service is not None and command.prices is None:
        raise Refusal(terms.rule, "another service needs its prices", field="prices")


def _check_period(contract: Contract, period: int, prices: Prices) -> None:
    billing = contract.terms.billing
    if billing is None:
        return
    offered = [months for months in billing.periods if months in prices]
    if period not in offered:
        raise Refusal(
            billing.rule,
            f"the service has no price for a period of {period} months",
            allowed_when=f"the period is one of {', '.join(map(str, offered))} months",
            field="period",
        )


def check_undo(contract: Contract, command: Undo, now: datetime) -> tuple[Event, ...]:
    """What is planned, withdrawn; everything stands as it stood."""
    match command.what:
        case "cancellation" if command.line:
            return check_undo_line(contract, command.line, now, command.by)
        case "cancellation":
            return check_undo_cancellation(contract, now, command.by)
        case "renewal":
            return check_undo_answer(contract, now, command.by)
        case "change":
            return _undo_change(contract, command, now)
        case "cover":
            return check_undo_cover(contract, command, now)


def _undo_change(contract: Contract, command: Undo, now: datetime) -> tuple[Event, ...]:
    rule = contract.terms.change.rule if contract.terms.change else contract.terms.quote.rule
    planned = [line.id for line in contract.lines if line.planned and command.line in {None, line.id}]
    if not planned:
        raise Refusal(rule, "no change is planned that could be withdrawn", field="line" if command.line else "what")
    return tuple(ChangeWithdrawn(at=now, rule=rule, by=command.by, line=line) for line in planned)


def check_adopt(contract: Contract, command: AdoptTerms, now: datetime) -> tuple[Event, ...]:
    """Another version of the same programme's terms, for everything that happens from now on."""
    if command.terms.code != contract.terms.code or command.terms.currency != contract.terms.currency:
        raise Refusal(
            contract.terms.quote.rule,
            f"these are terms of {command.terms.code} in {command.terms.currency}",
            allowed_when=f"they are terms of {contract.terms.code} in {contract.terms.currency}",
            field="terms",
        )
    if command.terms.version == contract.terms.version:
        raise Refusal(
            contract.terms.quote.rule,
            f"the contract lives under version {command.terms.version} already",
            field="terms",
        )
    rule = command.terms.quote.rule
    adopted = TermsAdopted(
        at=now, rule=rule, by=command.by, rules=RULES_VERSION, terms=command.terms, reason=command.reason
    )
    return (adopted,)


def due(contract: Contract) -> Iterator[Due]:
    """Planned changes take effect at their boundary, before it is billed; one that a pause moves on waits for it."""
    if contract.status in ENDED or stands_still(contract):
        return
    for line in contract.lines:
        if line.planned is None or line.active_since is None:
            continue
        at = moment(contract, line.planned.on)
        rule = contract.terms.change.rule if contract.terms.change else contract.terms.quote.rule
        event = ChangeApplied(at=at, rule=rule, line=line.id)
        yield Due(at, Rank.CHANGE, line.planned.on, f"line {line.id} changes", rule, (event,))


def _with_line(contract: Contract, line_id: str, **changes: object) -> dict[str, Any]:
    return {"lines": tuple(line.model_copy(update=changes) if line.id == line_id else line for line in contract.lines)}


def _planned(contract: Contract, event: ChangePlanned) -> dict[str, Any]:
    planned = Planned(
        on=event.on,
        months=event.months,
        service=event.service,
        text=event.text,
        prices=event.prices,
        period=event.period,
        quantity=event.quantity,
        level=event.level,
    )
    return _with_line(contract, event.line, planned=planned)


def _applied(contract: Contract, event: ChangeApplied) -> dict[str, Any]:
    line = contract.line(event.line)
    if line is None or line.planned is None:
        return {}
    plan = line.planned
    changed = _with_line(
        contract,
        event.line,
        planned=None,
        billed_months=plan.months,
        service=plan.service,
        text=plan.text,
        prices=plan.prices,
        period=plan.period,
        quantity=plan.quantity or line.quantity,
        level=plan.level,
    )
    # A renewal quote made before was for the line as it was: its prices no longer fit.
    offered = {key: prices for key, prices in contract.renewal.prices.items() if key != line.id}
    return changed | {"renewal": contract.renewal.model_copy(update={"prices": offered})}


def _withdrawn(contract: Contract, event: ChangeWithdrawn) -> dict[str, Any]:
    return _with_line(contract, event.line, planned=None)


def _tell_planned(contract: Contract, event: ChangePlanned) -> Iterator[Effect]:
    line = contract.line(event.line)
    yield message(
        contract,
        event,
        "change_planned",
        contract.version,
        effective_on=event.on.isoformat(),
        prices=[
            {
                "serial": line.serial if line else "",
                "text": event.text,
                "period": event.period,
                "amount": str(event.prices[event.period]),
            }
        ],
    )


CHECKS = {Change: check_change, Undo: check_undo, AdoptTerms: check_adopt}
EVOLVE = {
    ChangePlanned: _planned,
    ChangeApplied: _applied,
    ChangeWithdrawn: _withdrawn,
    TermsAdopted: lambda contract, event: {"terms": event.terms},
}
EFFECTS = {ChangePlanned: _tell_planned}
