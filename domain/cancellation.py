"""How a customer leaves: at once, or on a planned last day that can be withdrawn; and how a contract ends."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from domain.activation import line_since, next_term, waits
from domain.bill import Bill, bill
from domain.billing import issue, recharge
from domain.calendar import DAY, full_months, last_day_of, months_after
from domain.commands import Cancel, Discard, Terminate
from domain.delivery.stage import closed as closed_questions
from domain.due import Due, Rank, moment
from domain.effects import Effect, MakeDocument, SendMessage
from domain.envelope import Event
from domain.events import (
    CancellationPlanned,
    CancellationWithdrawn,
    Cancelled,
    Ended,
    LineCancellationWithdrawn,
    LinesCancelled,
    LinesEnded,
)
from domain.late import late_until
from domain.message import message
from domain.notice import check_written, received, term_of_no
from domain.order.fees import fee_charge
from domain.order.void import void
from domain.periods import ends_with_term, running_period_end, stands_still
from domain.refusal import Refusal
from domain.state import RUNNING, Contract, Ending, Line, Status, Term
from domain.terms import Band, LeavingReason
from domain.values import Span


def check_cancel(contract: Contract, command: Cancel, now: datetime) -> tuple[Event, ...]:
    """The end by the band of the terms in which a line's month lies, counted from activation."""
    terms = contract.terms.cancellation
    if contract.status is Status.DRAFT:
        return (void(contract, now, terms.rule, command.reason, by=command.by),)
    reason = _coded(contract, command)
    lines = _chosen(contract, command.lines, terms.rule)
    if contract.active_since is None:
        return _leave(contract, command, now, terms.fee_before_start, contract.date_of(now))
    day, rule = received(contract, command.received_on, now), reason.rule if reason else terms.rule
    check_written(contract, command.details, "details")
    own = reason.band if reason else None
    bands = {line.id: own or band_of(contract, counted_since(contract, line, day), day) for line in lines}
    for line in lines:
        if bands[line.id].effect == "refused":
            since = months_after(counted_since(contract, line, day), bands[line.id].until_month or 0)
            raise Refusal(terms.rule, "it is too early to give notice", allowed_from=since)
    first = bands[lines[0].id]
    if len(lines) == len(_open(contract)) and all(band.effect == "at_once" for band in bands.values()):
        _check_billed(contract, dict.fromkeys((line.id for line in lines), day))
        return _leave(contract, command, now, first.fee, day)
    ends = {line.id: _last_day(contract, line, bands[line.id], day) for line in lines}
    _check_billed(contract, ends)
    fees = {line.id: band.fee for line in lines if (band := bands[line.id]).fee and band.effect == "at_once"}
    plan = _Plan(
        rule=rule,
        by=command.by,
        reason=command.reason,
        code=command.code,
        details=dict(command.details),
        received_on=command.received_on,
    )
    return plan.events(contract, ends, now, _fees(contract, fees, contract.date_of(now)))


def _check_billed(contract: Contract, ends: Mapping[str, date]) -> None:
    """Refuse an end that lies before the last billed period and the one before it: only those can be credited."""
    for line in contract.lines:
        end = ends.get(line.id)
        if end and line.billed and end < line.billed.first - DAY:
            raise Refusal(
                contract.terms.cancellation.rule,
                f"line {line.id} is billed from {line.billed.first} on, after its service would have ended on {end}",
                allowed_when=f"the notice came in on {line.billed.first - DAY} or later",
                field="received_on",
            )


def _coded(contract: Contract, command: Cancel) -> LeavingReason | None:
    """The terms' own rule for a coded reason. Refuses a code that they do not have, or that lacks what it needs."""
    terms = contract.terms.cancellation
    if command.code is None:
        return None
    reason = terms.reasons.get(command.code)
    if reason is None:
        known = ", ".join(terms.reasons) or "none: the reason is free text"
        raise Refusal(terms.rule, f"there is no reason `{command.code}`", allowed_when=f"it is {known}", field="code")
    missing = [name for name in reason.needs if not command.details.get(name)]
    if missing:
        raise Refusal(
            reason.rule,
            f"leaving because of `{command.code}` needs: {', '.join(missing)}",
            allowed_when="the details are given",
            field=f"details.{missing[0]}",
        )
    return reason


def _open(contract: Contract) -> list[Line]:
    """The lines that go on, as far as is known."""
    return [line for line in contract.lines if line.ends_on is None]


