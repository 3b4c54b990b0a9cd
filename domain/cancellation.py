"""How a customer leaves: at once, or on a planned last day that can be withdrawn; and how a contract ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from domain.activation import waits
from domain.bill import Bill, bill
from domain.billing import issue, recharge, running_period_end
from domain.calendar import DAY, full_months, last_day_of, months_after
from domain.commands import Cancel, Discard
from domain.due import Due, Rank, moment
from domain.effects import Effect, MakeDocument, SendMessage
from domain.envelope import Event
from domain.events import CancellationPlanned, CancellationWithdrawn, Cancelled, Ended
from domain.message import message
from domain.order import fee_charge, void
from domain.refusal import Refusal
from domain.state import RUNNING, Contract, Ending, Line, Status
from domain.terms import Band


def check_cancel(contract: Contract, command: Cancel, now: datetime) -> tuple[Event, ...]:
    """The end by the band of the terms in which the contract's month lies, counted from activation."""
    terms = contract.terms.cancellation
    if contract.status is Status.DRAFT:
        return (void(contract, now, terms.rule, command.reason, by=command.by),)
    if contract.ending:
        raise Refusal(
            terms.rule,
            f"the contract ends on {contract.ending.last_day} already",
            allowed_when="the planned end is withdrawn first",
        )
    if contract.active_since is None:
        return _leave(contract, command, now, terms.fee_before_start)
    today = contract.date_of(now)
    band = band_of(contract, contract.active_since, today)
    match band.effect:
        case "at_once":
            return _leave(contract, command, now, band.fee)
        case "refused":
            since = months_after(contract.active_since, band.until_month or 0)
            raise Refusal(terms.rule, "it is too early to give notice", allowed_from=since)
        case _:
            lines = {line.id: _last_day(contract, line, band, today) for line in contract.lines}
            return (
                CancellationPlanned(
                    at=now,
                    rule=terms.rule,
                    by=command.by,
                    last_day=max(lines.values()),
                    lines=lines,
                    reason=command.reason,
                ),
            )


def band_of(contract: Contract, since: date, day: date) -> Band:
    """The band in which a day lies; the first day of service is in month 1."""
    month = full_months(since, day) + 1
    bands = contract.terms.cancellation.bands
    return next(band for band in bands if band.until_month is None or month <= band.until_month)


def _last_day(contract: Contract, line: Line, band: Band, today: date) -> date:
    if waits(line):
        return today
    if band.effect == "end_of_month" and contract.active_since and band.until_month:
        return last_day_of(contract.active_since, band.until_month)
    if band.effect == "end_of_term" and contract.term:
        return contract.term.last
    return running_period_end(line, today)


def _leave(contract: Contract, command: Cancel, now: datetime, fee: str | None) -> tuple[Event, ...]:
    rule, today = contract.terms.cancellation.rule, contract.date_of(now)
    charged: Bill | None = None
    if fee:
        charges = [fee_charge(contract, fee, contract.key("fee", fee))]
        charged = bill(contract, contract.key("invoice", fee), today, charges)
    credit = _settle(contract, now, dict.fromkeys((line.id for line in contract.lines), today))
    cancelled = Cancelled(at=now, rule=rule, by=command.by, last_day=today, reason=command.reason, bill=charged)
    return (*credit, cancelled)


def _settle(contract: Contract, at: datetime, ends: dict[str, date]) -> tuple[Event, ...]:
    """What the last billed periods cost after all, when service ends on these days."""
    if not contract.terms.cancellation.credit_unused:
        return ()
    return recharge(contract, at, "service ended", contract.terms.cancellation.rule, ends=dict(ends))


def check_discard(contract: Contract, command: Discard, now: datetime) -> tuple[Event, ...]:
    """The end of a contract whose test clock is deleted: nothing is charged or credited any more."""
    today, rule = contract.date_of(now), contract.terms.quote.rule
    reason = "its test clock was deleted"
    return (Ended(at=now, rule=rule, by=command.by, status="Void", last_day=today, reason=reason),)


def due(contract: Contract) -> Iterator[Due]:
    """A planned end comes when its last day is over."""
    ending = contract.ending
    if ending is None or contract.status not in RUNNING:
        return
    at = moment(contract, ending.last_day + DAY)
    ends = {line.id: line.ends_on or ending.last_day for line in contract.lines}
    ended = Ended(at=at, rule=ending.rule, status=ending.status.value, last_day=ending.last_day, reason=ending.reason)
    events = (*_settle(contract, at, ends), ended)
    yield Due(at, Rank.END, ending.last_day, f"the contract ends ({ending.status.lower()})", ending.rule, events)


def _planned(contract: Contract, event: CancellationPlanned) -> dict[str, Any]:
    ending = Ending(last_day=event.last_day, status=Status.CANCELLED, reason=event.reason, rule=event.rule)
    lines = tuple(line.model_copy(update={"ends_on": event.lines.get(line.id)}) for line in contract.lines)
    return {"ending": ending, "lines": lines}


def withdrawn(contract: Contract, event: Event) -> dict[str, Any]:
    """The contract without its planned end."""
    return {"ending": None, "lines": tuple(line.model_copy(update={"ends_on": None}) for line in contract.lines)}


def _ended(contract: Contract, event: Ended | Cancelled) -> dict[str, Any]:
    status = Status(event.status) if isinstance(event, Ended) else Status.CANCELLED
    lines = tuple(
        line.model_copy(update={"ends_on": line.ends_on or event.last_day, "planned": None}) for line in contract.lines
    )
    return {"status": status, "ended_on": event.last_day, "ending": None, "lines": lines}


def _tell_planned(contract: Contract, event: CancellationPlanned) -> Iterator[Effect]:
    data = {"last_day": event.last_day.isoformat(), "reason": event.reason}
    document = contract.key("document", f"cancellation-{contract.version}")
    yield MakeDocument(
        key=document, at=event.at, rule=event.rule, document="cancellation_confirmation", data=dict(data)
    )
    planned = message(contract, event, "cancellation_planned", contract.version, **data)
    yield planned.model_copy(update={"attached": (document,)})


def _tell_withdrawn(contract: Contract, event: CancellationWithdrawn) -> Iterator[Effect]:
    yield message(contract, event, "cancellation_withdrawn", contract.version)


def _tell_cancelled(contract: Contract, event: Cancelled) -> Iterator[Effect]:
    if event.bill and event.bill.gross:
        yield issue(contract, event, event.bill)
    total = str(event.bill.gross) if event.bill else None
    yield _last_words(contract, event, "cancelled", total=total)


def _tell_ended(contract: Contract, event: Ended) -> Iterator[Effect]:
    if event.status != "Void":
        name = "expired" if event.status == "Expired" else "cancelled"
        yield _last_words(contract, event, name)


def _last_words(contract: Contract, event: Ended | Cancelled, name: str, **data: object) -> SendMessage:
    credited = contract.terms.cancellation.credit_unused
    return message(contract, event, name, last_day=event.last_day.isoformat(), credited=credited, **data)


CHECKS = {Cancel: check_cancel, Discard: check_discard}
EVOLVE = {
    CancellationPlanned: _planned,
    CancellationWithdrawn: withdrawn,
    Cancelled: _ended,
    Ended: _ended,
}
EFFECTS = {
    CancellationPlanned: _tell_planned,
    CancellationWithdrawn: _tell_withdrawn,
    Cancelled: _tell_cancelled,
    Ended: _tell_ended,
}
