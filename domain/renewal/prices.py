"""What the next term costs, and what hinders its quote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from domain.activation import next_term
from domain.commands import ReportRequote
from domain.envelope import Event
from domain.events import (
    RenewalHindered,
    RenewalQuoted,
)
from domain.money import repriced
from domain.notice import (
    deadline,
)
from domain.refusal import Refusal
from domain.state import RUNNING, Contract, Line, Renewal
from domain.terms import RenewalTerms, Uplift
from domain.values import Prices


def offered(
    line: Line, listed: Prices | None, policy: Uplift, currency: str, index: tuple[Decimal, Decimal] | None = None
) -> Prices:
    """What a line costs in the next term: the same, as listed, or the same raised or moved with an index."""
    match policy.policy:
        case "same":
            return line.prices
        case "list":
            return listed or line.prices
        case "uplift":
            factor = 1 + policy.percent / 100
            return {months: repriced(price, price * factor, currency) for months, price in line.prices.items()}
        case "index":
            then, now = index or (Decimal(1), Decimal(1))
            return {months: repriced(price, price * now / then, currency) for months, price in line.prices.items()}


def renewal_rules(contract: Contract) -> RenewalTerms:
    """The terms of renewal. Refuses where a contract has no term that could be renewed."""
    rules = contract.terms.renewal
    if rules is None:
        raise Refusal(contract.terms.quote.rule, "the contract has no term: it runs until somebody ends it")
    return rules


def check_requote(contract: Contract, command: ReportRequote, now: datetime) -> tuple[Event, ...]:
    """The offer of the next term, once per term; an answer that comes when it is no longer asked changes nothing."""
    term = contract.term
    if term is None or contract.status not in RUNNING or not contract.renewal.opened or contract.renewal.quoted_on:
        return ()
    rules = renewal_rules(contract)
    policy = (command.terms.renewal if command.terms and command.terms.renewal else rules).price
    hindered = tuple(_hindered(contract, command, policy, now))
    skipped = {line for event in hindered if not event.alarm for line in event.lines}
    prices = {
        line.id: offered(line, command.prices.get(line.id), policy, contract.terms.currency, command.index)
        for line in contract.lines
        if line.ends_on is None and line.id not in skipped
    }
    if not prices:
        return hindered
    quoted = RenewalQuoted(
        at=now,
        rule=rules.quote_rule or rules.rule,
        by=command.by,
        term=next_term(contract.model_copy(update={"renewal": Renewal(terms=command.terms)}), term),
        deadline=contract.renewal.order_by or deadline(contract, term),
        prices=prices,
        terms=command.terms,
    )
    return (*hindered, quoted)


def _hindered(contract: Contract, command: ReportRequote, policy: Uplift, now: datetime) -> Iterator[RenewalHindered]:
    """What stands against offering some lines: a note where their offer is best effort, an alarm where it is owed."""
    rules = renewal_rules(contract)
    if rules.quote_rule is None:
        return
    reasons: dict[tuple[str, bool], list[str]] = {}
    for line in contract.lines:
        reason = _hindrance(contract, line, command, policy) if line.ends_on is None else None
        if reason:
            reasons.setdefault((reason, line.sold_as not in rules.best_effort), []).append(line.id)
    for (reason, alarm), lines in reasons.items():
        yield RenewalHindered(at=now, rule=rules.quote_rule, lines=tuple(lines), reason=reason, alarm=alarm)


def _hindrance(contract: Contract, line: Line, command: ReportRequote, policy: Uplift) -> str | None:
    if contract.customer.email is None:
        return "the customer has no e-mail address"
    if policy.policy == "list" and line.id not in command.prices and contract.terms.billing:
        return f"{line.service} is no longer in the price list"
    if policy.policy == "index" and command.index is None:
        return f"the price index {policy.index} has no value"
    return None