def _chosen(contract: Contract, wanted: tuple[str, ...], rule: str) -> list[Line]:
    """The lines that are to end: those named, or all. Refuses one that is not there or ends already."""
    if contract.ending:
        raise Refusal(
            rule,
            f"the contract ends on {contract.ending.last_day} already",
            allowed_when="the planned end is withdrawn first",
        )
    for line_id in wanted:
        line = contract.line(line_id)
        if line is None:
            ids = ", ".join(line.id for line in _open(contract)[:20])
            raise Refusal(rule, f"there is no line {line_id}", allowed_when=f"it is one of {ids}", field="lines")
        if line.ends_on:
            raise Refusal(rule, f"line {line_id} ends on {line.ends_on} already", field="lines")
    return [line for line in _open(contract) if not wanted or line.id in wanted]


def counted_since(contract: Contract, line: Line, today: date) -> date:
    """The day from which the line's months are counted: the contract's activation, or the line's own."""
    if contract.terms.cancellation.counted_from == "line":
        return line_since(contract, line) or today
    return contract.active_since or today


def check_terminate(contract: Contract, command: Terminate, now: datetime) -> tuple[Event, ...]:
    """The provider's notice, for lines that have been in service for as long as the terms want."""
    terms = contract.terms.cancellation.provider
    if terms is None:
        raise Refusal(contract.terms.cancellation.rule, "the provider cannot give notice under these terms")
    today = received(contract, command.received_on, now)
    lines = _chosen(contract, command.lines, terms.rule)
    earliest = max(months_after(line_since(contract, line) or today, terms.after_months) for line in lines)
    if earliest > today:
        raise Refusal(
            terms.rule,
            f"the provider may give notice once a line has been in service for {terms.after_months} months",
            allowed_from=earliest,
        )
    ends = dict.fromkeys((line.id for line in lines), months_after(today, terms.notice_months))
    plan = _Plan(
        rule=terms.rule, by=command.by, reason=command.reason, party="provider", received_on=command.received_on
    )
    return plan.events(contract, ends, now)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Why some lines, or all, are to end."""

    rule: str
    by: str
    reason: str
    party: Literal["customer", "provider"] = "customer"
    code: str | None = None
    details: dict[str, str] = field(default_factory=dict)
    received_on: date | None = None

    def events(
        self, contract: Contract, ends: dict[str, date], now: datetime, fees: Bill | None = None
    ) -> tuple[Event, ...]:
        """The end of these lines; with the last of them, the contract's own."""
        said = {
            "party": self.party,
            "code": self.code,
            "details": self.details,
            "reason": self.reason,
            "received_on": self.received_on,
        }
        if len(ends) < len(_open(contract)) or fees:
            return (LinesCancelled(at=now, rule=self.rule, by=self.by, lines=ends, bill=fees, **said),)
        known = [line.ends_on for line in contract.lines if line.ends_on]
        last_day = max([*known, *ends.values()])
        return (CancellationPlanned(at=now, rule=self.rule, by=self.by, last_day=last_day, lines=ends, **said),)


def _fees(contract: Contract, fees: Mapping[str, str | None], today: date) -> Bill | None:
    charges = [
        fee_charge(contract, fee, contract.key("fee", f"{fee}.{line_id}"), contract.line(line_id))
        for line_id, fee in fees.items()
        if fee
    ]
    return (
        bill(contract, contract.key("invoice", f"leaving.{contract.version + 1}"), today, charges) if charges else None
    )


def band_of(contract: Contract, since: date, day: date) -> Band:
    """The band in which a day lies; the first day of service is in month 1."""
    month = full_months(since, day) + 1
    bands = contract.terms.cancellation.bands
    return next(band for band in bands if band.until_month is None or month <= band.until_month)


def _last_day(contract: Contract, line: Line, band: Band, today: date) -> date:
    if waits(line) or band.effect == "at_once":
        return today
    if band.effect == "after_notice":
        return months_after(today, band.notice_months or 0)
    if band.effect == "end_of_month" and band.until_month:
        return last_day_of(counted_since(contract, line, today), band.until_month)
    if band.effect == "end_of_term" and contract.term:
        return _term_end(contract, contract.term, today)
    return running_period_end(contract, line, today)


def _term_end(contract: Contract, term: Term, today: date) -> date:
    """The end of this term, or where the last possible day for a no is over, of the next one."""
    return term_of_no(contract, term, today) or next_term(contract, term).last


