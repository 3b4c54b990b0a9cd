"""Notice: the day on which one counts, the form that it needs, and the last day for a no to the next term."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from domain.calendar import DAY
from domain.periods import paused_so_far
from domain.refusal import Refusal
from domain.state import Contract, Term
from domain.terms import RenewalTerms


def received(contract: Contract, on: date | None, now: datetime) -> date:
    """The day on which a notice counts: the day on which it came in, or where none is said, today.

    Refuses a day to come, and one that lies further back than the terms take, or before service began.
    """
    today, terms = contract.date_of(now), contract.terms.notice
    if on is None or on == today:
        return today
    rule = terms.rule if terms else contract.terms.cancellation.rule
    if on > today:
        raise Refusal(rule, f"{on} is still to come", allowed_from=on, field="received_on")
    earliest = today - timedelta(days=terms.received_days if terms else 0)
    if contract.active_since:
        earliest = max(earliest, min(contract.active_since, today))
    if on < earliest:
        raise Refusal(
            rule,
            f"a notice that came in on {on} can no longer be entered with that day",
            allowed_when=f"the day on which it came in is {earliest} or later",
            field="received_on",
        )
    return on


def check_written(contract: Contract, details: Mapping[str, str], field: str) -> None:
    """Refuse a customer's notice that lacks what the terms want of its form."""
    terms = contract.terms.notice
    missing = [name for name in terms.needs if not details.get(name)] if terms else []
    if terms and missing:
        raise Refusal(
            terms.rule,
            f"a notice must say: {', '.join(missing)}",
            allowed_when="the details are given",
            field=f"{field}.{missing[0]}",
        )


def taken_up_again(contract: Contract) -> str | None:
    """How what comes too late can still be had: by a new quote, where the terms take up again what ended."""
    return f"a new quote takes {contract.number} up again (`reenrols`)" if contract.terms.reenrolment else None


def opens_on(rules: RenewalTerms, term: Term) -> date:
    """The day on which the next term is offered; a term that is shorter than the notice offers it at once."""
    return max(term.last - timedelta(days=rules.quote_days), term.first)


def deadline(contract: Contract, term: Term) -> date:
    """The last day for an answer to the offer of the term after this one, before any days of grace."""
    renewal = contract.terms.renewal
    return term.last - timedelta(days=renewal.notice_days if renewal else 0)


def last_answer_day(contract: Contract, term: Term) -> date:
    """The last possible day for an answer: the deadline, as the renewal quote stated it or by the terms, with grace."""
    renewal = contract.terms.renewal
    stated = contract.renewal.deadline if term == contract.term else None
    return (stated or deadline(contract, term)) + timedelta(days=renewal.grace_days if renewal else 0)


def last_day_for_no(contract: Contract, term: Term) -> date:
    """The last possible day for a no that ends the contract with this term."""
    return min(last_answer_day(contract, term), term.last)


def term_of_no(contract: Contract, term: Term, day: date) -> date | None:
    """The end of term that a no of this day is for: this one's, or the one's before that it was still in time for.

    None where the last possible day is over: then the next term is certain.
    """
    day -= timedelta(days=paused_so_far(contract, day))
    before = _term_before(contract, term)
    if before and day <= last_day_for_no(contract, before):
        return before.last
    return term.last if day <= last_day_for_no(contract, term) else None


def _term_before(contract: Contract, term: Term) -> Term | None:
    """The term before this one, as far as its last day matters."""
    if term.number == 1:
        return None
    return term.model_copy(update={"number": term.number - 1, "last": term.first - DAY})
