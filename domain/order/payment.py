"""The payment of an order: in time, tried again, and what the provider said of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from domain.activation import complete
from domain.commands import Pay, ReportPayment
from domain.effects import Collect, Effect
from domain.envelope import Event
from domain.events import (
    PaymentDeclined,
    PaymentReceived,
    PaymentRetried,
)
from domain.message import message
from domain.order.change import order_with
from domain.order.papers import order_papers
from domain.refusal import Refusal
from domain.state import Contract, Order, Status


def _open_order(contract: Contract) -> Order:
    """The order that still waits for its payment. Refuses where there is none."""
    order = contract.order
    rule = contract.terms.order.payment_rule
    if order is None or contract.status is not Status.DRAFT:
        raise Refusal(rule, f"the contract is {contract.status}; no order of it waits for payment")
    if order.paid_at is not None:
        raise Refusal(rule, "the order is paid already")
    return order


def check_pay(contract: Contract, command: Pay, now: datetime) -> tuple[Event, ...]:
    """Another attempt to pay: the open order, or an invoice whose payment was declined."""
    rule = contract.terms.order.payment_rule
    if command.invoice is not None:
        if command.invoice not in contract.declined:
            raise Refusal(rule, f"no declined payment waits for invoice {command.invoice}", field="invoice")
        key, order = command.invoice, False
    else:
        key, order = _open_order(contract).bill.key, True
    attempt = contract.version + 1
    retried = PaymentRetried(
        at=now, rule=rule, by=command.by, method=command.method, attempt=attempt, bill_key=key, order=order
    )
    return (retried,)


def check_payment(contract: Contract, command: ReportPayment, now: datetime) -> tuple[Event, ...]:
    """What the provider answered; a repeated report of the same payment changes nothing."""
    order = contract.order
    if order and order.paid_at and command.outcome == "paid" and command.reference == order.reference:
        return ()
    order = _open_order(contract)
    rule = contract.terms.order.payment_rule
    match command.outcome:
        case "pending":
            return ()
        case "declined":
            return (
                PaymentDeclined(at=now, rule=rule, by=command.by, reason=command.reason, reference=command.reference),
            )
        case "paid":
            paid = PaymentReceived(at=now, rule=rule, by=command.by, reference=command.reference)
            if any(not inspection.passed for inspection in order.inspections):
                return (paid,)
            return (paid, *complete(contract, placed_at=order.placed_at, now=now))


def _retried(contract: Contract, event: PaymentRetried) -> dict[str, Any]:
    return order_with(contract, method=event.method, attempts=event.attempt)


def _received(contract: Contract, event: PaymentReceived) -> dict[str, Any]:
    return order_with(contract, paid_at=event.at, reference=event.reference)


def _tell_received(contract: Contract, event: PaymentReceived) -> Iterator[Effect]:
    yield from order_papers(contract, event)


def _tell_retried(contract: Contract, event: PaymentRetried) -> Iterator[Effect]:
    yield Collect(
        key=contract.key("payment", event.attempt),
        at=event.at,
        rule=event.rule,
        bill_key=event.bill_key,
        method=event.method,
        order=event.order,
    )


def _tell_declined(contract: Contract, event: PaymentDeclined) -> Iterator[Effect]:
    order = contract.order
    pay_by = order.pay_by.isoformat() if order and order.pay_by else None
    yield message(contract, event, "payment_declined", contract.version, reason=event.reason, pay_by=pay_by)


CHECKS = {Pay: check_pay, ReportPayment: check_payment}
EVOLVE = {
    PaymentRetried: _retried,
    PaymentReceived: _received,
    PaymentDeclined: lambda contract, event: {},
}
EFFECTS = {PaymentReceived: _tell_received, PaymentRetried: _tell_retried, PaymentDeclined: _tell_declined}
