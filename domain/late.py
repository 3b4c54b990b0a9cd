"""Late renewal: what ran out because nobody answered is renewed after its end, with a visible gap or without one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from domain.activation import anchored, next_term, term_months
from domain.calendar import DAY, last_day_of
from domain.commands import Renew
from domain.due import Due, Rank, moment
from domain.envelope import Event
from domain.events import LateRenewalClosed, RenewalAccepted, Renewed
from domain.state import RULES_VERSION, Contract, Line, Status, Term
from domain.terms import LateRenewal
from domain.values import Span


def late_terms(contract: Contract) -> LateRenewal | None:
    """The terms of a late renewal, where the contract ran out and may still be renewed by them."""
    rules, renewal, term = contract.terms.renewal, contract.renewal, contract.term
    ran_out = contract.status is Status.EXPIRED and term is not None and renewal.answer is None
    if rules is None or not ran_out or renewal.quoted_on is None or renewal.late_over:
        return None
    return rules.late


def late_until(contract: Contract) -> date | None:
    """The last day for a late yes; none where none is taken."""
    terms, term = late_terms(contract), contract.term
    return term.last + timedelta(days=terms.days) if terms and term else None


def renewed_late(
    contract: Contract, command: Renew, now: datetime, terms: LateRenewal, term: Term
) -> tuple[Event, ...]:
    """The yes and the new term: from the day after the old one, or from today with the days between left out."""
    today, renewal = contract.date_of(now), contract.renewal
    accepted = RenewalAccepted(
        at=now,
        rule=terms.rule,
        by=command.by,
        form=command.form,
        received_on=command.received_on,
        until=command.until,
    )
    renewed = Renewed(
        rules=RULES_VERSION,
        at=now,
        rule=terms.rule,
        term=_term(contract, command, terms, term, today),
        tacit=False,
        prices=renewal.prices,
        terms=renewal.terms,
        gap=_gap(terms, term, today),
    )
    return (accepted, renewed)


def _term(contract: Contract, command: Renew, terms: LateRenewal, term: Term, today: date) -> Term:
    following = next_term(contract, term)
    first = following.first if terms.begins == "without_gap" else max(today, following.first)
    if command.until:
        return anchored(contract, following.number, first, command.until)
    if first == following.first:
        return following
    months = term_months(contract, contract.renewal.terms) or term.months
    return Term(
        number=following.number,
        first=first,
        last=last_day_of(first, months),
        months=months,
        anchor=first,
        extended=contract.extended,
    )


def _gap(terms: LateRenewal, term: Term, today: date) -> Span | None:
    first, last = term.last + DAY, today - DAY
    return Span(first=first, last=last) if terms.begins == "on_acceptance" and first <= last else None


def due(contract: Contract) -> Iterator[Due]:
    """The end of the days in which a yes is still taken."""
    terms, until, term = late_terms(contract), late_until(contract), contract.term
    if terms is None or until is None or term is None:
        return
    at = moment(contract, until + DAY)
    event = LateRenewalClosed(at=at, rule=terms.rule, last_day=until)
    yield Due(at, Rank.END, until, "the days for a late renewal end", terms.rule, (event,))


def taken_up(contract: Contract) -> dict[str, Any]:
    """The contract as it goes on after it had run out: its lines live again, and a pause is over."""
    if contract.status is not Status.EXPIRED:
        return {}
    pauses = tuple(
        pause if pause.last else pause.model_copy(update={"last": contract.ended_on}) for pause in contract.pauses
    )
    lines = tuple(_living(contract, line) for line in contract.lines)
    return {"status": Status.ACTIVE, "ended_on": None, "ending": None, "pauses": pauses, "lines": lines}


def _living(contract: Contract, line: Line) -> Line:
    ran_out = not line.over and line.ends_on == contract.ended_on
    return line.model_copy(update={"ends_on": None}) if ran_out else line


def _closed(contract: Contract, event: LateRenewalClosed) -> dict[str, Any]:
    return {"renewal": contract.renewal.model_copy(update={"late_over": True})}


EVOLVE = {LateRenewalClosed: _closed}
