"""Periodic billing: each line's periods counted from its anchor, charged for the days that are served, once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from domain.bill import Bill, Charge, bill
from domain.calendar import DAY, months_after
from domain.commands import ReportCollection
from domain.due import Due, Rank, moment
from domain.dunning.unpaid import declined, issued, without
from domain.effects import Effect, IssueCredit, IssueInvoice
from domain.envelope import Event
from domain.events import CollectionDeclined, CollectionReceived, LineBilled, PeriodBilled, Recredited
from domain.message import message
from domain.money import percent_of, prorated, rounded
from domain.state import RUNNING, Billed, Contract, Line, Status
from domain.values import Span


def next_period(line: Line) -> date | None:
    """The first day of the line's next period to be billed; none before its start, or where it is free."""
    if line.anchor is None or line.active_since is None or not line.period:
        return None
    return months_after(line.anchor, line.billed_months)


def last_served(contract: Contract, line: Line) -> date | None:
    """The last day on which the line can be charged, as far as it is known; none while there is no end in sight."""
    ends = [line.ends_on, contract.ending.last_day if contract.ending else None]
    if contract.term and contract.terms.renewal and contract.terms.renewal.mode == "on_acceptance":
        ends.append(contract.term.last)
    return min((end for end in ends if end), default=None)


def served_days(contract: Contract, line: Line, first: date, last: date, until: date | None) -> int:
    """How many days from ``first`` to ``last`` are served: from the line's coming to its end, less the pauses."""
    first = max(first, line.served_from or first)
    end = last if until is None else min(last, until)
    days = max(0, (end - first).days + 1)
    if days == 0 or not _pauses_count(contract):
        return days
    return days - sum(pause.overlap(first, end) for pause in contract.pauses)


def _pauses_count(contract: Contract) -> bool:
    """Whether days without service are not charged; then bills wait until service goes on."""
    return contract.terms.suspension is not None and contract.terms.suspension.credit


def due(contract: Contract) -> Iterator[Due]:
    """What falls due on one day is billed together. While service is suspended, bills wait."""
    paused = contract.status is Status.SUSPENDED and _pauses_count(contract)
    if contract.status not in RUNNING or paused:
        return
    days = {line.id: day for line in contract.lines if (day := _billable(contract, line))}
    if not days or contract.terms.billing is None:
        return
    on = min(days.values())
    at, rule = moment(contract, _invoice_day(contract, on)), contract.terms.billing.rule
    lines = [line for line in contract.lines if days.get(line.id) == on]
    yield Due(
        at, Rank.BILL, on, f"bill the period from {on}", rule, lambda: (_bill_periods(contract, lines, on, at, rule),)
    )


def _billable(contract: Contract, line: Line) -> date | None:
    """The day on which the line's next period is to be billed; a line that came in mid-period, on the day it came."""
    first, last = next_period(line), last_served(contract, line)
    if first is None:
        return None
    day = max(first, line.served_from or first)
    return None if line.over or (last is not None and day > last) else day


def _invoice_day(contract: Contract, on: date) -> date:
    """The day on which an invoice goes out: its period's first, or for the first one the later day asked for."""
    asked = contract.order.invoice_on if contract.order else None
    first = all(line.billed is None for line in contract.lines)
    return max(on, asked) if asked and first else on


def _bill_periods(contract: Contract, lines: list[Line], on: date, at: datetime, rule: str) -> PeriodBilled:
    billed = tuple(_bill_line(contract, line) for line in lines)
    charges = (_charge(contract, line, part.billed) for line, part in zip(lines, billed, strict=True))
    key = contract.key("invoice", f"{on}.{lines[0].id}")
    issued = bill(contract, key, _invoice_day(contract, on), charges)
    return PeriodBilled(at=at, rule=rule, on=on, lines=billed, bill=issued)


