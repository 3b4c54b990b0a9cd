"""What of a contract waits for a person: what it is, whose it is, until when, why, and which commands settle it.

A task is never kept: it follows from where the contract stands, and is gone when what it waits for has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from domain.calendar import DAY, instant
from domain.order.needed import inspection_rule
from domain.state import ENDED, OFFERED, RUNNING, Contract, Status
from domain.values import Carried, Name, Text

_NOTHING_LEFT = frozenset({Status.REJECTED, Status.LAPSED, Status.VOID})
"""Contracts that came to nothing, whose open ends nobody needs to see to."""

Role = Literal["customer", "billing", "desk", "engineer", "operator"]
"""Whose task it is: `operator` is who looks after the system itself."""

TaskId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,250}$")]


class Task(Carried):
    """Something that waits for a person.

    ``by`` is the instant by which it should be done, where the terms set one; ``answers`` are the kinds of command of
    which one settles it, and ``given`` what such a command says in any case.
    """

    id: TaskId
    kind: Name
    what: Text
    role: Role
    rule: str
    by: AwareDatetime | None = None
    answers: tuple[str, ...]
    given: dict[str, object] = Field(default_factory=dict)


def tasks(contract: Contract) -> tuple[Task, ...]:
    """Everything that waits for a person now; what must be done soonest comes first."""
    if contract.status in _NOTHING_LEFT:
        return ()
    found = [task for stage in _STAGES for task in stage(contract)]
    return tuple(sorted(found, key=lambda task: (task.by is None, task.by, task.id)))


def task(
    contract: Contract,
    kind: str,
    occurrence: object,
    what: str,
    *,
    role: Role,
    rule: str,
    answers: tuple[str, ...],
    by: date | datetime | None = None,
    **given: object,
) -> Task:
    """A task of a contract; a day is meant with its whole length, in the contract's own zone."""
    name = str(occurrence).removeprefix(f"{contract.number}/").replace("/", "-")
    until = by if isinstance(by, datetime) or by is None else instant(by + DAY, contract.zone)
    return Task(
        id=f"{contract.number}.{kind}.{name}",
        kind=kind,
        what=what[:500],
        role=role,
        rule=rule,
        by=until,
        answers=answers,
        given=dict(given),
    )


def _offer(contract: Contract) -> Iterator[Task]:
    """An offer waits for its order."""
    if contract.status not in OFFERED:
        return
    terms = contract.terms.quote
    answers = ("accept", "reject") if contract.status is Status.QUOTED else ("checkout", "reject")
    given = {"revision": contract.revision} if contract.status is Status.QUOTED else {}
    rule = terms.deadline_rule or terms.rule
    yield task(
        contract,
        "order",
        contract.revision,
        f"answer the offer of {contract.number}",
        role="customer",
        rule=rule,
        answers=answers,
        by=contract.valid_until,
        **given,
    )


def _order(contract: Contract) -> Iterator[Task]:
    """An order waits for its payment, and for the inspections of its devices."""
    order = contract.order
    if order is None or contract.status is not Status.DRAFT:
        return
    terms = contract.terms
    if order.pay_by and order.paid_at is None:
        what, rule = f"pay the order of {contract.number}", terms.order.payment_rule
        yield task(
            contract, "pay_order", order.bill.key, what, role="customer", rule=rule, answers=("pay",), by=order.pay_by
        )
    serials = {line.id: line.serial for line in contract.lines}
    rule = inspection_rule(contract)
    for item in order.inspections:
        if item.passed is None:
            what = f"inspect {serials[item.line]}"
            yield task(
                contract,
                "inspection",
                item.line,
                what,
                role="engineer",
                rule=rule,
                answers=("report_inspection",),
                line=item.line,
            )


def _payment(contract: Contract) -> Iterator[Task]:
    """Invoices whose payment was declined, or that are not paid by their last day."""
    rule = contract.terms.order.payment_rule
    for key in contract.declined:
        what = f"collect invoice {key}: its payment was declined"
        answers = () if contract.status in ENDED else ("pay",)
        yield task(contract, "collect", key, what, role="billing", rule=rule, answers=answers, invoice=key)


def _onboarding(contract: Contract) -> Iterator[Task]:
    terms, going = contract.terms.onboarding, contract.onboarding
    if terms and going and going.done_on is None and contract.status is Status.SCHEDULED:
        what, by = f"take {contract.customer.name} on", going.finish_by
        yield task(
            contract, "onboarding", 1, what, role="desk", rule=terms.rule, answers=("complete_onboarding",), by=by
        )


def _obligations(contract: Contract) -> Iterator[Task]:
    """What the contract owes its customer: reports, reviews, plans."""
    terms = contract.terms.entitlements
    for item in contract.entitled.open:
        known = terms.items.get(item.item) if terms else None
        rule = known.rule if known else contract.terms.quote.rule
        what = f"{item.item.replace('_', ' ')} number {item.number}, due since {item.due_on}"
        yield task(
            contract,
            "obligation",
            item.id,
            what,
            role="desk",
            rule=rule,
            answers=("fulfil",),
            by=item.do_by,
            obligation=item.id,
        )


def _requests(contract: Contract) -> Iterator[Task]:
    """Requests wait for their next step."""
    for item in contract.requests:
        terms = contract.terms.requests.get(item.what)
        if terms is None:
            continue
        steps = terms.names()
        ahead = steps[steps.index(item.step) + 1 :] if item.step in steps else steps
        what = f"{item.what.replace('_', ' ')} {item.id}: next is {ahead[0].replace('_', ' ')}"
        answers = ("advance_request", "refuse_request")
        yield task(
            contract,
            "request",
            f"{item.id}.{ahead[0]}",
            what,
            role="desk",
            rule=terms.rule,
            answers=answers,
            request=item.id,
            step=ahead[0],
        )


