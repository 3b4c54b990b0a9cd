"""Whether the contract is renewed: yes, no, and taking an answer back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from domain.activation import next_term
from domain.billing import recharge
from domain.cancellation import lines_withdrawn, withdrawn
from domain.commands import DeclineRenewal, Renew
from domain.envelope import Event
from domain.events import (
    CancellationWithdrawn,
    LineCancellationWithdrawn,
    RenewalAccepted,
    RenewalAnswerWithdrawn,
    RenewalDeclined,
)
from domain.forms import check_decline_form, check_order_form
from domain.late import late_terms, renewed_late
from domain.notice import (
    check_written,
    deadline,
    last_answer_day,
    opens_on,
    received,
    taken_up_again,
    term_of_no,
)
from domain.periods import paused_so_far
from domain.refusal import Refusal
from domain.renewal.changes import answer_withdrawn
from domain.renewal.prices import renewal_rules
from domain.state import Contract, Status, Term


def _open_question(contract: Contract, now: datetime) -> Term:
    """The term whose renewal may be answered now. Refuses when it is too early, too late, or answered."""
    rules, term, renewal = renewal_rules(contract), contract.term, contract.renewal
    rule = rules.rule
    if contract.status is Status.EXPIRED:
        raise Refusal(
            rules.late.rule if rules.late else rules.notice_rule or rule,
            f"the contract ran out on {contract.ended_on}",
            allowed_when=taken_up_again(contract),
        )
    if contract.ending and renewal.answer is None:
        raise Refusal(
            rule,
            f"the contract ends on {contract.ending.last_day} as planned",
            allowed_when="the cancellation is withdrawn",
        )
    if renewal.answer:
        raise Refusal(rule, f"the renewal quote is answered: {renewal.answer}", allowed_when="the answer is withdrawn")
    if term is None:
        raise Refusal(rule, "service has not started; there is no term to renew", allowed_when="service has started")
    if renewal.quoted_on is None:
        raise Refusal(
            rule,
            f"the next term is offered {rules.quote_days} days before {term.last}",
            allowed_from=opens_on(rules, term),
        )
    return term


def _check_in_time(contract: Contract, term: Term, day: date) -> None:
    """Refuse an answer after its last possible day."""
    rules = renewal_rules(contract)
    if day - timedelta(days=paused_so_far(contract, day)) <= last_answer_day(contract, term):
        return
    rule = rules.grace_rule if rules.grace_days and rules.grace_rule else rules.notice_rule or rules.rule
    grace = f", with {rules.grace_days} days of grace" if rules.grace_days else ""
    until = contract.renewal.deadline or deadline(contract, term)
    again = taken_up_again(contract)
    raise Refusal(rule, f"the deadline for an answer was {until}{grace}", allowed_when=again)


def check_renew(contract: Contract, command: Renew, now: datetime) -> tuple[Event, ...]:
    """The customer's yes to the next term, in a form that the terms take; where they do, also after the term ended."""
    late = late_terms(contract)
    term = contract.term if late and contract.term else _open_question(contract, now)
    check_order_form(contract.renewal.terms or contract.terms, command.form)
    day, rule = received(contract, command.received_on, now), renewal_rules(contract).rule
    if command.until:
        _check_until(contract, term, command.until)
    if late and day > last_answer_day(contract, term):
        return renewed_late(contract, command, now, late, term)
    _check_in_time(contract, term, day)
    accepted = RenewalAccepted(
        at=now, rule=rule, by=command.by, form=command.form, received_on=command.received_on, until=command.until
    )
    if late is None:
        return (accepted,)
    # It came in in time and is entered when the contract has run out: it is renewed as if it never had.
    return renewed_late(contract, command, now, late.model_copy(update={"begins": "without_gap", "rule": rule}), term)


def _check_until(contract: Contract, term: Term, until: date) -> None:
    """Refuse a last day of the next term where the terms know none, or that does not lie in it."""
    rules, following = renewal_rules(contract), next_term(contract, term)
    if rules.coterm_rule is None:
        raise Refusal(rules.rule, "the next term runs its whole length", field="until")
    if not following.first <= until <= following.last:
        raise Refusal(
            rules.coterm_rule,
            f"the next term cannot end on {until}",
            allowed_when=f"its last day is one from {following.first} to {following.last}",
            field="until",
        )


def check_decline(contract: Contract, command: DeclineRenewal, now: datetime) -> tuple[Event, ...]:
    """The customer's no: reminders stop, and the contract runs out with its term.

    One that came in while the term before could still be ended ends that one, though it is entered later.
    """
    day, before = received(contract, command.received_on, now), _overtaken(contract, command, now)
    last_day = before or _open_question(contract, now).last
    check_decline_form(contract.terms, command.form)
    check_written(contract, command.form.details if command.form else {}, "form.details")
    if contract.term and not before:
        _check_in_time(contract, contract.term, day)
    return (
        RenewalDeclined(
            at=now,
            rule=renewal_rules(contract).rule,
            by=command.by,
            last_day=last_day,
            reason=command.reason,
            form=command.form,
            received_on=command.received_on,
        ),
    )


def _overtaken(contract: Contract, command: DeclineRenewal, now: datetime) -> date | None:
    """The end of the term before, where a no for it came in in time and is entered after the next one began."""
    term = contract.term
    if term is None or contract.ending or contract.renewal.answer or command.received_on is None:
        return None
    end = term_of_no(contract, term, received(contract, command.received_on, now))
    return end if end and end < term.first and renewal_rules(contract).mode == "tacit" else None


def check_undo_answer(contract: Contract, now: datetime, by: str) -> tuple[Event, ...]:
    """The answer to the renewal quote taken back, while the term still runs."""
    rule = renewal_rules(contract).rule
    if contract.renewal.answer is None:
        raise Refusal(rule, "there is no answer to a renewal quote to take back", field="what")
    event = RenewalAnswerWithdrawn(at=now, rule=rule, by=by)
    return (event, *_restored(contract, answer_withdrawn(contract, event), now, rule))


def check_undo_cancellation(contract: Contract, now: datetime, by: str) -> tuple[Event, ...]:
    """The planned end withdrawn: everything stands as it stood, and days taken off a bill are charged again."""
    rule = contract.terms.cancellation.rule
    if contract.ending is None or contract.ending.status is not Status.CANCELLED:
        raise Refusal(rule, "no cancellation is planned that could be withdrawn", field="what")
    event = CancellationWithdrawn(at=now, rule=rule, by=by)
    return (event, *_restored(contract, withdrawn(contract, event), now, rule))


def check_undo_line(contract: Contract, line_id: str, now: datetime, by: str) -> tuple[Event, ...]:
    """The planned end of one line withdrawn; days taken off a bill are charged again."""
    rule = contract.terms.cancellation.rule
    if line_id not in contract.leaving:
        raise Refusal(rule, f"no end of line {line_id} is planned that could be withdrawn", field="line")
    event = LineCancellationWithdrawn(at=now, rule=rule, by=by, lines=(line_id,))
    return (event, *_restored(contract, lines_withdrawn(contract, event), now, rule))


def _restored(contract: Contract, changes: dict[str, Any], now: datetime, rule: str) -> tuple[Event, ...]:
    after = contract.model_copy(update=changes | {"version": contract.version + 1})
    return recharge(after, now, "the planned end was withdrawn", rule)
