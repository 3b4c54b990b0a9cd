"""From one term into the next: the quote before it ends, reminders, the answer, and what happens without one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from domain.billing import recharge
from domain.calendar import DAY, last_day_of
from domain.cancellation import withdrawn
from domain.commands import DeclineRenewal, Renew, ReportRequote
from domain.due import Due, Rank, moment
from domain.effects import Effect, MakeDocument, Requote
from domain.envelope import Event
from domain.events import (
    CancellationWithdrawn,
    Ended,
    ReminderSent,
    ReminderSkipped,
    RenewalAccepted,
    RenewalAnswerWithdrawn,
    RenewalDeclined,
    RenewalOpened,
    RenewalQuoted,
    Renewed,
)
from domain.message import message
from domain.money import percent_of, rounded
from domain.refusal import Refusal
from domain.state import RUNNING, Contract, Ending, Line, Renewal, Status, Term
from domain.terms import Terms, Uplift
from domain.values import Prices


def offered(line: Line, listed: Prices | None, policy: Uplift, currency: str) -> Prices:
    """What a line costs in the next term: the same, the list of the day where it has it, or so many percent more."""
    match policy.policy:
        case "same":
            return line.prices
        case "list":
            return listed or line.prices
        case "uplift":
            return {
                months: price + percent_of(price, policy.percent, currency) for months, price in line.prices.items()
            }


def opens_on(contract: Contract, term: Term) -> date:
    """The day on which the next term is offered; a term that is shorter than the notice offers it at once."""
    return max(term.last - timedelta(days=contract.terms.renewal.quote_days), term.first)


def due(contract: Contract) -> Iterator[Due]:
    """The offer of the next term, the reminders, and the end of the term."""
    term = contract.term
    if term is None:
        return
    if contract.status in RUNNING:
        yield from _due_offer(contract, term)
        yield from _due_end(contract, term)
    if contract.status in RUNNING or contract.status is Status.EXPIRED:
        yield from _due_reminder(contract, term)


def _due_offer(contract: Contract, term: Term) -> Iterator[Due]:
    if contract.renewal.opened or contract.ending:
        return
    on, terms = opens_on(contract, term), contract.terms
    at = moment(contract, on, terms.notices_at)
    event = RenewalOpened(at=at, rule=terms.renewal.rule, term=term.number + 1)
    yield Due(at, Rank.NOTICE, on, f"offer term {term.number + 1}", terms.renewal.rule, (event,))


def _due_reminder(contract: Contract, term: Term) -> Iterator[Due]:
    terms = contract.terms.renewal
    days = next((days for days in terms.reminder_days if days not in contract.renewal.reminded), None)
    if days is None or (days < 0) != (contract.status is Status.EXPIRED):
        return
    on = term.last - timedelta(days=days)
    at = moment(contract, on, contract.terms.notices_at)
    reason = _needless(contract, term, on)
    event: Event = (
        ReminderSkipped(at=at, rule=terms.reminder_rule, days=days, reason=reason)
        if reason
        else ReminderSent(at=at, rule=terms.reminder_rule, days=days, last_day=term.last)
    )
    what = f"reminder {days} days before the term ends" if days > 0 else "reminder after the end"
    yield Due(at, Rank.NOTICE, on, what, terms.reminder_rule, (event,))


def _needless(contract: Contract, term: Term, on: date) -> str | None:
    """Why a reminder no longer makes sense; nothing while it does."""
    if contract.renewal.answer:
        return f"the customer has answered: {contract.renewal.answer}"
    if contract.ending:
        return f"the contract ends on {contract.ending.last_day} as planned"
    if on < term.first:
        return "its day lies before the term began"
    return None


def _due_end(contract: Contract, term: Term) -> Iterator[Due]:
    if contract.ending:
        return
    at = moment(contract, term.last + DAY)
    renewal, rule = contract.renewal, contract.terms.renewal.rule
    if renewal.answer == "accepted" or contract.terms.renewal.mode == "tacit":
        renewed = Renewed(
            at=at,
            rule=rule,
            term=next_term(contract, term),
            tacit=renewal.answer is None,
            prices=renewal.prices,
            terms=renewal.terms,
        )
        yield Due(at, Rank.TERM, term.last + DAY, f"term {term.number + 1} begins", rule, (renewed,))
    else:
        ended = Ended(at=at, rule=rule, status="Expired", last_day=term.last, reason="the term was not renewed")
        yield Due(at, Rank.END, term.last, "the contract expires unless it is renewed", rule, (ended,))


def next_term(contract: Contract, term: Term) -> Term:
    """The term after this one, counted from activation so that no clipped month end is carried along."""
    terms: Terms = contract.renewal.terms or contract.terms
    months = term.months + terms.term.months
    anchor = contract.active_since or term.first
    return Term(number=term.number + 1, first=term.last + DAY, last=last_day_of(anchor, months), months=months)


def check_requote(contract: Contract, command: ReportRequote, now: datetime) -> tuple[Event, ...]:
    """The offer of the next term, once per term; an answer that comes when it is no longer asked changes nothing."""
    term = contract.term
    if term is None or contract.status not in RUNNING or not contract.renewal.opened or contract.renewal.quoted_on:
        return ()
    policy = (command.terms or contract.terms).renewal.price
    prices = {
        line.id: offered(line, command.prices.get(line.id), policy, contract.terms.currency) for line in contract.lines
    }
    quoted = RenewalQuoted(
        at=now,
        rule=contract.terms.renewal.rule,
        by=command.by,
        term=next_term(contract.model_copy(update={"renewal": Renewal(terms=command.terms)}), term),
        deadline=term.last,
        prices=prices,
        terms=command.terms,
    )
    return (quoted,)


def _open_question(contract: Contract, now: datetime) -> Term:
    """The term whose renewal may be answered now. Refuses when it is too early, too late, or answered."""
    rule, term, renewal = contract.terms.renewal.rule, contract.term, contract.renewal
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
            f"the next term is offered {contract.terms.renewal.quote_days} days before {term.last}",
            allowed_from=opens_on(contract, term),
        )
    if renewal.deadline and contract.date_of(now) > renewal.deadline:
        raise Refusal(rule, f"the deadline for an answer was {renewal.deadline}")
    return term


def check_renew(contract: Contract, command: Renew, now: datetime) -> tuple[Event, ...]:
    """The customer's yes to the next term."""
    _open_question(contract, now)
    return (RenewalAccepted(at=now, rule=contract.terms.renewal.rule, by=command.by),)


