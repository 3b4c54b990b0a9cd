"""The order as it is placed: what must be so, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from domain.activation import complete
from domain.bill import bill
from domain.casework import expected
from domain.casework.opening import open_case
from domain.commands import Checkout
from domain.effects import Effect, IssueInvoice
from domain.eligibility import check_order
from domain.envelope import Event
from domain.events import OrderPlaced
from domain.forms import check_order_form
from domain.message import message
from domain.order.fees import is_lapsed, order_fees
from domain.order.needed import inspection_case, inspection_rule, inspections
from domain.order.papers import order_papers
from domain.refusal import Refusal
from domain.state import Contract, Discount, Order, Status


def check_checkout(contract: Contract, command: Checkout, now: datetime) -> tuple[Event, ...]:
    """The order, with the fees that it costs and the inspections that it needs."""
    terms = contract.terms
    if contract.status is Status.QUOTED:
        raise Refusal(terms.order.rule, "the quote is not accepted yet", allowed_when="the quote is accepted")
    if terms.order.registration and not command.registered:
        raise Refusal(
            terms.order.rule,
            "the customer has no account yet",
            allowed_when="the first order registers the customer with e-mail and password",
            field="registered",
        )
    if command.discount:
        _check_discount(contract, command.discount)
    today = contract.date_of(now)
    check_order(contract, today)
    check_order_form(terms, command.form)
    _check_invoice_day(contract, command.invoice_on, today)
    lapsed = tuple(line for line in contract.lines if is_lapsed(contract, line, now))
    prepaid = terms.order.payment == "on_order"
    placed = OrderPlaced(
        at=now,
        rule=terms.order.rule,
        by=command.by,
        method=command.method,
        pay_by=now + timedelta(hours=terms.order.payment_hours) if prepaid else None,
        bill=bill(contract, contract.key("invoice", "order"), contract.date_of(now), order_fees(contract, lapsed)),
        discount=command.discount,
        inspections=inspections(contract, lapsed),
        form=command.form,
        invoice_on=command.invoice_on,
    )
    if prepaid or placed.inspections:
        return (placed,)
    return (placed, *complete(contract, placed_at=now, now=now))


def _check_invoice_day(contract: Contract, asked: date | None, today: date) -> None:
    if asked is None:
        return
    billing = contract.terms.billing
    rule = billing.invoice_date_rule if billing else None
    if rule is None:
        raise Refusal(contract.terms.order.rule, "the day of the first invoice cannot be chosen", field="invoice_on")
    if asked < today:
        raise Refusal(rule, f"the first invoice cannot go out on {asked}", allowed_from=today, field="invoice_on")


def _check_discount(contract: Contract, discount: Discount) -> None:
    if contract.terms.coupons is None:
        raise Refusal(contract.terms.order.rule, "the programme takes no coupons", field="coupon")
    if contract.line(discount.line) is None:
        raise Refusal(
            discount.rule,
            f"the coupon is for line {discount.line}, which the order does not have",
            allowed_when=f"it is put on one of {', '.join(line.id for line in contract.lines)}",
            field="coupon.line",
        )


def _placed(contract: Contract, event: OrderPlaced) -> dict[str, Any]:
    return {
        "status": Status.DRAFT,
        "order": Order(
            placed_at=event.at,
            pay_by=event.pay_by,
            method=event.method,
            discount=event.discount,
            inspections=event.inspections,
            form=event.form,
            invoice_on=event.invoice_on,
            bill=event.bill,
        ),
    }


def _tell_placed(contract: Contract, event: OrderPlaced) -> Iterator[Effect]:
    serials = {line.id: line.serial for line in contract.lines}
    yield message(
        contract,
        event,
        "order_received",
        pay_by=event.pay_by.isoformat() if event.pay_by else None,
        total=str(event.bill.gross),
        inspections=[serials[item.line] for item in event.inspections],
    )
    for item in event.inspections:
        yield open_case(
            contract,
            event,
            inspection_case(contract, item.line),
            f"Inspect {serials[item.line]} before service starts",
            stage="inspection",
            expects=expected.INSPECTION,
            serial=serials[item.line],
            line=item.line,
            rule=inspection_rule(contract),
            occurrence=f"inspection.{item.line}",
        )
    if event.bill.charges or event.pay_by is not None:
        yield IssueInvoice(
            key=event.bill.key,
            at=event.at,
            rule=contract.terms.order.payment_rule,
            bill=event.bill,
            order=event.pay_by is not None,
            method=event.method,
        )
    if event.pay_by is None:
        yield from order_papers(contract, event)


CHECKS = {Checkout: check_checkout}
EVOLVE = {OrderPlaced: _placed}
EFFECTS = {OrderPlaced: _tell_placed}
