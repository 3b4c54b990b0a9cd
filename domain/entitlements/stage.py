"""Entitlements in a contract's life: what falls due, is done or overdue, and what is used, so often a year."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from domain.calendar import DAY, full_months, last_day_of
from domain.casework import expected
from domain.casework.opening import open_case
from domain.due import Due, Rank, moment
from domain.effects import CloseCase, Effect, MoveCase
from domain.entitlements.commands import Fulfil, ReturnEntitlement, UseEntitlement
from domain.entitlements.events import (
    EntitlementReturned,
    EntitlementUsed,
    ObligationDue,
    ObligationMet,
    ObligationOverdue,
)
from domain.entitlements.rights import anchor, items, left, next_year, right_to, year
from domain.entitlements.state import Obligation, Use
from domain.entitlements.terms import Entitlement, EntitlementTerms
from domain.envelope import Command, Event
from domain.message import message
from domain.refusal import Refusal
from domain.state import RUNNING, Contract, Line


def _terms(contract: Contract) -> EntitlementTerms:
    if contract.terms.entitlements is None:
        raise Refusal(contract.terms.quote.rule, "the programme's terms list no entitlements")
    return contract.terms.entitlements


def check_use(contract: Contract, command: UseEntitlement, now: datetime) -> tuple[Event, ...]:
    """A use within the year's number; one too many is refused, with the day from which it may be used again."""
    terms, today = _terms(contract), contract.date_of(now)
    line = right_to(contract, terms, command.item, command.line)
    what, on = terms.items[command.item], command.on or today
    _check_day(contract, what, on, today)
    remaining = left(contract, command.item, what, line, on)
    if remaining == 0:
        raise Refusal(
            what.rule,
            f"`{command.item}` may be used {what.per_year} times a year, and is used up on {on}",
            allowed_from=next_year(contract, line, on),
            field="item",
        )
    return (
        EntitlementUsed(
            at=now,
            rule=what.rule,
            by=command.by,
            use=f"{contract.number}-U{contract.entitled.use_count + 1}",
            item=command.item,
            on=on,
            line=line.id if line else None,
            left=None if remaining is None else remaining - 1,
            note=command.note,
        ),
    )


def _check_day(contract: Contract, what: Entitlement, on: date, today: date) -> None:
    if on < today:
        raise Refusal(what.rule, f"{on} is past", allowed_from=today, field="on")
    last = contract.ending.last_day if contract.ending else contract.term.last if contract.term else None
    if last and on > last:
        raise Refusal(
            what.rule, f"the contract runs until {last}", allowed_when=f"the day is at most {last}", field="on"
        )


def check_return(contract: Contract, command: ReturnEntitlement, now: datetime) -> tuple[Event, ...]:
    """A use that does not take place counts no more."""
    use = next((use for use in contract.entitled.used if use.id == command.use), None)
    if use is None:
        raise Refusal(_terms(contract).rule, f"there is no use {command.use} to give back", field="use")
    what = _terms(contract).items.get(use.item)
    rule = what.rule if what else _terms(contract).rule
    return (EntitlementReturned(at=now, rule=rule, by=command.by, use=use.id, item=use.item, reason=command.reason),)


def check_fulfil(contract: Contract, command: Fulfil, now: datetime) -> tuple[Event, ...]:
    """What fell due is done, in time or late."""
    due = next((item for item in contract.entitled.open if item.id == command.obligation), None)
    if due is None:
        waiting = ", ".join(item.id for item in contract.entitled.open) or "none"
        raise Refusal(
            _terms(contract).rule,
            f"{command.obligation} is not open",
            allowed_when=f"it is one of: {waiting}",
            field="obligation",
        )
    return (
        ObligationMet(
            at=now,
            rule=_rule(contract, due.item),
            by=command.by,
            obligation=due.id,
            item=due.item,
            number=due.number,
            late=due.overdue,
            note=command.note,
        ),
    )