def check_decline(contract: Contract, command: DeclineRenewal, now: datetime) -> tuple[Event, ...]:
    """The customer's no: reminders stop, and the contract runs out with its term."""
    term = _open_question(contract, now)
    rule = contract.terms.renewal.rule
    return (RenewalDeclined(at=now, rule=rule, by=command.by, last_day=term.last, reason=command.reason),)


def _opened(contract: Contract, event: RenewalOpened) -> dict[str, Any]:
    return {"renewal": contract.renewal.model_copy(update={"opened": True})}


def _quoted(contract: Contract, event: RenewalQuoted) -> dict[str, Any]:
    offer = {
        "quoted_on": contract.date_of(event.at),
        "deadline": event.deadline,
        "prices": event.prices,
        "terms": event.terms,
    }
    return {"renewal": contract.renewal.model_copy(update=offer)}


def _reminded(contract: Contract, event: ReminderSent | ReminderSkipped) -> dict[str, Any]:
    reminded = (*contract.renewal.reminded, event.days)
    return {"renewal": contract.renewal.model_copy(update={"reminded": reminded})}


def _answered(contract: Contract, answer: Literal["accepted", "declined"] | None) -> Renewal:
    return contract.renewal.model_copy(update={"answer": answer})


def _declined(contract: Contract, event: RenewalDeclined) -> dict[str, Any]:
    reason = event.reason or "the customer does not renew"
    ending = Ending(last_day=event.last_day, status=Status.EXPIRED, reason=reason, rule=event.rule)
    return {"renewal": _answered(contract, "declined"), "ending": ending}


def _answer_withdrawn(contract: Contract, event: RenewalAnswerWithdrawn) -> dict[str, Any]:
    ended = {"ending": None} if contract.renewal.answer == "declined" else {}
    return {"renewal": _answered(contract, None)} | ended


def _renewed(contract: Contract, event: Renewed) -> dict[str, Any]:
    lines = tuple(line.model_copy(update={"prices": event.prices.get(line.id, line.prices)}) for line in contract.lines)
    if contract.terms.renewal.mode == "on_acceptance":
        # Such a term is billed up to its last day and no further, so that the next one's periods begin with it.
        lines = tuple(
            line.model_copy(update={"anchor": event.term.first, "billed_months": 0}) if line.active_since else line
            for line in lines
        )
    return {
        "term": event.term,
        "renewal": Renewal(),
        "lines": lines,
        "terms": event.terms or contract.terms,
    }


