"""Periodic billing, in advance or in arrears: each period is charged for the days that are served, once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from domain import safety
from domain.bill import Bill, Charge, bill
from domain.calendar import DAY, months_after
from domain.commands import ReportCollection
from domain.commitment.counted import counted
from domain.consolidation import together
from domain.credits.account import is_kept
from domain.credits.events import CollectionPending
from domain.delivery.hold import held_after
from domain.due import Due, Rank, moment
from domain.dunning.unpaid import declined, issued, without
from domain.effects import Effect, IssueCredit, IssueInvoice
from domain.envelope import Event
from domain.events import CollectionDeclined, CollectionReceived, LineBilled, PeriodBilled, Recredited
from domain.message import message
from domain.money import percent_of, prorated, rounded
from domain.periods import boundary, extends, last_served, next_period, pauses_count, served_days, stands_still
from domain.state import RUNNING, Billed, Contract, Line, Status
from domain.values import Span

_SERVED = RUNNING | {Status.CANCELLED, Status.EXPIRED}


def due(contract: Contract) -> Iterator[Due]:
    """What falls due on one day is billed together.

    In advance, bills wait while service is suspended. In arrears, what was served is billed after the end too.
    """
    days = {line.id: day for line in contract.lines if (day := _billable(contract, line))}
    if not days or contract.terms.billing is None:
        return
    on = min(days.values())
    at, rule = moment(contract, _invoice_day(contract, on)), contract.terms.billing.rule
    if safety.too_many(contract, at):
        yield safety.parking(contract, at, rule)
        return
    lines = [line for line in contract.lines if days.get(line.id) == on]
    rank, what = (
        (Rank.ARREARS, f"bill what was served before {on}")
        if in_arrears(contract)
        else (Rank.BILL, f"bill the period from {on}")
    )
    yield Due(at, rank, on, what, rule, lambda: (_bill_periods(contract, lines, on, at, rule),))


def in_arrears(contract: Contract) -> bool:
    """Whether a period is billed when it is over."""
    return contract.terms.billing is not None and contract.terms.billing.mode == "in_arrears"


def _billable(contract: Contract, line: Line) -> date | None:
    """The day on which the line's next period is to be billed, as far as it is known."""
    return _after_service(contract, line) if in_arrears(contract) else _before_service(contract, line)


def _before_service(contract: Contract, line: Line) -> date | None:
    """The period's first day; for a line that came in mid-period, the day on which it came."""
    paused = contract.status is Status.SUSPENDED and pauses_count(contract)
    if line.over or paused or contract.status not in RUNNING or (first := next_period(contract, line)) is None:
        return None
    last = last_served(contract, line)
    day = max(first, line.served_from or first)
    return None if (last is not None and day > last) or _waits(contract, day) else day


def _after_service(contract: Contract, line: Line) -> date | None:
    """The day after the period's last one, or after service's own where that comes first."""
    first, last = next_period(contract, line), last_served(contract, line)
    if first is None or contract.status not in _SERVED:
        return None
    day = max(first, line.served_from or first)
    if (last is not None and day > last) or _waits(contract, day):
        return None
    over = None if stands_still(contract) else boundary(contract, line, line.billed_months + line.period) - DAY
    return min((end + DAY for end in (over, last) if end), default=None)


def _waits(contract: Contract, day: date) -> bool:
    """Whether a period that begins on a day is of a next term that a person has to decide about first."""
    until = held_after(contract)
    return until is not None and day > until


def _invoice_day(contract: Contract, on: date) -> date:
    """The day on which an invoice goes out: its period's first, or for the first one the later day asked for."""
    asked = contract.order.invoice_on if contract.order else None
    first = all(line.billed is None for line in contract.lines)
    return max(on, asked) if asked and first else on