def _disputes(contract: Contract) -> Iterator[Task]:
    terms = contract.terms.repairs
    for repair in contract.repairs:
        if terms and repair.dispute == "open":
            what = f"decide the dispute about the repair of {repair.serial} ({repair.case})"
            yield task(
                contract,
                "dispute",
                repair.case,
                what,
                role="desk",
                rule=terms.rule,
                answers=("decide_dispute",),
                case=repair.case,
            )


def _repair_quotes(contract: Contract) -> Iterator[Task]:
    """A quoted repair waits for the customer's word."""
    terms = contract.terms.repairs
    for quote in contract.repair_quotes:
        if terms and quote.accepted is None:
            what = f"answer the quote for the repair of {quote.serial} ({quote.case})"
            yield task(
                contract,
                "repair_quote",
                f"{quote.case}.{quote.number}",
                what,
                role="customer",
                rule=terms.quote_rule or terms.rule,
                answers=("answer_repair_quote",),
                by=quote.answer_by,
                case=quote.case,
            )


def _breaches(contract: Contract) -> Iterator[Task]:
    terms = contract.terms.breach
    for item in contract.breaches:
        if terms and contract.status in RUNNING:
            role: Role = "customer" if item.party == "customer" else "desk"
            what = f"cure breach {item.id} by the {item.party}: {item.reason}"
            yield task(
                contract,
                "breach",
                item.id,
                what,
                role=role,
                rule=terms.rule,
                answers=("cure_breach",),
                by=item.cure_by,
                breach=item.id,
            )


def _adjustment(contract: Contract) -> Iterator[Task]:
    terms, going = contract.terms.fleet, contract.fleet.adjustment if contract.fleet else None
    if terms and going:
        what, answers = f"settle what the audit of {going.opened_on} found", ("settle_adjustment",)
        yield task(
            contract, "adjustment", going.id, what, role="desk", rule=terms.rule, answers=answers, adjustment=going.id
        )


def _cases(contract: Contract) -> Iterator[Task]:
    support = contract.terms.support
    for case in contract.cases:
        level = support.levels.get(case.level) if support and case.level else None
        rule = level.rule if level else support.rule if support else contract.terms.quote.rule
        what = f"{case.stage.replace('_', ' ')} for {case.serial}: case {case.id}"
        yield task(
            contract,
            "case",
            f"{case.id}.{case.stage}",
            what,
            role="engineer",
            rule=rule,
            answers=("advance_case",),
            by=None if case.answered_at else case.answer_by,
            case=case.id,
        )


def _contested(contract: Contract) -> Iterator[Task]:
    """What was done to a case at the desk and not taken waits until contract and desk agree."""
    for item in contract.contested:
        what = f"agree on case {item.case}: {item.reason}"
        yield task(
            contract,
            "contested",
            item.case,
            what,
            role="desk",
            rule=item.reason.partition(":")[0],
            answers=("report_case",),
            case=item.case,
        )


def _shipping(contract: Contract) -> Iterator[Task]:
    terms = contract.terms.supplies
    for order in contract.supplies.orders:
        if terms and order.status in {"ordered", "late"}:
            shipping, what = terms.shipping, f"ship order {order.id}"
            by, answers = order.placed_at + timedelta(hours=shipping.within_hours), ("report_shipment",)
            yield task(
                contract,
                "shipping",
                order.id,
                what,
                role="desk",
                rule=shipping.rule,
                answers=answers,
                by=by,
                order=order.id,
            )


def _renewal(contract: Contract) -> Iterator[Task]:
    """The offer of the next term waits for its answer."""
    renewal, terms = contract.renewal, contract.terms.renewal
    decided = renewal.answer or renewal.committed or contract.ending
    open_question = contract.status in RUNNING and renewal.quoted_on and not decided
    if terms and contract.term and open_question:
        number, answers = contract.term.number + 1, ("renew", "decline_renewal")
        what = f"answer the offer of term {number} of {contract.number}"
        yield task(
            contract, "renewal", number, what, role="customer", rule=terms.rule, answers=answers, by=renewal.deadline
        )


def _undelivered(contract: Contract) -> Iterator[Task]:
    """What could not be delivered waits for a person's word, as long as the contract has not ended."""
    if contract.status in ENDED:
        return
    notice = contract.terms.notice
    rule = (notice.undelivered_rule or notice.rule) if notice else contract.terms.quote.rule
    for item in contract.delivery.open:
        names = ", ".join(sorted({missed.message.replace("_", " ") for missed in item.missed}))
        what = f"decide what happens: {names} could not be delivered to {item.recipient or 'the customer'}"
        yield task(
            contract,
            "undelivered",
            item.id,
            what,
            role="desk",
            rule=rule,
            answers=("settle_undelivered",),
            by=item.answer_by,
            question=item.id,
        )


def _parked(contract: Contract) -> Iterator[Task]:
    """A contract that would have billed nonsense waits for somebody who looks at it."""
    if contract.parked is None:
        return
    rule = contract.terms.billing.rule if contract.terms.billing else contract.terms.quote.rule
    what = f"look at {contract.number}, which is parked: {contract.parked}"
    yield task(contract, "parked", contract.bills_on, what, role="operator", rule=rule, answers=("unpark",))


_STAGES: tuple[Callable[[Contract], Iterator[Task]], ...] = (
    _parked,
    _offer,
    _order,
    _payment,
    _onboarding,
    _obligations,
    _requests,
    _disputes,
    _repair_quotes,
    _breaches,
    _adjustment,
    _cases,
    _contested,
    _shipping,
    _renewal,
    _undelivered,
)