def _tell_opened(contract: Contract, event: RenewalOpened) -> Iterator[Effect]:
    yield Requote(key=contract.key("requote", event.term), at=event.at, rule=event.rule)


def renewal_data(contract: Contract, event: RenewalQuoted) -> dict[str, object]:
    """What the renewal quote says: term, deadline, and net prices by line for a period and for the term."""
    currency, months = contract.terms.currency, (event.terms or contract.terms).term.months
    prices = []
    total = Decimal(0)
    for line in contract.lines:
        amount = rounded(event.prices[line.id][line.period] * line.quantity, currency)
        total += amount
        term_amount = rounded(amount * months / line.period, currency)
        prices.append(
            {
                "serial": line.serial,
                "text": line.text,
                "period": line.period,
                "amount": str(amount),
                "term_amount": str(term_amount),
            }
        )
    return {
        "prices": prices,
        "total": str(total),
        "period": contract.period,
        "deadline": event.deadline.isoformat(),
        "last_day": event.deadline.isoformat(),
        "effective_on": event.term.first.isoformat(),
        "term_last_day": event.term.last.isoformat(),
        "tacit": contract.terms.renewal.mode == "tacit",
    }


def _tell_quoted(contract: Contract, event: RenewalQuoted) -> Iterator[Effect]:
    data = renewal_data(contract, event)
    document = contract.key("document", f"renewal_quote-{event.term.number}")
    yield MakeDocument(key=document, at=event.at, rule=event.rule, document="renewal_quote", data=data)
    quote = message(contract, event, "renewal_quote", event.term.number, **data)
    yield quote.model_copy(update={"attached": (document,)})


def _tell_reminder(contract: Contract, event: ReminderSent) -> Iterator[Effect]:
    name = "reminder" if event.days >= 0 else "expired_reminder"
    yield message(
        contract,
        event,
        name,
        event.days,
        days=event.days,
        last_day=event.last_day.isoformat(),
        tacit=contract.terms.renewal.mode == "tacit",
    )


def _tell_declined(contract: Contract, event: RenewalDeclined) -> Iterator[Effect]:
    data = {"last_day": event.last_day.isoformat(), "reason": event.reason}
    yield message(contract, event, "renewal_declined", contract.version, **data)


def _tell_renewed(contract: Contract, event: Renewed) -> Iterator[Effect]:
    data = {"effective_on": event.term.first.isoformat(), "last_day": event.term.last.isoformat()}
    yield message(contract, event, "renewal_confirmed", tacit=event.tacit, **data)


def check_undo_answer(contract: Contract, now: datetime, by: str) -> tuple[Event, ...]:
    """The answer to the renewal quote taken back, while the term still runs."""
    rule = contract.terms.renewal.rule
    if contract.renewal.answer is None:
        raise Refusal(rule, "there is no answer to a renewal quote to take back", field="what")
    event = RenewalAnswerWithdrawn(at=now, rule=rule, by=by)
    return (event, *_restored(contract, _answer_withdrawn(contract, event), now, rule))


def check_undo_cancellation(contract: Contract, now: datetime, by: str) -> tuple[Event, ...]:
    """The planned end withdrawn: everything stands as it stood, and days taken off a bill are charged again."""
    rule = contract.terms.cancellation.rule
    if contract.ending is None or contract.ending.status is not Status.CANCELLED:
        raise Refusal(rule, "no cancellation is planned that could be withdrawn", field="what")
    event = CancellationWithdrawn(at=now, rule=rule, by=by)
    return (event, *_restored(contract, withdrawn(contract, event), now, rule))


def _restored(contract: Contract, changes: dict[str, Any], now: datetime, rule: str) -> tuple[Event, ...]:
    after = contract.model_copy(update=changes | {"version": contract.version + 1})
    return recharge(after, now, "the planned end was withdrawn", rule)


CHECKS = {Renew: check_renew, DeclineRenewal: check_decline, ReportRequote: check_requote}
EVOLVE = {
    RenewalOpened: _opened,
    RenewalQuoted: _quoted,
    ReminderSent: _reminded,
    ReminderSkipped: _reminded,
    RenewalAccepted: lambda contract, event: {"renewal": _answered(contract, "accepted")},
    RenewalDeclined: _declined,
    RenewalAnswerWithdrawn: _answer_withdrawn,
    Renewed: _renewed,
}
EFFECTS = {
    RenewalOpened: _tell_opened,
    RenewalQuoted: _tell_quoted,
    ReminderSent: _tell_reminder,
    RenewalDeclined: _tell_declined,
    Renewed: _tell_renewed,
}
