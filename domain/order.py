"""The order: one-time fees, payment in time, inspection of what was long without cover, and its end as void."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from domain.activation import complete, cover_end
from domain.bill import Bill, Charge, bill
from domain.calendar import DAY, months_after
from domain.casework import expected
from domain.casework.opening import open_case
from domain.commands import Checkout, Pay, ReportInspection, ReportPayment
from domain.due import Due, Rank
from domain.effects import (
    CloseCase,
    Collect,
    Effect,
    IssueCredit,
    IssueInvoice,
    MakeDocument,
    ReleaseCoupon,
)
from domain.eligibility import check_order
from domain.entitlements.rights import rights
from domain.envelope import Event
from domain.events import (
    InspectionFailed,
    InspectionPassed,
    OrderPlaced,
    OrderVoided,
    PaymentDeclined,
    PaymentReceived,
    PaymentRetried,
)
from domain.forms import check_order_form
from domain.message import message
from domain.money import rounded
from domain.refusal import Refusal
from domain.state import Contract, Discount, Inspection, Line, Order, Status
from domain.terms import Terms


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
    lapsed = tuple(line for line in contract.lines if _is_lapsed(contract, line, now))
    prepaid = terms.order.payment == "on_order"
    placed = OrderPlaced(
        at=now,
        rule=terms.order.rule,
        by=command.by,
        method=command.method,
        pay_by=now + timedelta(hours=terms.order.payment_hours) if prepaid else None,
        bill=bill(contract, contract.key("invoice", "order"), contract.date_of(now), _order_fees(contract, lapsed)),
        discount=command.discount,
        inspections=_inspections(contract, lapsed),
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


def _is_lapsed(contract: Contract, line: Line, now: datetime) -> bool:
    rule, end = contract.terms.lapsed_cover, cover_end(contract.terms, line)
    return rule is not None and end is not None and months_after(end, rule.months) <= contract.date_of(now)


def _order_fees(contract: Contract, lapsed: Iterable[Line]) -> Iterator[Charge]:
    terms = contract.terms
    for name in terms.order_fees:
        yield fee_charge(contract, name, contract.key("fee", name))
    if terms.lapsed_cover and (fee := terms.lapsed_cover.fee):
        for line in lapsed:
            yield fee_charge(contract, fee, contract.key("fee", f"{fee}.{line.id}"), line)
    again = terms.reenrolment
    if contract.reenrols and again and again.fee and not _spared(contract, again.free_with):
        yield fee_charge(contract, again.fee, contract.key("fee", again.fee))


def _spared(contract: Contract, fact: str | None) -> bool:
    """Whether every device has the fact that spares the fee for taking a contract up again."""
    return fact is not None and all(line.facts.get(fact, False) for line in contract.lines)


def fee_charge(contract: Contract, name: str, key: str, line: Line | None = None) -> Charge:
    """A one-time fee of the terms as a charge, for the contract or for one of its lines."""
    terms = contract.terms
    fee = terms.fees[name]
    return Charge(
        key=key,
        what=name,
        text=terms.text(fee.text, contract.customer.language),
        rule=fee.rule,
        net=rounded(fee.amount, terms.currency),
        line=line.id if line else None,
        serial=line.serial if line else None,
    )


def _inspections(contract: Contract, lapsed: Iterable[Line]) -> tuple[Inspection, ...]:
    """The devices that an engineer looks at first: those long without cover, or all that are taken up again."""
    terms = contract.terms
    if contract.reenrols and terms.reenrolment and terms.reenrolment.inspection:
        return tuple(Inspection(line=line.id) for line in contract.lines)
    if terms.lapsed_cover is None or not terms.lapsed_cover.inspection:
        return ()
    return tuple(Inspection(line=line.id) for line in lapsed)


def inspection_rule(contract: Contract) -> str:
    """Why devices are inspected before service starts."""
    terms = contract.terms
    if contract.reenrols and terms.reenrolment and terms.reenrolment.inspection:
        return terms.reenrolment.rule
    return terms.lapsed_cover.rule if terms.lapsed_cover else terms.order.rule


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


def check_inspection(contract: Contract, command: ReportInspection, now: datetime) -> tuple[Event, ...]:
    """What the engineer found: service may start when all have passed; one that fails makes the order void."""
    order, lapsed = contract.order, contract.terms.lapsed_cover
    waiting = [item.line for item in order.inspections if item.passed is None] if order else []
    rule = inspection_rule(contract)
    if order is None or command.line not in waiting:
        raise Refusal(rule, f"no inspection of line {command.line} is waited for", field="line")
    if not command.passed:
        failed = InspectionFailed(at=now, rule=rule, by=command.by, line=command.line, reason=command.reason)
        others = [line for line in waiting if line != command.line]
        kept = lapsed.fee if lapsed else None
        reason = command.reason or "the inspection failed"
        return (failed, void(contract, now, rule, reason, by=command.by, keep=kept, inspections=others))
    passed = InspectionPassed(at=now, rule=rule, by=command.by, line=command.line)
    if waiting != [command.line] or (order.pay_by is not None and order.paid_at is None):
        return (passed,)
    return (passed, *complete(contract, placed_at=order.placed_at, now=now))


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


def _retried(contract: Contract, event: PaymentRetried) -> dict[str, Any]:
    return _order_with(contract, method=event.method, attempts=event.attempt)


def _received(contract: Contract, event: PaymentReceived) -> dict[str, Any]:
    return _order_with(contract, paid_at=event.at, reference=event.reference)


def _inspected(contract: Contract, event: InspectionPassed | InspectionFailed) -> dict[str, Any]:
    found = isinstance(event, InspectionPassed)
    inspections = contract.order.inspections if contract.order else ()
    return _order_with(
        contract,
        inspections=tuple(
            item.model_copy(update={"passed": found}) if item.line == event.line else item for item in inspections
        ),
    )


def _order_with(contract: Contract, **changes: object) -> dict[str, Any]:
    return {"order": contract.order.model_copy(update=changes)} if contract.order else {}


def _voided(contract: Contract, event: OrderVoided) -> dict[str, Any]:
    return {"status": Status.VOID, "ended_on": contract.date_of(event.at)}


def inspection_case(contract: Contract, line: str) -> str:
    """The id of the case under which a line's device is inspected."""
    return f"{contract.number}-I{line}"


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
        yield from _papers(contract, event)