def _leave(contract: Contract, command: Cancel, now: datetime, fee: str | None, last_day: date) -> tuple[Event, ...]:
    rule, today = contract.terms.cancellation.rule, contract.date_of(now)
    charged: Bill | None = None
    if fee:
        charges = [fee_charge(contract, fee, contract.key("fee", fee))]
        charged = bill(contract, contract.key("invoice", fee), today, charges)
    credit = settle(contract, now, {line.id: min(line.ends_on or last_day, last_day) for line in contract.lines})
    cancelled = Cancelled(
        at=now,
        rule=rule,
        by=command.by,
        last_day=last_day,
        reason=command.reason,
        bill=charged,
        received_on=command.received_on,
    )
    return (*credit, cancelled)


def settle(
    contract: Contract, at: datetime, ends: dict[str, date], only: Container[str] | None = None
) -> tuple[Event, ...]:
    """What the last billed periods cost after all, when service ends on these days.

    A pause that lasts until the end is credited also where days after the end are not.
    """
    rule = contract.terms.cancellation.rule
    if contract.terms.cancellation.credit_unused:
        return recharge(contract, at, "service ended", rule, ends=dict(ends), only=only)
    if contract.status is not Status.SUSPENDED:
        return ()
    after = contract.model_copy(update={"pauses": _closed(contract, max(ends.values()))})
    return recharge(after, at, "days without service", rule, ends=dict.fromkeys(ends), only=only)


def _closed(contract: Contract, last_day: date) -> tuple[Span, ...]:
    return tuple(pause if pause.last else Span(first=pause.first, last=last_day) for pause in contract.pauses)


def check_discard(contract: Contract, command: Discard, now: datetime) -> tuple[Event, ...]:
    """The end of a contract whose test clock is deleted: nothing is charged or credited any more."""
    today, rule = contract.date_of(now), contract.terms.quote.rule
    reason = "its test clock was deleted"
    return (Ended(at=now, rule=rule, by=command.by, status="Void", last_day=today, reason=reason),)


def due(contract: Contract) -> Iterator[Due]:
    """A planned end, of the contract or of some of its lines, comes when its last day is over.

    One that is the term's own waits while a pause makes the term longer.
    """
    ending = contract.ending
    if contract.status not in RUNNING:
        return
    yield from _due_lines(contract)
    if ending is None or _moves_on(contract, ending.last_day):
        return
    at = moment(contract, ending.last_day + DAY)
    ends = {line.id: line.ends_on or ending.last_day for line in contract.lines}
    ended = Ended(at=at, rule=ending.rule, status=ending.status.value, last_day=ending.last_day, reason=ending.reason)
    what = f"the contract ends ({ending.status.lower()})"
    yield Due(at, Rank.END, ending.last_day, what, ending.rule, lambda: (*settle(contract, at, ends), ended))


def _moves_on(contract: Contract, last_day: date) -> bool:
    return stands_still(contract) and ends_with_term(contract, last_day)


def _due_lines(contract: Contract) -> Iterator[Due]:
    leaving = [
        line
        for line in contract.lines
        if line.id in contract.leaving and line.ends_on and not _moves_on(contract, line.ends_on)
    ]
    if not leaving:
        return
    last_day = min(line.ends_on for line in leaving if line.ends_on)
    ends = {line.id: last_day for line in leaving if line.ends_on == last_day}
    at, rule = moment(contract, last_day + DAY), contract.terms.cancellation.rule
    ended = LinesEnded(at=at, rule=rule, lines=tuple(ends), last_day=last_day)
    events: tuple[Event, ...] = (ended,)
    if all(line.over or line.id in ends for line in contract.lines):
        reason = "its last line ended"
        events = (*events, Ended(at=at, rule=rule, status="Cancelled", last_day=last_day, reason=reason))
    what = f"line {', '.join(ends)} ends"
    yield Due(at, Rank.END, last_day, what, rule, lambda: (*settle(contract, at, dict(ends), only=ends), *events))


def _planned(contract: Contract, event: CancellationPlanned) -> dict[str, Any]:
    ending = Ending(
        last_day=event.last_day, status=Status.CANCELLED, reason=event.reason, rule=event.rule, party=event.party
    )
    return {"ending": ending, "lines": _ending_on(contract, event.lines)}


def _ending_on(contract: Contract, ends: dict[str, date]) -> tuple[Line, ...]:
    return tuple(
        line.model_copy(update={"ends_on": ends[line.id]}) if line.id in ends else line for line in contract.lines
    )


def _lines_planned(contract: Contract, event: LinesCancelled) -> dict[str, Any]:
    return {"lines": _ending_on(contract, event.lines), "leaving": (*contract.leaving, *event.lines)}


def _lines_ended(contract: Contract, event: LinesEnded) -> dict[str, Any]:
    lines = tuple(
        line.model_copy(update={"over": True, "planned": None}) if line.id in event.lines else line
        for line in contract.lines
    )
    return {"lines": lines, "leaving": tuple(line for line in contract.leaving if line not in event.lines)}