def _rule(contract: Contract, item: str) -> str:
    """The rule of an item, also where newer terms no longer list it."""
    terms = _terms(contract)
    return terms.items[item].rule if item in terms.items else terms.rule


def due(contract: Contract) -> Iterator[Due]:
    """Items fall due span by span; what is not done in time is overdue."""
    terms = contract.terms.entitlements
    if terms is None or contract.status not in RUNNING:
        return
    for item, lines in items(contract, terms).items():
        what = terms.items[item]
        if what.every_months:
            for line in lines if what.of == "line" else (None,):
                yield from _next_due(contract, item, what, line)
    for open_one in contract.entitled.open:
        if not open_one.overdue:
            at, rule = moment(contract, open_one.do_by + DAY), _rule(contract, open_one.item)
            late = ObligationOverdue(at=at, rule=rule, obligation=open_one.id, item=open_one.item)
            what_next = f"{_words(open_one.item)} {open_one.number} is overdue unless it is done"
            yield Due(at, Rank.NOTICE, open_one.do_by, what_next, rule, (late,))


def _next_due(contract: Contract, item: str, what: Entitlement, line: Line | None) -> Iterator[Due]:
    since, months = anchor(contract, line), what.every_months
    if since is None or months is None:
        return
    # Spans that ended before the contract had the item are not made up for.
    after = max(contract.entitled.last_due.get(_key(item, line), since), contract.date_of(contract.at) - DAY)
    number = max(1, full_months(since, after + DAY) // months)
    while last_day_of(since, number * months) <= after:
        number += 1
    due_on = last_day_of(since, number * months)
    if _is_over(contract, line, due_on):
        return
    at = moment(contract, due_on, contract.terms.notices_at)
    event = ObligationDue(
        at=at,
        rule=what.rule,
        obligation=_ticket(contract, item, number, line),
        item=item,
        number=number,
        due_on=due_on,
        do_by=due_on + timedelta(days=what.within_days),
        line=line.id if line else None,
    )
    yield Due(at, Rank.NOTICE, due_on, f"{_words(item)} {number} falls due", what.rule, (event,))


def _ticket(contract: Contract, item: str, number: int, line: Line | None) -> str:
    """The id of an obligation: its contract, what it is, and which of them."""
    what = item.replace("_", "-").upper()
    return f"{contract.number}-{what}-{number}" + (f"-L{line.id}" if line else "")


def _is_over(contract: Contract, line: Line | None, day: date) -> bool:
    ends = [contract.ending.last_day] if contract.ending else []
    ends += [line.ends_on] if line and line.ends_on else []
    return any(end < day for end in ends)


def _key(item: str, line: Line | None) -> str:
    return f"{item}.{line.id}" if line else item


def _words(item: str) -> str:
    return item.replace("_", " ")


def _with(contract: Contract, **changes: object) -> dict[str, Any]:
    return {"entitled": contract.entitled.model_copy(update=changes)}


def _used(contract: Contract, event: EntitlementUsed) -> dict[str, Any]:
    use = Use(id=event.use, item=event.item, on=event.on, line=event.line)
    since = contract.active_since
    first = year(since, contract.date_of(event.at))[0] if since else event.on
    # A line's year may have begun a year before the contract's: two years are enough for both.
    kept = tuple(old for old in contract.entitled.used if (first - old.on).days <= 366)
    return _with(contract, used=(*kept, use), use_count=contract.entitled.use_count + 1)


def _returned(contract: Contract, event: EntitlementReturned) -> dict[str, Any]:
    return _with(contract, used=tuple(use for use in contract.entitled.used if use.id != event.use))


def _fell_due(contract: Contract, event: ObligationDue) -> dict[str, Any]:
    opened = Obligation(
        id=event.obligation,
        item=event.item,
        number=event.number,
        due_on=event.due_on,
        do_by=event.do_by,
        line=event.line,
    )
    key = f"{event.item}.{event.line}" if event.line else event.item
    last_due = contract.entitled.last_due | {key: event.due_on}
    return _with(contract, open=(*contract.entitled.open, opened), last_due=last_due)


def _overdue(contract: Contract, event: ObligationOverdue) -> dict[str, Any]:
    marked = (
        item.model_copy(update={"overdue": True}) if item.id == event.obligation else item
        for item in contract.entitled.open
    )
    return _with(contract, open=tuple(marked))


def _met(contract: Contract, event: ObligationMet) -> dict[str, Any]:
    return _with(contract, open=tuple(item for item in contract.entitled.open if item.id != event.obligation))


def _text(contract: Contract, item: str) -> str:
    """An item's name in the customer's language."""
    terms = contract.terms.entitlements
    if terms is None or item not in terms.items:
        return _words(item)
    return contract.terms.text(terms.items[item].text, contract.customer.language)


def _serial(contract: Contract, line_id: str | None) -> str | None:
    line = contract.line(line_id) if line_id else None
    return line.serial if line else None


def _tell_used(contract: Contract, event: EntitlementUsed) -> Iterator[Effect]:
    """Data of `entitlement_used`: text, on, left this year or none, serial or none."""
    serial = _serial(contract, event.line)
    subject = f"{_text(contract, event.item)} on {event.on}" + (f": {event.note}" if event.note else "")
    yield open_case(
        contract,
        event,
        event.use,
        subject,
        stage="planned",
        expects=expected.USE,
        serial=serial,
    )
    yield message(
        contract,
        event,
        "entitlement_used",
        event.use,
        text=_text(contract, event.item),
        on=event.on.isoformat(),
        left=event.left,
        serial=serial,
    )


def _tell_returned(contract: Contract, event: EntitlementReturned) -> Iterator[Effect]:
    """Data of `entitlement_returned`: text, reason or none."""
    note = event.reason or "given back"
    yield CloseCase(key=contract.key("case-closed", event.use), at=event.at, rule=event.rule, case=event.use, note=note)
    text = _text(contract, event.item)
    yield message(contract, event, "entitlement_returned", event.use, text=text, reason=event.reason)


def _tell_due(contract: Contract, event: ObligationDue) -> Iterator[Effect]:
    yield open_case(
        contract,
        event,
        event.obligation,
        f"{_text(contract, event.item)} {event.number}, by {event.do_by}",
        stage="due",
        expects=expected.OBLIGATION,
        serial=_serial(contract, event.line),
    )


def _tell_overdue(contract: Contract, event: ObligationOverdue) -> Iterator[Effect]:
    key = contract.key("case-stage", f"{event.obligation}.overdue")
    yield MoveCase(key=key, at=event.at, rule=event.rule, case=event.obligation, stage="overdue")


def _tell_met(contract: Contract, event: ObligationMet) -> Iterator[Effect]:
    """Data of `obligation_met`: text, number, note or none."""
    key = contract.key("case-closed", event.obligation)
    yield CloseCase(key=key, at=event.at, rule=event.rule, case=event.obligation, note=event.note)
    text = _text(contract, event.item)
    yield message(contract, event, "obligation_met", event.obligation, text=text, number=event.number, note=event.note)


CHECKS: dict[type[Command], Callable[..., Any]] = {
    UseEntitlement: check_use,
    ReturnEntitlement: check_return,
    Fulfil: check_fulfil,
}
EVOLVE: dict[type[Event], Callable[..., Any]] = {
    EntitlementUsed: _used,
    EntitlementReturned: _returned,
    ObligationDue: _fell_due,
    ObligationOverdue: _overdue,
    ObligationMet: _met,
}
EFFECTS: dict[type[Event], Callable[..., Any]] = {
    EntitlementUsed: _tell_used,
    EntitlementReturned: _tell_returned,
    ObligationDue: _tell_due,
    ObligationOverdue: _tell_overdue,
    ObligationMet: _tell_met,
}
