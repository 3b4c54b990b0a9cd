"""A line's billing periods: counted from its anchor, moved on by pauses where the terms say so; and the days served."""

from __future__ import annotations

from datetime import date

from domain.activation import next_term
from domain.calendar import DAY, full_months, months_after
from domain.state import Contract, Line, Status


def extends(contract: Contract) -> bool:
    """Whether days without service are added to the running period and the term."""
    return contract.terms.suspension is not None and contract.terms.suspension.extend


def pauses_count(contract: Contract) -> bool:
    """Whether days without service are not charged; then bills wait until service goes on."""
    terms = contract.terms.suspension
    return terms is not None and (terms.credit or terms.extend)


def stands_still(contract: Contract) -> bool:
    """Whether the term and the periods move on day by day, because service is paused and its days are added."""
    return contract.status is Status.SUSPENDED and extends(contract)


def paused_so_far(contract: Contract, today: date) -> int:
    """How many days a pause that still lasts has added to the term already."""
    if not stands_still(contract):
        return 0
    return sum(max(0, (today - pause.first).days) for pause in contract.pauses if pause.last is None)


def ends_with_term(contract: Contract, day: date) -> bool:
    """Whether a planned end is the term's own, or the next one's, so that it moves along where pauses extend."""
    term = contract.term
    return term is not None and extends(contract) and day in {term.last, next_term(contract, term).last}


def boundary(contract: Contract, line: Line, months: int, today: date | None = None) -> date:
    """The first day of the line's period that lies so many months after its anchor.

    Where pauses extend, each that began by then moves it on by its days; one that still lasts, by those before today.
    """
    if line.anchor is None:
        raise ValueError(f"line {line.id} has no anchor")
    day = months_after(line.anchor, months)
    for pause in contract.pauses if extends(contract) else ():
        first = max(pause.first, line.anchor)
        last = pause.last or ((today or first) - DAY)
        if first <= day and last >= first:
            day += last - first + DAY
    return day


def next_period(contract: Contract, line: Line) -> date | None:
    """The first day of the line's next period to be billed; none before its start, or where it is free.

    A period that would begin in a pause that moves it on begins when that pause is over.
    """
    if line.anchor is None or line.active_since is None or not line.period:
        return None
    first = boundary(contract, line, line.billed_months)
    waits = stands_still(contract) and any(pause.last is None and pause.first <= first for pause in contract.pauses)
    return None if waits else first


def next_boundary(contract: Contract, line: Line, day: date) -> tuple[date, int]:
    """The line's first period boundary after a day, and how many months after its anchor it lies; 0 for the anchor."""
    if line.anchor is None or line.active_since is None or day < line.anchor:
        return line.anchor or day, 0
    if not line.period:
        return day + DAY, full_months(line.anchor, day + DAY)
    months = line.billed_months
    while boundary(contract, line, months, day) <= day:
        months += line.period
    return boundary(contract, line, months, day), months


def running_period_end(contract: Contract, line: Line, day: date) -> date:
    """The last day of the period in which the line is on that day; the day itself before its first billed one."""
    if line.anchor is None or line.active_since is None or day < line.anchor or not line.period:
        return day
    return next_boundary(contract, line, day)[0] - DAY


def last_served(contract: Contract, line: Line) -> date | None:
    """The last day on which the line can be charged, as far as it is known; none while there is no end in sight."""
    ends = [line.ends_on, contract.ending.last_day if contract.ending else None, contract.ended_on]
    if contract.term and contract.terms.renewal and contract.terms.renewal.mode == "on_acceptance":
        ends.append(contract.term.last)
    known = [end for end in ends if end and not (stands_still(contract) and ends_with_term(contract, end))]
    return min(known, default=None)


def served_days(contract: Contract, line: Line, first: date, last: date, until: date | None) -> int:
    """How many days from ``first`` to ``last`` are served: from the line's coming to its end, less the pauses."""
    first = max(first, line.served_from or first)
    end = last if until is None else min(last, until)
    days = max(0, (end - first).days + 1)
    if days == 0 or not pauses_count(contract):
        return days
    return days - sum(pause.overlap(first, end) for pause in contract.pauses)
