"""From one term into the next: the quote before it ends, reminders, the answer, and what happens without one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from domain.activation import next_term
from domain.calendar import DAY
from domain.cancellation import settle
from domain.commands import DeclineRenewal, Renew, ReportRequote
from domain.delivery.hold import held
from domain.due import Due, Rank, moment
from domain.envelope import Event
from domain.events import (
    Ended,
    ReminderSent,
    ReminderSkipped,
    RenewalCommitted,
    RenewalOpened,
    Renewed,
)
from domain.notice import (
    last_answer_day,
    last_day_for_no,
    opens_on,
)
from domain.periods import stands_still
from domain.renewal import changes, telling
from domain.renewal.answers import check_decline, check_renew
from domain.renewal.prices import check_requote, renewal_rules
from domain.state import RULES_VERSION, RUNNING, Contract, Status, Term


def due(contract: Contract) -> Iterator[Due]:
    """The offer of the next term, the reminders, and the end of the term."""
    term = contract.term
    if term is None:
        return
    if stands_still(contract):
        # Each day of the pause moves the term's end, and all that is counted from it, on by a day.
        return
    if contract.status in RUNNING:
        yield from _due_offer(contract, term)
        yield from _due_commitment(contract, term)
        yield from _due_end(contract, term)
    if contract.status in RUNNING or contract.status is Status.EXPIRED:
        yield from _due_reminder(contract, term)


def _due_offer(contract: Contract, term: Term) -> Iterator[Due]:
    if contract.renewal.opened or ends_before_next(contract, term):
        return
    rules = renewal_rules(contract)
    on = opens_on(rules, term)
    at = moment(contract, on, contract.terms.notices_at)
    rule = rules.quote_rule or rules.rule
    number = term.number + 1
    yield Due(
        at, Rank.NOTICE, on, f"offer term {number}", rule, lambda: (RenewalOpened(at=at, rule=rule, term=number),)
    )


def _due_reminder(contract: Contract, term: Term) -> Iterator[Due]:
    terms = renewal_rules(contract)
    days = next((days for days in terms.reminder_days if days not in contract.renewal.reminded), None)
    if days is None:
        return
    on = term.last - timedelta(days=days)
    if (days < 0) != (contract.status is Status.EXPIRED or _in_grace(contract, term, on)):
        return
    at, rule = moment(contract, on, contract.terms.notices_at), terms.reminder_rule
    what = f"reminder {days} days before the term ends" if days > 0 else "reminder after the end"
    yield Due(at, Rank.NOTICE, on, what, rule, lambda: (_reminder(contract, term, at, on, days),))


def _reminder(contract: Contract, term: Term, at: datetime, on: date, days: int) -> Event:
    rule, reason = renewal_rules(contract).reminder_rule, _needless(contract, term, on)
    if reason:
        return ReminderSkipped(at=at, rule=rule, days=days, reason=reason)
    return ReminderSent(at=at, rule=rule, days=days, last_day=term.last)


def _in_grace(contract: Contract, term: Term, day: date) -> bool:
    """Whether a contract that ends unless it is renewed still waits for its answer on a day after its last."""
    unanswered = renewal_rules(contract).mode == "on_acceptance" and contract.renewal.answer is None
    return unanswered and term.last < day <= last_answer_day(contract, term)


def _needless(contract: Contract, term: Term, on: date) -> str | None:
    """Why a reminder no longer makes sense; nothing while it does."""
    if contract.renewal.answer:
        return f"the customer has answered: {contract.renewal.answer}"
    if contract.ending:
        return f"the contract ends on {contract.ending.last_day} as planned"
    if on < term.first:
        return "its day lies before the term began"
    if renewal_rules(contract).mode == "tacit" and on > last_day_for_no(contract, term):
        return "the time for notice is over: the contract goes on"
    return None


def ends_before_next(contract: Contract, term: Term) -> bool:
    """Whether a planned end lies in this term or the next; a no that came too late lets the next one run whole."""
    return contract.ending is not None and contract.ending.last_day < next_term(contract, term).last


def _due_commitment(contract: Contract, term: Term) -> Iterator[Due]:
    """The day after the last possible one for a no, where that is not the term's own last."""
    rules, renewal = renewal_rules(contract), contract.renewal
    last = last_day_for_no(contract, term)
    decided = renewal.committed or renewal.answer or ends_before_next(contract, term) or held(contract, term)
    if rules.mode != "tacit" or rules.commits == "at_end" or decided or last >= term.last:
        return
    at, rule = moment(contract, last + DAY), rules.notice_rule or rules.rule
    what = f"term {term.number + 1} is certain unless somebody says no"
    yield Due(
        at,
        Rank.TERM,
        last + DAY,
        what,
        rule,
        lambda: (RenewalCommitted(at=at, rule=rule, term=next_term(contract, term)),),
    )


def _due_end(contract: Contract, term: Term) -> Iterator[Due]:
    if ends_before_next(contract, term) or held(contract, term):
        return
    rules, renewal = renewal_rules(contract), contract.renewal
    at, rule = moment(contract, term.last + DAY), rules.rule
    if renewal.answer == "accepted" or rules.mode == "tacit":
        what = f"term {term.number + 1} begins"
        yield Due(at, Rank.TERM, term.last + DAY, what, rule, lambda: (_renewed(contract, term, at),))
    else:
        at = moment(contract, max(term.last, last_answer_day(contract, term)) + DAY)
        what = "the contract expires unless it is renewed"
        yield Due(at, Rank.END, term.last, what, rule, lambda: _expired(contract, term, at))


def _renewed(contract: Contract, term: Term, at: datetime) -> Renewed:
    renewal = contract.renewal
    return Renewed(
        rules=RULES_VERSION,
        at=at,
        rule=renewal_rules(contract).rule,
        term=next_term(contract, term),
        tacit=renewal.answer is None,
        prices=renewal.prices,
        terms=renewal.terms,
    )


def _expired(contract: Contract, term: Term, at: datetime) -> tuple[Event, ...]:
    rule, reason = renewal_rules(contract).rule, "the term was not renewed"
    ends = {line.id: min(line.ends_on or term.last, term.last) for line in contract.lines}
    return (
        *settle(contract, at, ends),
        Ended(at=at, rule=rule, status="Expired", last_day=term.last, reason=reason),
    )


CHECKS = {Renew: check_renew, DeclineRenewal: check_decline, ReportRequote: check_requote}
EVOLVE = changes.EVOLVE
EFFECTS = telling.EFFECTS
WORDS = telling.WORDS