def _bill_line(contract: Contract, line: Line) -> LineBilled:
    first = next_period(line)
    if first is None or line.anchor is None:
        raise ValueError(f"line {line.id} has no period to bill")
    months = line.billed_months + line.period
    last = months_after(line.anchor, months) - DAY
    price = _price(contract, line)
    days = (last - first).days + 1
    served = served_days(contract, line, first, last, last_served(contract, line))
    billed = Billed(
        key=contract.key("period", f"{line.id}.{first}"),
        first=first,
        last=last,
        price=price,
        charged=prorated(price, days=served, of_days=days, currency=contract.terms.currency),
        served=served,
    )
    return LineBilled(line=line.id, months=months, billed=billed)


def _price(contract: Contract, line: Line) -> Decimal:
    """What the line's next period costs whole: the price times the quantity, less what a coupon takes off."""
    currency = contract.terms.currency
    price = rounded(line.prices[line.period] * line.quantity, currency)
    discount = contract.order.discount if contract.order else None
    if discount is None or discount.line != line.id or line.billed_periods >= discount.periods:
        return price
    off = (
        percent_of(price, discount.value, currency) if discount.kind == "percent" else rounded(discount.value, currency)
    )
    return max(Decimal(0), price - off)


def _charge(contract: Contract, line: Line, billed: Billed) -> Charge:
    """What a period costs; one that service does not outlive is charged up to service's last day, and says so."""
    end = last_served(contract, line)
    return Charge(
        key=billed.key,
        what="period",
        text=line.text,
        rule=contract.terms.billing.rule if contract.terms.billing else contract.terms.quote.rule,
        net=billed.charged,
        line=line.id,
        serial=line.serial,
        first=max(billed.first, line.served_from or billed.first),
        last=min(end, billed.last) if end and end >= billed.first else billed.last,
        days=billed.served,
        of_days=billed.days,
    )


def running_period_end(line: Line, day: date) -> date:
    """The last day of the period in which the line is on that day; the day itself before its first billed one."""
    if line.anchor is None or line.active_since is None or day < line.anchor or not line.period:
        return day
    months = line.billed_months
    while months_after(line.anchor, months) <= day:
        months += line.period
    return months_after(line.anchor, months) - DAY


def recharge(
    contract: Contract,
    at: datetime,
    reason: str,
    rule: str,
    *,
    ends: dict[str, date | None] | None = None,
    only: Container[str] | None = None,
) -> tuple[Event, ...]:
    """The last billed periods charged anew for the days that they are really served: a credit, a charge, or nothing.

    The contract is taken as it stands after what made the difference; ``ends`` gives last days by line where an end
    is not in the state yet, and ``only`` the lines that are looked at, where it is not all.
    """
    changed = [
        (line, billed)
        for line in contract.lines
        if line.billed
        and not line.over
        and (only is None or line.id in only)
        and (billed := _recharged(contract, line, line.billed, ends)) != line.billed
    ]
    if not changed:
        return ()
    parts = tuple(LineBilled(line=line.id, months=line.billed_months, billed=billed) for line, billed in changed)
    credit = _difference(contract, at, changed, sign=-1)
    more = _difference(contract, at, changed, sign=1)
    return (Recredited(at=at, rule=rule, reason=reason, lines=parts, bill=more, credit=credit),)


def _recharged(contract: Contract, line: Line, billed: Billed, ends: dict[str, date | None] | None) -> Billed:
    until = ends[line.id] if ends and line.id in ends else last_served(contract, line)
    served = served_days(contract, line, billed.first, billed.last, until)
    charged = prorated(billed.price, days=served, of_days=billed.days, currency=contract.terms.currency)
    return billed.model_copy(update={"served": served, "charged": charged})


