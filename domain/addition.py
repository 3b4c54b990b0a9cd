"""Lines that come into a running contract: new ones, and those that take another's place; charged to the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from domain.activation import line_since
from domain.billing import recharge
from domain.calendar import DAY
from domain.commands import AddLine
from domain.effects import Effect
from domain.eligibility import admitted
from domain.envelope import Event
from domain.events import LineAdded
from domain.message import message
from domain.money import rounded
from domain.periods import boundary
from domain.quote import check_period, price_of
from domain.refusal import Refusal
from domain.state import Contract, Line, Offer


def check_add(contract: Contract, command: AddLine, now: datetime) -> tuple[Event, ...]:
    """One more line, billed with the contract's own periods; the first one only for the days from its start."""
    terms = contract.terms.change
    if terms is None or "lines" not in terms.what:
        raise Refusal(contract.terms.quote.rule, "nothing can be added to the programme's running contracts")
    today = contract.date_of(now)
    start = command.starts_on or today
    if start < today:
        raise Refusal(terms.rule, f"{start} is past", allowed_from=today, field="starts_on")
    if contract.ending and start > contract.ending.last_day:
        raise Refusal(terms.rule, f"the contract ends on {contract.ending.last_day}", field="starts_on")
    check_period(contract.terms, contract.period, [command.offer])
    _check_new(contract, command.offer, terms.rule)
    (offer,) = admitted(contract.terms, (command.offer,), today=today, start=start)
    return (_added(contract, offer, start, now, by=command.by),)


def _check_new(contract: Contract, offer: Offer, rule: str) -> None:
    if contract.line(offer.id):
        raise Refusal(rule, f"there is a line {offer.id} already", field="offer.id")
    if any(line.serial == offer.serial and line.ends_on is None for line in contract.lines):
        raise Refusal(rule, f"{offer.serial} is on this contract already", field="offer.serial")


def replaced(contract: Contract, line: Line, offer: Offer, now: datetime, *, by: str) -> tuple[Event, ...]:
    """Another line in the place of one, from today: the rest of its paid period is credited, the new one charged."""
    today = contract.date_of(now)
    count = sum(1 for other in contract.lines if other.id.partition("-")[0] == line.id.partition("-")[0])
    named = offer.model_copy(update={"id": f"{line.id.partition('-')[0]}-{count + 1}"})
    added = _added(contract, named, today, now, by=by, replaces=line.id, period=line.period)
    credit = recharge(
        contract,
        now,
        "another service took its place",
        _rule(contract),
        ends={line.id: today - DAY},
        only={line.id},
    )
    return (*credit, added)


def _added(
    contract: Contract,
    offer: Offer,
    start: date,
    now: datetime,
    *,
    by: str,
    replaces: str | None = None,
    period: int | None = None,
) -> LineAdded:
    period = contract.period if period is None else period
    rule = _rule(contract)
    anchor, months = _aligned(contract, start, period, contract.date_of(now))
    return LineAdded(
        at=now,
        rule=rule,
        by=by,
        offer=offer,
        period=period,
        served_from=start,
        anchor=anchor,
        billed_months=months,
        replaces=replaces,
    )


def _rule(contract: Contract) -> str:
    return contract.terms.change.rule if contract.terms.change else contract.terms.quote.rule


def _aligned(contract: Contract, start: date, period: int, today: date) -> tuple[date, int]:
    """The contract's own anchor, and how many months after it the period begins in which a day lies."""
    alike = [line for line in contract.lines if line.anchor and not line.over and line.period == period]
    first = min(alike, key=lambda line: line.anchor or start, default=None)
    if first is None or first.anchor is None or start < first.anchor or not period:
        return start, 0
    months = 0
    while boundary(contract, first, months + period, today) <= start:
        months += period
    return first.anchor, months


def _taken_in(contract: Contract, event: LineAdded) -> dict[str, Any]:
    before = contract.line(event.replaces) if event.replaces else None
    since = line_since(contract, before) if before else None
    line = Line(
        period=event.period,
        starts_on=event.served_from,
        served_from=event.served_from,
        since=since or event.served_from,
        active_since=event.at,
        anchor=event.anchor,
        billed_months=event.billed_months,
        **event.offer.model_dump(),
    )
    lines = (_over(line, event.served_from) if line.id == event.replaces else line for line in contract.lines)
    return {"lines": (*lines, line)}


def _over(line: Line, since: date) -> Line:
    return line.model_copy(update={"ends_on": since - DAY, "over": True, "planned": None})


def _tell_added(contract: Contract, event: LineAdded) -> Iterator[Effect]:
    line = contract.line(event.offer.id)
    amount = str(rounded(price_of(line), contract.terms.currency)) if line else "0"
    yield message(
        contract,
        event,
        "line_added",
        event.offer.id,
        serial=event.offer.serial,
        text=event.offer.text,
        effective_on=event.served_from.isoformat(),
        amount=amount,
        period=event.period,
    )


CHECKS = {AddLine: check_add}
EVOLVE = {LineAdded: _taken_in}
EFFECTS = {LineAdded: _tell_added}
