"""The end of an order that came to nothing: not paid in time, withdrawn, or an inspection that failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from domain.bill import Bill, bill
from domain.due import Due, Rank
from domain.effects import Effect, IssueCredit, ReleaseCoupon
from domain.events import OrderVoided
from domain.message import message
from domain.order.needed import closed_inspection
from domain.state import Contract, Status


def void(
    contract: Contract,
    at: datetime,
    rule: str,
    reason: str,
    *,
    by: str = "tenure",
    keep: str | None = None,
    inspections: Iterable[str] | None = None,
) -> OrderVoided:
    """The end of an order that came to nothing: what it was billed is credited, less the fee to ``keep``."""
    order = contract.order
    if order is None:
        return OrderVoided(at=at, rule=rule, by=by, reason=reason)
    if inspections is None:
        inspections = [item.line for item in order.inspections if item.passed is None]
    return OrderVoided(
        at=at,
        rule=rule,
        by=by,
        reason=reason,
        credit=_credit(contract, order.bill, at, keep),
        open_inspections=tuple(inspections),
    )


def _credit(contract: Contract, billed: Bill, at: datetime, keep: str | None) -> Bill | None:
    charges = [
        charge.model_copy(update={"key": f"{charge.key}/void", "credits": charge.key})
        for charge in billed.charges
        if charge.what != keep and charge.net
    ]
    return bill(contract, contract.key("credit", "order"), contract.date_of(at), charges) if charges else None


def due(contract: Contract) -> Iterator[Due]:
    """An order that is not paid in time is void."""
    order = contract.order
    if contract.status is Status.DRAFT and order and order.pay_by and order.paid_at is None:
        at = max(order.pay_by, contract.at)
        rule = contract.terms.order.payment_rule
        event = void(contract, at, rule, f"not paid within {contract.terms.order.payment_hours} hours")
        yield Due(at, Rank.END, contract.date_of(order.pay_by), "the order is void unless it is paid", rule, (event,))


def _voided(contract: Contract, event: OrderVoided) -> dict[str, Any]:
    return {"status": Status.VOID, "ended_on": contract.date_of(event.at)}


def _tell_voided(contract: Contract, event: OrderVoided) -> Iterator[Effect]:
    if event.credit:
        yield IssueCredit(key=event.credit.key, at=event.at, rule=event.rule, bill=event.credit, reason=event.reason)
    for line in event.open_inspections:
        yield closed_inspection(contract, event, line, "the order is void")
    if contract.order and contract.order.discount:
        code = contract.order.discount.code
        yield ReleaseCoupon(key=contract.key("coupon", f"{code}.released"), at=event.at, rule=event.rule, code=code)
    yield message(contract, event, "order_void", cause=_cause(contract, event))


def _cause(contract: Contract, event: OrderVoided) -> str:
    """Why an order came to nothing, for a text to say in its own language."""
    order = contract.order
    if order and any(item.passed is False for item in order.inspections):
        return "inspection"
    return "unpaid" if event.by == "tenure" else "withdrawn"


EVOLVE = {OrderVoided: _voided}
EFFECTS = {OrderVoided: _tell_voided}
