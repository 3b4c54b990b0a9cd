"""The lines of a contract that is taken over: when each starts or has started, and what of it is billed."""

from __future__ import annotations

from datetime import date

from domain.activation import cover_end, start
from domain.billing import in_arrears
from domain.calendar import DAY, instant, months_after
from domain.money import prorated, rounded
from domain.periods import boundary, served_days
from domain.quote import price_of
from domain.refusal import Refusal
from domain.state import Billed, Contract, Line
from domain.takeover.standing import Standing, StandingLine
from domain.terms import Terms

_WORKED_OUT = {"period", "over", "starts_on", "active_since", "anchor", "billed", "billed_periods"}
_KEPT = [name for name in StandingLine.model_fields if name in Line.model_fields and name not in _WORKED_OUT]


def line_of(terms: Terms, standing: Standing, given: StandingLine) -> Line:
    """A line as it is, but for its start and what is billed of it."""
    period = standing.period if given.period is None else given.period
    _check_period(terms, given, period)
    over = given.ends_on is not None and given.ends_on < standing.as_of if given.over is None else given.over
    return Line(period=period, over=over, **{name: getattr(given, name) for name in _KEPT})


def _check_period(terms: Terms, given: StandingLine, period: int) -> None:
    if terms.billing is None:
        if period:
            raise Refusal(terms.quote.rule, "the service is free", allowed_when="0", field=_field(given, "period"))
        return
    if period not in terms.billing.periods:
        raise Refusal(
            terms.billing.rule,
            f"there is no billing period of {period} months",
            allowed_when=f"it is one of {', '.join(map(str, terms.billing.periods))}",
            field=_field(given, "period"),
        )
    if period not in given.prices:
        raise Refusal(
            terms.billing.rule,
            f"service {given.service} has no price for a period of {period} months",
            allowed_when="its price for that period is given",
            field=_field(given, "prices"),
        )


def started(contract: Contract, line: Line, given: StandingLine, as_of: date) -> Line:
    """The line with its start: past and counted from its anchor, or still to come."""
    if given.active_since is not None:
        return _in_service(contract, line, given, given.active_since, as_of)
    if given.billed_until is not None:
        raise Refusal(
            contract.terms.start.rule,
            "it is billed, and its service has not started",
            allowed_when="`active_since` says since when it is in service",
            field=_field(given, "billed_until"),
        )
    if line.over or not line.serviced:
        return line
    return _waiting(contract, line, given, as_of)


def _in_service(contract: Contract, line: Line, given: StandingLine, since: date, as_of: date) -> Line:
    rule = contract.terms.start.rule
    if since >= as_of:
        raise Refusal(
            rule,
            f"it cannot be in service since {since} when it is taken over as of {as_of}",
            allowed_when="`starts_on` says when service starts",
            field=_field(given, "active_since"),
        )
    end = cover_end(contract.terms, line)
    if end is not None and since <= end and not (given.served_from or given.replaced):
        raise Refusal(
            rule,
            f"it is in service since {since}, and its own cover holds until {end}",
            allowed_when=f"service starts on {end + DAY} at the earliest",
            field=_field(given, "active_since"),
        )
    anchor = given.anchor or _anchor(contract, since)
    begun = {"starts_on": given.starts_on or since, "active_since": instant(since, contract.zone), "anchor": anchor}
    return line.model_copy(update=begun)


def _anchor(contract: Contract, since: date) -> date:
    """The day from which periods are counted, where it is not given.

    It is the line's start, or where every term is billed by itself, the term's own if that is later.
    """
    renewal = contract.terms.renewal
    if contract.term and renewal and renewal.mode == "on_acceptance":
        return max(since, contract.term.first)
    return since


def _waiting(contract: Contract, line: Line, given: StandingLine, as_of: date) -> Line:
    terms = contract.terms
    waits_for_supplies = terms.supplies is not None
    if given.starts_on is None and (waits_for_supplies or contract.onboarding):
        return line
    end = cover_end(terms, line)
    if given.starts_on is None and (end is None or end < as_of - DAY):
        raise Refusal(
            terms.start.rule,
            "it says neither since when it is in service nor when service starts, and no cover is waited for",
            allowed_when="`active_since` or `starts_on` is given, or cover that holds",
            field=_field(given, "active_since"),
        )
    placed = contract.date_of(contract.order.placed_at) if contract.order else as_of
    found = start(contract, line, ordered=placed, today=given.starts_on or as_of)
    if given.starts_on and found.starts_on != given.starts_on:
        raise Refusal(
            terms.start.rule,
            f"it cannot start on {given.starts_on}: cover holds until {end}",
            allowed_when=f"it starts on {found.starts_on}",
            field=_field(given, "starts_on"),
        )
    return line.model_copy(update={"starts_on": found.starts_on, "anchor": given.anchor or found.billed_from})


def billed(contract: Contract, line: Line, given: StandingLine) -> Line:
    """The line with what is billed of it. Refuses a last billed day that ends no period."""
    if given.billed_until is None or line.anchor is None or not line.period:
        return line
    months = _months_billed(contract, line, given, given.billed_until)
    last = _last_billed(contract, line, given, given.billed_until, months)
    periods = months // line.period if given.billed_periods is None else given.billed_periods
    return line.model_copy(update={"billed_months": months, "billed_periods": periods, "billed": last})


def _months_billed(contract: Contract, line: Line, given: StandingLine, until: date) -> int:
    rule = contract.terms.billing.rule if contract.terms.billing else contract.terms.quote.rule
    anchor = line.anchor or until
    if until < anchor - DAY:
        raise Refusal(
            rule,
            f"it is billed until {until}, before its periods begin on {anchor}",
            allowed_when="`anchor` is the first day that was ever billed",
            field=_field(given, "anchor"),
        )
    months = 0
    while boundary(contract, line, months + 1) <= until + DAY:
        months += 1
    whole = given.billed is not None or months % line.period == 0
    if boundary(contract, line, months) != until + DAY or not whole:
        before = months // line.period * line.period
        near = [boundary(contract, line, count) - DAY for count in (before, before + line.period)]
        raise Refusal(
            rule,
            f"{until} is not the last day of a period of {line.period} months counted from {anchor}",
            allowed_when=f"it is billed until {near[0]} or {near[1]}, or `billed` says what was billed last, or "
            "`anchor` from where periods are counted",
            field=_field(given, "billed_until"),
        )
    return months


def _last_billed(contract: Contract, line: Line, given: StandingLine, until: date, months: int) -> Billed | None:
    """The last billed period, with what it was charged: as it is given, else its price, less the pauses that ended.

    What a planned end or a pause that goes on will give back is not given back yet.
    """
    if given.billed is not None:
        period = given.billed
        key = contract.key("period", f"{line.id}.{period.first}")
        return Billed(key=key, **period.model_dump())
    if months < line.period or line.anchor is None:
        return None
    first, currency = boundary(contract, line, months - line.period), contract.terms.currency
    price = rounded(price_of(line), currency)
    over = contract.model_copy(update={"pauses": tuple(pause for pause in contract.pauses if pause.last)})
    served = served_days(over, line, first, until, None)
    days = (months_after(line.anchor, months) - months_after(line.anchor, months - line.period)).days
    return Billed(
        key=contract.key("period", f"{line.id}.{first}"),
        first=first,
        last=until,
        price=price,
        charged=prorated(price, days=served, of_days=days, currency=currency),
        served=served,
        added=(until - first).days + 1 - days,
        in_arrears=in_arrears(contract),
    )


def _field(given: StandingLine, name: str) -> str:
    return f"lines.{given.id}.{name}"
