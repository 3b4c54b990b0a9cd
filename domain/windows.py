"""Windows for notice from both sides, line by line: from when, until which last possible day, and what then ends when.

They hold whatever day they are read on, as long as nothing happens to the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from domain.activation import line_since, next_term
from domain.calendar import DAY, last_day_of, months_after
from domain.cancellation import counted_since
from domain.late import late_until
from domain.notice import last_answer_day, last_day_for_no, opens_on
from domain.periods import running_period_end
from domain.state import ENDED, RUNNING, Contract, Line, Term
from domain.terms import Band
from domain.values import Carried, Name


class NoticeWindow(Carried):
    """Notice by a command, given from ``first`` until ``last``, the last possible day, ends service on ``ends_on``.

    Without ``last`` it may be given for ever; without ``ends_on`` service ends so many months after it, or at once.
    ``lines`` are those that it holds for; none named: all of them. `decline_renewal` is the no to a next term that
    would come by itself.
    """

    by: Literal["cancel", "decline_renewal", "terminate"]
    party: Literal["customer", "provider"]
    lines: tuple[str, ...] = ()
    first: date
    last: date | None = None
    ends_on: date | None = None
    notice_months: int | None = None
    fee: Name | None = None
    rule: str


def windows(contract: Contract, today: date) -> tuple[NoticeWindow, ...]:
    """Every window that is open on a day, or opens later; none once an end is planned."""
    if contract.status not in RUNNING or contract.ending:
        return ()
    going = [line for line in contract.lines if line.ends_on is None and line.active_since]
    found: dict[NoticeWindow, list[str]] = {}
    for lines in _alike(going):
        for window in (*_customers(contract, lines[0], today), *_providers(contract, lines[0], today)):
            found.setdefault(window, []).extend(line.id for line in lines)
    by_line = (
        window if len(lines) == len(going) else window.model_copy(update={"lines": tuple(lines)})
        for window, lines in found.items()
    )
    return (*by_line, *_declining(contract, today))


def _alike(lines: Iterable[Line]) -> Iterable[list[Line]]:
    """The lines by what their windows depend on: of hundreds that began together, one is looked at."""
    alike: dict[object, list[Line]] = {}
    for line in lines:
        begun = line.since, line.active_since, line.anchor, line.period, line.billed_months
        alike.setdefault(begun, []).append(line)
    return alike.values()


def _customers(contract: Contract, line: Line, today: date) -> Iterator[NoticeWindow]:
    terms, since = contract.terms.cancellation, counted_since(contract, line, today)
    first = since
    for band in terms.bands:
        last = last_day_of(since, band.until_month) if band.until_month else None
        if band.effect != "refused":
            for window in _of_band(contract, line, band, max(first, today), last):
                if window.last is None or window.last >= max(today, window.first):
                    yield window
        first = last + DAY if last else first


def _of_band(contract: Contract, line: Line, band: Band, first: date, last: date | None) -> Iterator[NoticeWindow]:
    rule = contract.terms.cancellation.rule
    fee = band.fee if band.effect == "at_once" else None
    whole = NoticeWindow(
        by="cancel", party="customer", first=first, last=last, notice_months=band.notice_months, fee=fee, rule=rule
    )
    match band.effect:
        case "end_of_term" if contract.term:
            yield from _by_term(contract, contract.term, whole)
        case "end_of_month":
            yield whole.model_copy(update={"ends_on": last})
        case "end_of_term" | "end_of_period":
            end = running_period_end(contract, line, first)
            yield whole.model_copy(update={"ends_on": end, "last": min(last, end) if last else end})
        case _:
            yield whole


def _by_term(contract: Contract, term: Term, whole: NoticeWindow) -> Iterator[NoticeWindow]:
    """Until the last possible day for this term's end, and after it for the next one's."""
    for one in (term, next_term(contract, term)):
        until = last_day_for_no(contract, one)
        last = min(until, whole.last) if whole.last else until
        yield whole.model_copy(update={"last": last, "ends_on": one.last})
        whole = whole.model_copy(update={"first": max(whole.first, until + DAY)})


def _providers(contract: Contract, line: Line, today: date) -> Iterator[NoticeWindow]:
    provider = contract.terms.cancellation.provider
    if provider:
        earliest = months_after(line_since(contract, line) or today, provider.after_months)
        yield NoticeWindow(
            by="terminate",
            party="provider",
            first=max(earliest, today),
            notice_months=provider.notice_months,
            rule=provider.rule,
        )


def _declining(contract: Contract, today: date) -> Iterator[NoticeWindow]:
    """The no to the next term where that comes by itself; once it is certain, the no to the term after it."""
    term, renewal = contract.term, contract.terms.renewal
    if term is None or renewal is None or renewal.mode != "tacit":
        return
    certain = contract.renewal.answer == "accepted" or contract.renewal.committed
    following = next_term(contract, term)
    for one in (following,) if certain else (term, following):
        last, first = last_day_for_no(contract, one), opens_on(renewal, one)
        if one == term and contract.renewal.quoted_on:
            first = min(first, contract.renewal.quoted_on)
        if last >= max(today, first):
            yield NoticeWindow(
                by="decline_renewal",
                party="customer",
                first=first,
                last=last,
                ends_on=one.last,
                rule=renewal.notice_rule or renewal.rule,
            )


def cancellable_until(found: Iterable[NoticeWindow], today: date) -> date | None:
    """The last day on which a no keeps the next uncertain term from coming; None where nothing goes on by itself."""
    days = (window.last for window in found if window.by == "decline_renewal" and window.last and window.last >= today)
    return min(days, default=None)


def renewable_until(contract: Contract) -> date | None:
    """The last day for a yes to the next term, where it comes by a yes only and none has been said."""
    term, renewal = contract.term, contract.terms.renewal
    if contract.status in ENDED:
        return late_until(contract)
    if term is None or renewal is None or renewal.mode == "tacit":
        return None
    return None if contract.renewal.answer or contract.ending else last_answer_day(contract, term)
