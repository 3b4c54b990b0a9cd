"""A bound on what a contract bills by itself: in an illegal state it is parked and shown to a person, not billed on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain.commands import Unpark
from domain.due import Due, Rank
from domain.envelope import Command, Event
from domain.events import Parked, PeriodBilled, Recredited, Unparked
from domain.refusal import Refusal
from domain.state import Contract


def counted(contract: Contract, event: PeriodBilled | Recredited) -> dict[str, Any]:
    """How many bills over something the contract has made by itself on the day of the last one."""
    if not isinstance(event, PeriodBilled) or not event.bill.gross:
        return {}
    on = contract.date_of(event.at)
    return {"bills_on": on, "bills": contract.bills + 1 if contract.bills_on == on else 1}


def too_many(contract: Contract, at: datetime) -> bool:
    """Whether another bill at that instant is more than a day of a contract can bring."""
    if contract.terms.billing is None or contract.bills_on != contract.date_of(at):
        return False
    return contract.bills >= contract.terms.billing.daily_bound * len(contract.lines)


def parking(contract: Contract, at: datetime, rule: str) -> Due:
    """Parking the contract in place of its next bill."""
    on = contract.date_of(at)
    reason = f"{contract.bills} bills on {on}: another one cannot be right"
    return Due(at, Rank.ARREARS, on, "park the contract", rule, (Parked(at=at, rule=rule, reason=reason),))


def check_unpark(contract: Contract, command: Unpark, now: datetime) -> tuple[Event, ...]:
    """A person's word that the contract goes on: it may make as many bills again before it is parked once more."""
    rule = contract.terms.billing.rule if contract.terms.billing else contract.terms.quote.rule
    if contract.parked is None:
        raise Refusal(rule, "the contract is not parked; it goes on by itself")
    return (Unparked(at=now, rule=rule, by=command.by, reason=command.reason),)


CHECKS: dict[type[Command], Callable[..., Any]] = {Unpark: check_unpark}
EVOLVE: dict[type[Event], Callable[..., Any]] = {
    Parked: lambda contract, event: {"parked": event.reason, "without_rate": event.without_rate},
    Unparked: lambda contract, event: {"parked": None, "without_rate": False, "bills": 0},
}
