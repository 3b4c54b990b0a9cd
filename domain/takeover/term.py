"""The term of a contract that is taken over, and what was done about the next one."""

from __future__ import annotations

from datetime import date, timedelta

from domain.activation import term_months
from domain.calendar import DAY, full_months, last_day_of
from domain.notice import deadline, last_day_for_no, opens_on
from domain.refusal import Refusal
from domain.state import Contract, Ending, Renewal, Status, Term
from domain.takeover.standing import Standing, StandingRenewal
from domain.terms import RenewalTerms, Terms

HELD = "its day was past when the contract was taken over"
"""Why the next term of a contract is not offered by itself, where nobody says whether it was."""


def running_term(contract: Contract, standing: Standing) -> Term | None:
    """The term that runs; none before service has started, or where the terms know none."""
    terms, given, since = contract.terms, standing.term, contract.active_since
    if terms.term is None or since is None:
        if given is not None:
            why = "service has not started" if terms.term else "the programme's contracts have no term"
            raise Refusal(terms.start.rule, f"a term runs until {given.last}, but {why}", field="term.last")
        return None
    rule = terms.term.rule
    if given is None:
        raise Refusal(rule, "nothing says when the term that runs ends", allowed_when="it is given", field="term.last")
    added = timedelta(days=standing.extended)
    months = full_months(since, given.last - added + DAY)
    if months < 1 or last_day_of(since, months) + added != given.last:
        near = [str(last_day_of(since, count) + added) for count in (months, months + 1) if count >= 1]
        raise Refusal(
            rule,
            f"{given.last} does not lie whole months after the activation on {since}",
            allowed_when=f"the term ends on {' or '.join(near)}, or `active_since` says from when it is counted",
            field="term.last",
        )
    length = term_months(contract) or months
    first = given.first or max(since, last_day_of(since, max(0, months - length)) + added + DAY)
    return Term(number=given.number or max(1, -(-months // length)), first=first, last=given.last, months=months)


def renewal(contract: Contract, standing: Standing, offered: Terms | None) -> Renewal:
    """What was done about the next term: reminders whose day is past are, the quote where it is said to be."""
    term, rules, given = contract.term, contract.terms.renewal, standing.renewal
    if term is None or rules is None:
        if given != StandingRenewal():
            raise Refusal(contract.terms.start.rule, "there is no term that could be renewed", field="renewal")
        return Renewal()
    as_of = standing.as_of
    past = tuple(days for days in rules.reminder_days if term.last - timedelta(days=days) < as_of)
    if given.quoted_on is not None:
        _check_quoted(rules, term, given.quoted_on, as_of)
        renewal = _quoted(contract, term, given, offered)
    elif given.answer is not None:
        raise Refusal(
            rules.rule,
            f"the renewal is {given.answer}, and was not quoted",
            allowed_when="`renewal.quoted_on` says when it was",
            field="renewal.quoted_on",
        )
    else:
        held = opens_on(rules, term) < as_of and not given.open
        renewal = Renewal(opened=held, hindered=HELD if held else None, unoffered=given.unoffered)
    known = contract.model_copy(update={"renewal": renewal})
    return renewal.model_copy(update={"reminded": past, "committed": _committed(known, term, given, rules, as_of)})


def _committed(contract: Contract, term: Term, given: StandingRenewal, rules: RenewalTerms, as_of: date) -> bool:
    """Whether the next term is certain, because the last possible day for a no is past."""
    if given.committed is not None:
        return given.committed
    tacit = rules.mode == "tacit" and rules.commits != "at_end"
    return tacit and not given.answer and contract.ending is None and last_day_for_no(contract, term) + DAY < as_of


def _check_quoted(rules: RenewalTerms, term: Term, quoted_on: date, as_of: date) -> None:
    if not term.first - timedelta(days=366) <= quoted_on < as_of:
        raise Refusal(
            rules.quote_rule or rules.rule,
            f"the renewal cannot have been quoted on {quoted_on}",
            allowed_when=f"it was quoted in this term, before {as_of}",
            field="renewal.quoted_on",
        )


def _quoted(contract: Contract, term: Term, given: StandingRenewal, offered: Terms | None) -> Renewal:
    prices = given.prices or {line.id: line.prices for line in contract.lines if line.ends_on is None}
    if unknown := sorted(set(prices) - {line.id for line in contract.lines}):
        raise Refusal(
            contract.terms.quote.rule, f"prices are given for lines {', '.join(unknown)}", field="renewal.prices"
        )
    return Renewal(
        opened=True,
        quoted_on=given.quoted_on,
        deadline=given.deadline or deadline(contract, term),
        prices=prices,
        terms=offered,
        unoffered=given.unoffered,
        answer=given.answer,
    )


def ending(contract: Contract, standing: Standing) -> Ending | None:
    """The planned end: as it is said, or that of a term whose renewal was declined."""
    given, rule = standing.ending, contract.terms.cancellation.rule
    if given is not None:
        return Ending(
            last_day=given.last_day, status=Status(given.status), reason=given.reason, rule=given.rule or rule
        )
    if contract.term and standing.renewal.answer == "declined":
        reason = "the customer does not renew"
        renewing = contract.terms.renewal.rule if contract.terms.renewal else rule
        return Ending(last_day=contract.term.last, status=Status.EXPIRED, reason=reason, rule=renewing)
    return None
