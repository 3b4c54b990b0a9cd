"""Where a contract is in its life, in more words than its status has: what it waits for, or that it is about to end."""

from __future__ import annotations

from enum import StrEnum

from domain.activation import cover_end, waits
from domain.calendar import DAY
from domain.state import ENDED, OFFERED, Contract, Order, Status


class Stage(StrEnum):
    """One of them, as operators look for it."""

    ORDER = "waiting for an order"
    PAYMENT = "waiting for payment"
    INSPECTION = "waiting for an inspection"
    ONBOARDING = "waiting for onboarding"
    SUPPLIES = "waiting for supplies"
    WARRANTY = "waiting for the warranty's end"
    START = "waiting for its first day"
    SERVICE = "in service"
    RENEWAL = "waiting for the answer to a renewal quote"
    NOTICE = "in notice"
    SUSPENDED = "suspended"
    PARKED = "parked"
    OVER = "over"


def stage(contract: Contract) -> Stage:
    """The contract's stage; of several, the one that keeps it from going on."""
    if contract.status in ENDED:
        return Stage.OVER
    if contract.parked:
        return Stage.PARKED
    if contract.status in OFFERED:
        return Stage.ORDER
    match contract.status:
        case Status.DRAFT:
            return _of_order(contract.order)
        case Status.SCHEDULED:
            return _of_start(contract)
        case Status.SUSPENDED:
            return Stage.SUSPENDED
    return _of_service(contract)


def _of_order(order: Order | None) -> Stage:
    unpaid = order is not None and order.pay_by is not None and order.paid_at is None
    return Stage.PAYMENT if unpaid else Stage.INSPECTION


def _of_start(contract: Contract) -> Stage:
    if contract.onboarding and contract.onboarding.done_on is None:
        return Stage.ONBOARDING
    waiting = [line for line in contract.lines if waits(line)]
    if not waiting and contract.terms.supplies:
        return Stage.SUPPLIES
    ends = [cover_end(contract.terms, line) for line in waiting if line.starts_on]
    follows = any(end and line.starts_on == end + DAY for line, end in zip(waiting, ends, strict=True))
    return Stage.WARRANTY if follows else Stage.START


def _of_service(contract: Contract) -> Stage:
    renewal = contract.renewal
    if contract.ending:
        return Stage.NOTICE
    if renewal.quoted_on and renewal.answer is None and not renewal.committed:
        return Stage.RENEWAL
    return Stage.SERVICE