def _bill_periods(contract: Contract, lines: list[Line], on: date, at: datetime, rule: str) -> PeriodBilled:
    billed = tuple(_bill_line(contract, line, on) for line in lines)
    charges = [
        _charge(contract, line, part.billed)
        for line, part in zip(lines, billed, strict=True)
        if line.served_from is None or line.served_from <= part.billed.last
    ]
    key = contract.key("invoice", f"{'until.' if in_arrears(contract) else ''}{on}.{lines[0].id}")
    issued = bill(contract, key, _invoice_day(contract, on), charges)
    return PeriodBilled(at=at, rule=rule, on=on, lines=billed, bill=issued)


def _bill_line(contract: Contract, line: Line, on: date) -> LineBilled:
    first = next_period(contract, line)
    if first is None or line.anchor is None:
        raise ValueError(f"line {line.id} has no period to bill")
    months = line.billed_months + line.period
    last = boundary(contract, line, months, on) - DAY
    price = _price(contract, line)
    days = (months_after(line.anchor, months) - months_after(line.anchor, line.billed_months)).days
    served = served_days(contract, line, first, last, last_served(contract, line))
    billed = Billed(
        key=contract.key("period", f"{line.id}.{first}"),
        first=first,
        last=last,
        price=price,
        charged=prorated(price, days=served, of_days=days, currency=contract.terms.currency),
        served=served,
        added=(last - first).days + 1 - days,
        in_arrears=in_arrears(contract),
    )
    return LineBilled(line=line.id, months=months, billed=billed)


def _price(contract: Contract, line: Line) -> Decimal:
    """What the line's next period costs whole: the price times the quantity, less what a coupon takes off."""
    currency = contract.terms.currency
    prices = line.running_prices or line.prices
    price = rounded(prices[line.period] * line.quantity, currency)
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
        what="arrears" if billed.in_arrears else "period",
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
    if line.anchor and billed.first < line.anchor:  # its term is over: the next one's periods begin with the anchor
        until = min(until or line.anchor, line.anchor - DAY)
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
    opened = command.invoice in contract.account.open
    said = {"at": now, "rule": rule, "by": command.by, "invoice": command.invoice}
    match command.outcome:
        case "declined" if not waiting:
            return (CollectionDeclined(**said, reason=command.reason, amount=command.amount),)
        case "paid" if waiting or unpaid or opened:
            return (CollectionReceived(**said),)
        case "pending" if is_kept(contract) and command.amount and not (waiting or opened):
            return (CollectionPending(**said, amount=command.amount),)
        case _:
            return ()


def _with_billed(contract: Contract, event: PeriodBilled | Recredited) -> dict[str, Any]:
    parts = {part.line: part for part in event.lines}
    new = isinstance(event, PeriodBilled)
    lines = tuple(
        line.model_copy(
            update={
                "billed": part.billed,
                "billed_months": part.months,
                "billed_periods": line.billed_periods + (1 if new else 0),
                "running_prices": None if new else line.running_prices,
            }
        )
        if (part := parts.get(line.id))
        else line
        for line in contract.lines
    )
    pauses = _still_needed(contract, lines)
    credit = event.credit if isinstance(event, Recredited) else None
    return {
        "lines": lines,
        "pauses": pauses,
        "unpaid": issued(contract, event.bill, together(contract, event)),
        "commitment": counted(contract, event.bill, credit),
        **safety.counted(contract, event),
    }


def _declined(contract: Contract, event: CollectionDeclined) -> dict[str, Any]:
    on = contract.date_of(event.at)
    return {
        "declined": (*contract.declined, event.invoice),
        "unpaid": declined(contract, event.invoice, on, event.reason),
    }


def _still_needed(contract: Contract, lines: Iterable[Line]) -> tuple[Span, ...]:
    """Pauses that ended before every line's last billed period (where they extend, its anchor) change nothing more."""
    if not contract.pauses:
        return contract.pauses
    firsts = [line.billed.first if line.billed and not extends(contract) else line.anchor for line in lines]
    oldest = min((first for first in firsts if first), default=None)
    return tuple(pause for pause in contract.pauses if pause.last is None or oldest is None or pause.last >= oldest)


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
