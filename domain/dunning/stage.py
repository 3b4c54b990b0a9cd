"""Dunning in a contract's life: each step once, in its order; and service goes on by itself when all is paid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from domain.cancellation import settle
from domain.due import Due, Rank, moment
from domain.dunning.commands import ReportReversal
from domain.dunning.events import Dunned, PaymentReversed
from domain.dunning.state import Unpaid
from domain.dunning.terms import DunningStep
from domain.dunning.unpaid import declined, without
from domain.effects import Collect, Effect, WriteOff
from domain.envelope import Command, Event
from domain.events import Ended, Suspended
from domain.message import message
from domain.state import RUNNING, Contract, Status
from domain.suspension import resumed


def due(contract: Contract) -> Iterator[Due]:
    """The next step of each unpaid invoice; service that paused for want of payment goes on when nothing is unpaid."""
    terms = contract.terms.dunning
    if terms is None:
        return
    if contract.dunned and not contract.unpaid and contract.status is Status.SUSPENDED:
        on = contract.date_of(contract.at)
        yield Due(
            contract.at, Rank.START, on, "service goes on", terms.rule, resumed(contract, contract.at, terms.rule)
        )
    for item in contract.unpaid:
        if item.done < len(terms.steps):
            yield _next(contract, item, terms.steps[item.done], terms.rule)


def _next(contract: Contract, item: Unpaid, step: DunningStep, rule: str) -> Due:
    on = item.since + timedelta(days=step.after_days)
    at = moment(contract, on, contract.terms.notices_at)
    taken = Dunned(at=at, rule=rule, invoice=item.invoice, step=item.done + 1, do=step.do, days=step.after_days)
    what = f"{step.do.replace('_', ' ')} unless {item.invoice} is paid"
    return Due(at, Rank.NOTICE, on, what, rule, (taken, *_follows(contract, step, at, rule)))


def _follows(contract: Contract, step: DunningStep, at: datetime, rule: str) -> Iterator[Event]:
    """What else a step does to the contract, where it still runs."""
    today = contract.date_of(at)
    if step.do == "suspend" and contract.status is Status.ACTIVE:
        yield Suspended(at=at, rule=rule, on=today, reason="an invoice is not paid")
    if step.do == "end" and contract.status in RUNNING:
        yield from settle(contract, at, {line.id: min(line.ends_on or today, today) for line in contract.lines})
        yield Ended(at=at, rule=rule, status="Cancelled", last_day=today, reason="an invoice was never paid")


def check_reversal(contract: Contract, command: ReportReversal, now: datetime) -> tuple[Event, ...]:
    """A payment that was taken back makes its invoice unpaid again, once until it is paid again."""
    if command.invoice in contract.declined:
        return ()
    said = command.model_dump(include={"invoice", "amount", "cause", "reference", "reason", "by"})
    return (PaymentReversed(at=now, rule=contract.terms.order.payment_rule, **said),)


def _reversed(contract: Contract, event: PaymentReversed) -> dict[str, Any]:
    on, disputed = contract.date_of(event.at), event.cause == "dispute"
    return {
        "declined": (*contract.declined, event.invoice),
        "unpaid": declined(contract, event.invoice, on, event.reason, disputed=disputed, spell=contract.version),
    }


def _dunned(contract: Contract, event: Dunned) -> dict[str, Any]:
    if event.do == "write_off":
        left = without(contract, event.invoice)
        return {"unpaid": left, "declined": tuple(key for key in contract.declined if key != event.invoice)}
    moved = (
        item.model_copy(update={"done": event.step}) if item.invoice == event.invoice else item
        for item in contract.unpaid
    )
    return {"unpaid": tuple(moved), "dunned": contract.dunned or event.do == "suspend"}


def _tell(contract: Contract, event: Dunned) -> Iterator[Effect]:
    """Data of `payment_reminder`: invoice, days."""
    item = next((item for item in contract.unpaid if item.invoice == event.invoice), None)
    occurrence = f"{event.invoice}.{event.step}" + (f".{item.spell}" if item and item.spell else "")
    match event.do:
        case "remind":
            yield message(contract, event, "payment_reminder", occurrence, invoice=event.invoice, days=event.days)
        case "retry" if item and item.collectable and contract.order:
            key = contract.key("collect", occurrence)
            method = contract.order.method
            yield Collect(key=key, at=event.at, rule=event.rule, bill_key=event.invoice, method=method, order=False)
        case "write_off":
            key = contract.key("write-off", event.invoice)
            yield WriteOff(key=key, at=event.at, rule=event.rule, bill_key=event.invoice)
        case _:
            return


def _tell_reversed(contract: Contract, event: PaymentReversed) -> Iterator[Effect]:
    """Data of `payment_reversed`: invoice, amount."""
    amount, invoice = str(event.amount), event.invoice
    yield message(contract, event, "payment_reversed", contract.version, invoice=invoice, amount=amount)


CHECKS: dict[type[Command], Callable[..., Any]] = {ReportReversal: check_reversal}
EVOLVE: dict[type[Event], Callable[..., Any]] = {Dunned: _dunned, PaymentReversed: _reversed}
EFFECTS: dict[type[Event], Callable[..., Any]] = {Dunned: _tell, PaymentReversed: _tell_reversed}