def lines_withdrawn(contract: Contract, event: LineCancellationWithdrawn) -> dict[str, Any]:
    """The contract with these lines going on."""
    lines = tuple(
        line.model_copy(update={"ends_on": None}) if line.id in event.lines else line for line in contract.lines
    )
    return {"lines": lines, "leaving": tuple(line for line in contract.leaving if line not in event.lines)}


def withdrawn(contract: Contract, event: Event) -> dict[str, Any]:
    """The contract without its planned end; lines that leave by themselves still do."""
    lines = tuple(
        line if line.over or line.id in contract.leaving else line.model_copy(update={"ends_on": None})
        for line in contract.lines
    )
    return {"ending": None, "lines": lines}


def _ended(contract: Contract, event: Ended | Cancelled) -> dict[str, Any]:
    status = Status(event.status) if isinstance(event, Ended) else Status.CANCELLED
    lines = tuple(
        line.model_copy(update={"ends_on": line.ends_on or event.last_day, "planned": None}) for line in contract.lines
    )
    pauses = _closed(contract, event.last_day)
    return {
        "status": status,
        "ended_on": event.last_day,
        "ended_by": contract.ending.party if contract.ending else "customer",
        "ending": None,
        "lines": lines,
        "pauses": pauses,
    }


def _tell_planned(contract: Contract, event: CancellationPlanned) -> Iterator[Effect]:
    data = {"last_day": event.last_day.isoformat(), "reason": event.reason}
    document = contract.key("document", f"cancellation-{contract.version}")
    yield MakeDocument(
        key=document, at=event.at, rule=event.rule, document="cancellation_confirmation", data=dict(data)
    )
    if event.party == "provider":
        serials = [line.serial for line in contract.lines if line.id in event.lines]
        yield message(contract, event, "provider_terminated", contract.version, serials=serials, **data)
        return
    planned = message(contract, event, "cancellation_planned", contract.version, **data)
    yield planned.model_copy(update={"attached": (document,)})


def _tell_lines(contract: Contract, event: LinesCancelled) -> Iterator[Effect]:
    if event.bill and event.bill.gross:
        yield issue(contract, event, event.bill)
    leaving = [(line.serial, day) for line in contract.lines if (day := event.lines.get(line.id))]
    if event.party == "provider":
        serials, last_day = [serial for serial, _ in leaving], max(day for _, day in leaving).isoformat()
        data = {"serials": serials, "last_day": last_day, "reason": event.reason}
        yield message(contract, event, "provider_terminated", contract.version, **data)
        return
    for serial, day in leaving:
        occurrence = f"{contract.version}.{serial}"
        data = {"serial": serial, "last_day": day.isoformat(), "reason": event.reason}
        yield message(contract, event, "line_cancelled", occurrence, **data)


def _tell_withdrawn(contract: Contract, event: CancellationWithdrawn) -> Iterator[Effect]:
    yield message(contract, event, "cancellation_withdrawn", contract.version)


def _tell_cancelled(contract: Contract, event: Cancelled) -> Iterator[Effect]:
    if event.bill and event.bill.gross:
        yield issue(contract, event, event.bill)
    yield from closed_questions(contract, event)
    total = str(event.bill.gross) if event.bill else None
    yield _last_words(contract, event, "cancelled", total=total)


def _tell_ended(contract: Contract, event: Ended) -> Iterator[Effect]:
    yield from closed_questions(contract, event)
    if event.status != "Void":
        name, until = "expired" if event.status == "Expired" else "cancelled", late_until(contract)
        yield _last_words(contract, event, name, late_until=until.isoformat() if until else None)


def _last_words(contract: Contract, event: Ended | Cancelled, name: str, **data: object) -> SendMessage:
    credited = contract.terms.cancellation.credit_unused
    return message(contract, event, name, last_day=event.last_day.isoformat(), credited=credited, **data)


CHECKS = {Cancel: check_cancel, Terminate: check_terminate, Discard: check_discard}
EVOLVE = {
    CancellationPlanned: _planned,
    CancellationWithdrawn: withdrawn,
    LinesCancelled: _lines_planned,
    LinesEnded: _lines_ended,
    LineCancellationWithdrawn: lines_withdrawn,
    Cancelled: _ended,
    Ended: _ended,
}
EFFECTS = {
    CancellationPlanned: _tell_planned,
    CancellationWithdrawn: _tell_withdrawn,
    LinesCancelled: _tell_lines,
    Cancelled: _tell_cancelled,
    Ended: _tell_ended,
}
