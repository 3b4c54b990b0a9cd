"""A renewal quote that somebody asks for, ahead of its day or again: the contract decides, and says why (COM-3)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from domain.commands import OfferRenewal
from domain.envelope import Event
from domain.events import RenewalOpened
from domain.refusal import Refusal
from domain.renewal.stage import ends_before_next
from domain.renewal.telling import offered_amounts
from domain.state import ENDED, RUNNING, Contract, Term
from domain.values import Carried


class Asked(StrEnum):
    """What became of asking a contract for its renewal quote; all but `quoted` leave it as it was."""

    QUOTED = "quoted"
    ALREADY_QUOTED = "already_quoted"
    UNDER_WAY = "under_way"
    ANSWERED = "answered"
    ENDING = "ending"
    NOT_RUNNING = "not_running"
    NO_TERM = "no_term"
    TOO_EARLY = "too_early"
    HINDERED = "hindered"


class RenewalAnswer(Carried):
    """A contract's answer to who asks for its renewal quote.

    ``net`` and ``term_net`` are what the next term costs for one period and as a whole, where it is quoted; ``since``
    is the first day on which the quote may be asked for, where it is too early.
    """

    outcome: Asked
    reason: str
    term: int | None = None
    quoted_on: date | None = None
    deadline: date | None = None
    since: date | None = None
    currency: str
    net: Decimal | None = None
    term_net: Decimal | None = None


def may_be_asked_from(contract: Contract, term: Term) -> date:
    """The first day on which the quote of the next term may be asked for."""
    rules = contract.terms.renewal
    days = rules.request_days if rules else None
    if rules is None or days is None:
        return term.first
    return max(term.last - timedelta(days=max(days, rules.quote_days)), term.first)


def check_offer(contract: Contract, command: OfferRenewal, now: datetime) -> tuple[Event, ...]:
    """The offer of the next term, opened because somebody asks; nothing where the contract is to be left alone."""
    rules, term = contract.terms.renewal, contract.term
    if rules is None or term is None or _left_alone(contract, now):
        return ()
    rule, order_by = rules.quote_rule or rules.rule, command.order_by
    if order_by:
        _check_deadline(contract, term, order_by, now)
    opened = RenewalOpened(at=now, rule=rule, by=command.by, term=term.number + 1, asked=command.id, order_by=order_by)
    return (opened,)


def _check_deadline(contract: Contract, term: Term, order_by: date, now: datetime) -> None:
    """Refuse a stated deadline that is past, or so late that the term would be over for longer than a quote stands."""
    rules, today = contract.terms.renewal, contract.date_of(now)
    latest = term.last + timedelta(days=rules.quote_days if rules else 0)
    if rules and not today <= order_by <= latest:
        raise Refusal(
            rules.notice_rule or rules.rule,
            f"the quote cannot state {order_by} as its deadline",
            allowed_when=f"it is a day from {today} to {latest}",
            field="order_by",
        )


def _left_alone(contract: Contract, now: datetime) -> tuple[Asked, str] | None:
    """Why a contract is not to be quoted now; none where it may be."""
    term, renewal = contract.term, contract.renewal
    if contract.status in ENDED:
        return Asked.NOT_RUNNING, f"the contract ended on {contract.ended_on} ({contract.status})"
    if contract.status not in RUNNING:
        return Asked.NOT_RUNNING, f"the contract is {contract.status}; service has not started"
    if term is None or contract.terms.renewal is None:
        return Asked.NO_TERM, "the contract has no term: it runs until somebody ends it"
    if renewal.answer:
        return Asked.ANSWERED, f"the renewal quote is answered: {renewal.answer}"
    if ends_before_next(contract, term):
        last_day = contract.ending.last_day if contract.ending else term.last
        return Asked.ENDING, f"the contract ends on {last_day} as planned"
    if all(line.ends_on for line in contract.lines):
        return Asked.ENDING, "no line goes on into the next term"
    if renewal.quoted_on:
        return Asked.ALREADY_QUOTED, f"term {term.number + 1} was quoted on {renewal.quoted_on}"
    if renewal.opened and renewal.hindered is None:
        return Asked.UNDER_WAY, f"the quote for term {term.number + 1} is being made"
    if contract.date_of(now) < (since := may_be_asked_from(contract, term)):
        return Asked.TOO_EARLY, f"the quote for term {term.number + 1} may be asked for from {since}"
    return None


def answer(contract: Contract, command: OfferRenewal, now: datetime) -> RenewalAnswer:
    """What became of a command that asked for the quote; ``contract`` is the contract after it."""
    renewal, term = contract.renewal, contract.term
    if renewal.asked == command.id and renewal.quoted_on and term:
        outcome, reason = Asked.QUOTED, f"term {term.number + 1} is quoted"
        if renewal.hindered:
            reason += f", but not every line: {renewal.hindered}"
    else:
        # Without a hindrance this is an old command, repeated when its term is over.
        open_ = (Asked.HINDERED, renewal.hindered or "the term that was asked for is over: ask again")
        outcome, reason = _left_alone(contract, now) or open_
    early = term is not None and outcome is Asked.TOO_EARLY
    net, term_net = _amounts(contract)
    return RenewalAnswer(
        outcome=outcome,
        reason=reason,
        term=term.number + 1 if term else None,
        quoted_on=renewal.quoted_on,
        deadline=renewal.deadline,
        since=may_be_asked_from(contract, term) if early and term else None,
        currency=contract.terms.currency,
        net=net,
        term_net=term_net,
    )


def _amounts(contract: Contract) -> tuple[Decimal | None, Decimal | None]:
    renewal = contract.renewal
    if renewal.quoted_on is None:
        return None, None
    amounts = list(offered_amounts(contract, renewal.prices, renewal.terms))
    return sum((one for _, one, _ in amounts), Decimal(0)), sum((whole for *_, whole in amounts), Decimal(0))


CHECKS = {OfferRenewal: check_offer}