def _tell_received(contract: Contract, event: PaymentReceived) -> Iterator[Effect]:
    yield from _papers(contract, event)


def _papers(contract: Contract, event: Event) -> Iterator[Effect]:
    """The documents that follow a complete order, and the message that they go along with."""
    papers = contract.terms.order.documents
    if papers is None:
        return
    data = papers_data(contract)
    keys = []
    for name in papers.documents:
        keys.append(contract.key("document", name))
        yield MakeDocument(key=keys[-1], at=event.at, rule=papers.rule, document=name, data=dict(data))
    sent = message(contract, event, "order_documents", documents=list(papers.documents))
    yield sent.model_copy(update={"attached": tuple(keys), "rule": papers.rule})


def papers_data(contract: Contract) -> dict[str, object]:
    """What the documents of an order may say: the lines, the order's total, the rules, who to call and when."""
    terms, order = contract.terms, contract.order
    return {
        "lines": [
            {
                "serial": line.serial,
                "model": line.model,
                "text": line.text,
                "quantity": line.quantity,
                "starts_on": _day(line.starts_on or contract.start_on),
                "last_day": _day(line.ends_on),
                "place": line.place,
                "replaced": [{"serial": item.serial, "last_day": _day(item.on - DAY)} for item in line.replaced],
            }
            for line in contract.lines
        ],
        "first_day": _day(contract.active_since),
        "last_day": _day(contract.term.last if contract.term else None),
        "total": str(order.bill.gross) if order else "0",
        "charged": bool(order and order.bill.charges),
        "rules": [{"rule": rule, "text": text} for rule, text in terms.rules.items()],
        "version": terms.version,
        "languages": list(terms.languages),
        "hours": _hours(terms),
        "access_code": contract.access_code,
        "entitlements": [
            {"text": terms.text(item.text, contract.customer.language), "per_year": item.per_year}
            for item in rights(contract, contract.date_of(contract.at))
        ],
    }


def _hours(terms: Terms) -> list[dict[str, object]]:
    """The desk's hours, each with its days of the week; empty where the terms list none."""
    return [
        {"days": list(span.days), "opens": f"{span.opens:%H:%M}", "closes": f"{span.closes:%H:%M}"}
        for span in (terms.desk.hours if terms.desk else ())
    ]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


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


def _tell_passed(contract: Contract, event: InspectionPassed) -> Iterator[Effect]:
    yield CloseCase(
        key=contract.key("case-closed", f"inspection.{event.line}"),
        at=event.at,
        rule=event.rule,
        case=inspection_case(contract, event.line),
        note="passed",
    )


def _tell_failed(contract: Contract, event: InspectionFailed) -> Iterator[Effect]:
    yield CloseCase(
        key=contract.key("case-closed", f"inspection.{event.line}"),
        at=event.at,
        rule=event.rule,
        case=inspection_case(contract, event.line),
        note=event.reason or "failed",
    )
    yield message(contract, event, "inspection_failed", event.line, reason=event.reason)


def _tell_voided(contract: Contract, event: OrderVoided) -> Iterator[Effect]:
    if event.credit:
        yield IssueCredit(key=event.credit.key, at=event.at, rule=event.rule, bill=event.credit, reason=event.reason)
    for line in event.open_inspections:
        yield CloseCase(
            key=contract.key("case-closed", f"inspection.{line}"),
            at=event.at,
            rule=event.rule,
            case=inspection_case(contract, line),
            note="the order is void",
        )
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


CHECKS = {
    Checkout: check_checkout,
    Pay: check_pay,
    ReportPayment: check_payment,
    ReportInspection: check_inspection,
}
EVOLVE = {
    OrderPlaced: _placed,
    PaymentRetried: _retried,
    PaymentReceived: _received,
    PaymentDeclined: lambda contract, event: {},
    InspectionPassed: _inspected,
    InspectionFailed: _inspected,
    OrderVoided: _voided,
}
EFFECTS = {
    OrderPlaced: _tell_placed,
    PaymentReceived: _tell_received,
    PaymentRetried: _tell_retried,
    PaymentDeclined: _tell_declined,
    InspectionPassed: _tell_passed,
    InspectionFailed: _tell_failed,
    OrderVoided: _tell_voided,
}
