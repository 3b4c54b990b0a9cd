"""Consolidated invoices: what a customer's contracts bill until a cut-off day goes out as one, with one number."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from domain.calendar import DAY, first_of_next_month
from domain.due import Due, Rank, moment
from domain.dunning.unpaid import is_on_account
from domain.effects import Effect, IssueCollective, IssueInvoice
from domain.envelope import Event
from domain.events import CutOff, OrderPlaced
from domain.state import Contract


def together(contract: Contract, event: Event) -> date | None:
    """The cut-off day with which an event's bill goes out; none where it is an invoice of its own."""
    billing, bill = contract.terms.billing, vars(event).get("bill")
    if billing is None or billing.consolidated is None or bill is None or not bill.gross:
        return None
    if isinstance(event, OrderPlaced) or not is_on_account(contract, event):
        return None
    return next_cut_off(billing.consolidated.day, max(bill.on, contract.date_of(event.at)))


def next_cut_off(day: int, since: date) -> date:
    """The first cut-off day from a date on; a month that has no such day has its last."""
    this = _cut_off(day, since)
    return this if since <= this else _cut_off(day, first_of_next_month(since))


def _cut_off(day: int, month: date) -> date:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))


def noted(contract: Contract, event: Event) -> dict[str, Any]:
    """The cut-off day that the contract waits for, after an event."""
    on = together(contract, event)
    return {} if on is None or contract.cut_off else {"cut_off": on}


def marked(contract: Contract, event: Event, effect: Effect) -> Effect:
    """An effect of an event; an invoice that goes out with others says on which cut-off day."""
    on = together(contract, event) if isinstance(effect, IssueInvoice) else None
    return effect.model_copy(update={"cut_off": on}) if on else effect


def due(contract: Contract) -> Iterator[Due]:
    """The end of a cut-off day, after which what was billed until then goes out; also when the contract is over."""
    on = contract.cut_off
    if on is None:
        return
    consolidated = contract.terms.billing.consolidated if contract.terms.billing else None
    rule = consolidated.rule if consolidated else contract.terms.quote.rule
    at = moment(contract, on + DAY)
    what = f"send what was billed until {on} as one invoice"
    yield Due(at, Rank.CUT_OFF, on, what, rule, (CutOff(at=at, rule=rule, on=on),))


def _tell(contract: Contract, event: CutOff) -> Iterator[Effect]:
    terms = contract.terms
    key = f"collective/{contract.customer.id}/{terms.issuer.code}/{terms.currency}/{event.on}"
    yield IssueCollective(key=key, at=event.at, rule=event.rule, cut_off=event.on)


EVOLVE: dict[type[Event], Callable[..., Any]] = {CutOff: lambda contract, event: {"cut_off": None}}
EFFECTS: dict[type[Event], Callable[..., Any]] = {CutOff: _tell}