def _difference(contract: Contract, at: datetime, changed: list[tuple[Line, Billed]], *, sign: int) -> Bill | None:
    """The charges whose difference has this sign, as a bill; none where there are none."""
    on, kind = contract.date_of(at), "invoice" if sign > 0 else "credit"
    occurrence = contract.version + 1
    charges = [
        _charge(contract, line, billed).model_copy(
            update={
                "key": f"{billed.key}/{occurrence}",
                "net": abs(difference),
                "credits": billed.key if sign < 0 else None,
                "days": abs(billed.served - line.billed.served),
            }
        )
        for line, billed in changed
        if line.billed and (difference := billed.charged - line.billed.charged) * sign > 0
    ]
    return bill(contract, contract.key(kind, f"{on}.{occurrence}"), on, charges) if charges else None


def check_collection(contract: Contract, command: ReportCollection, now: datetime) -> tuple[Event, ...]:
    """What the payment provider answered for a later invoice; a decline waits for a person, paid ends the wait."""
    rule = contract.terms.order.payment_rule
    unpaid = any(item.invoice == command.invoice for item in contract.unpaid)
    waiting = command.invoice in contract.declined
    if command.outcome == "declined" and not waiting:
        return (CollectionDeclined(at=now, rule=rule, by=command.by, invoice=command.invoice, reason=command.reason),)
    if command.outcome == "paid" and (waiting or unpaid):
        return (CollectionReceived(at=now, rule=rule, by=command.by, invoice=command.invoice),)
    return ()


def _with_billed(contract: Contract, event: PeriodBilled | Recredited) -> dict[str, Any]:
    parts = {part.line: part for part in event.lines}
    new = 1 if isinstance(event, PeriodBilled) else 0
    lines = tuple(
        line.model_copy(
            update={
                "billed": part.billed,
                "billed_months": part.months,
                "billed_periods": line.billed_periods + new,
            }
        )
        if (part := parts.get(line.id))
        else line
        for line in contract.lines
    )
    pauses = _still_needed(contract.pauses, lines)
    return {"lines": lines, "pauses": pauses, "unpaid": issued(contract, event.bill)}


def _declined(contract: Contract, event: CollectionDeclined) -> dict[str, Any]:
    on = contract.date_of(event.at)
    return {
        "declined": (*contract.declined, event.invoice),
        "unpaid": declined(contract, event.invoice, on, event.reason),
    }


def _still_needed(pauses: tuple[Span, ...], lines: Iterable[Line]) -> tuple[Span, ...]:
    """Pauses that ended before every line's last billed period can change nothing any more."""
    if not pauses:
        return pauses
    firsts = [line.billed.first for line in lines if line.billed]
    oldest = min(firsts, default=None)
    return tuple(pause for pause in pauses if pause.last is None or oldest is None or pause.last >= oldest)


def issue(contract: Contract, event: Event, owed: Bill) -> IssueInvoice:
    """The invoice for a bill, paid as the customer's order was, or as the latest retry."""
    method = contract.order.method if contract.order else None
    return IssueInvoice(key=owed.key, at=event.at, rule=event.rule, bill=owed, method=method)


def _tell_billed(contract: Contract, event: PeriodBilled) -> Iterator[Effect]:
    if event.bill.gross:
        yield issue(contract, event, event.bill)


def _tell_recredited(contract: Contract, event: Recredited) -> Iterator[Effect]:
    if event.credit and event.credit.gross:
        yield IssueCredit(key=event.credit.key, at=event.at, rule=event.rule, bill=event.credit, reason=event.reason)
    if event.bill and event.bill.gross:
        yield issue(contract, event, event.bill)


def _tell_declined(contract: Contract, event: CollectionDeclined) -> Iterator[Effect]:
    yield message(contract, event, "payment_declined", contract.version, reason=event.reason, invoice=event.invoice)


CHECKS = {ReportCollection: check_collection}
EVOLVE = {
    PeriodBilled: _with_billed,
    Recredited: _with_billed,
    CollectionDeclined: _declined,
    CollectionReceived: lambda contract, event: {
        "declined": tuple(key for key in contract.declined if key != event.invoice),
        "unpaid": without(contract, event.invoice),
    },
}
EFFECTS = {PeriodBilled: _tell_billed, Recredited: _tell_recredited, CollectionDeclined: _tell_declined}
