"""Which commands a contract takes where it stands, and which later: what every refusal can offer instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from domain.late import late_until
from domain.notice import last_answer_day, opens_on, taken_up_again
from domain.refusal import Refusal
from domain.renewal_request import may_be_asked_from
from domain.state import ENDED, OFFERED, RUNNING, Contract, Status
from domain.view import Permission

LIFE_RULE = "COM-1"
"""One life for every contract: what may happen depends on where it stands in it."""

_STARTED = RUNNING | {Status.SCHEDULED}
_ORDERED = _STARTED | {Status.DRAFT}

PERMITTED: dict[str, frozenset[Status]] = {
    "revise": OFFERED,
    "accept": OFFERED,
    "reject": OFFERED,
    "checkout": OFFERED,
    "pay": _ORDERED,
    "report_payment": _ORDERED,
    "report_collection": frozenset(Status),
    "report_reversal": frozenset(Status),
    "report_inspection": frozenset({Status.DRAFT}),
    "move_cover": frozenset(Status) - ENDED,
    "replace_device": frozenset(Status) - ENDED,
    "change": _STARTED,
    "add_line": _STARTED,
    "suspend": frozenset({Status.ACTIVE}),
    "resume": frozenset({Status.SUSPENDED}),
    "unpark": frozenset(Status),
    "cancel": _ORDERED,
    "terminate": _STARTED,
    "undo": _STARTED,
    "offer_renewal": frozenset(Status),
    "renew": _STARTED | {Status.EXPIRED},
    "decline_renewal": _STARTED,
    "report_requote": frozenset(Status),
    "report_rates": frozenset(Status),
    "report_bounce": frozenset(Status),
    "settle_undelivered": frozenset(Status) - ENDED,
    "adopt_terms": frozenset(Status) - ENDED,
    "report_repair": frozenset(Status),
    "quote_repair": frozenset(Status),
    "answer_repair_quote": frozenset(Status),
    "dispute_repair": frozenset(Status),
    "decide_dispute": frozenset(Status),
    "notice_breach": RUNNING,
    "cure_breach": RUNNING,
    "order_supply": _STARTED,
    "report_shipment": frozenset(Status),
    "report_level": _STARTED,
    "report_foreign_supply": _STARTED,
    "complete_onboarding": frozenset({Status.SCHEDULED}),
    "use_entitlement": RUNNING,
    "return_entitlement": RUNNING,
    "fulfil": frozenset(Status),
    "make_request": RUNNING,
    "advance_request": RUNNING,
    "refuse_request": RUNNING,
    "name_contacts": frozenset(Status) - ENDED,
    "request_copy": _ORDERED,
    "open_case": _STARTED,
    "advance_case": frozenset(Status),
    "reopen_case": RUNNING,
    "report_case": frozenset(Status),
    "report_census": frozenset(Status),
    "settle_adjustment": frozenset(Status),
    "discard": frozenset(Status) - ENDED,
}


def check_status(contract: Contract, kind: str) -> None:
    """Refuse a command that a contract never takes where it stands."""
    if contract.status in PERMITTED[kind]:
        return
    if contract.status in ENDED:
        raise Refusal(
            LIFE_RULE,
            f"the contract ended on {contract.ended_on} ({contract.status}); nothing more happens",
            allowed_when=_again(contract, kind),
        )
    where = ", ".join(sorted(PERMITTED[kind]))
    raise Refusal(
        LIFE_RULE,
        f"a contract that is {contract.status} does not take `{kind}`",
        allowed_when=f"the contract is one of: {where}",
    )


def _again(contract: Contract, kind: str) -> str | None:
    late = kind in {"accept", "checkout"} and contract.status is Status.LAPSED
    return taken_up_again(contract) if late else None


def permissions(contract: Contract) -> tuple[Permission, ...]:
    """What people may ask of the contract now, and what they may ask later, from when."""
    return tuple(_permissions(contract))


def _permissions(contract: Contract) -> Iterator[Permission]:
    if contract.delivery.open and contract.status not in ENDED:
        yield _now("settle_undelivered")
    match contract.status:
        case Status.QUOTED:
            yield from map(_now, ("accept", "reject", "revise"))
            yield Permission(command="checkout", when="the quote is accepted")
        case Status.ACCEPTED:
            yield from map(_now, ("checkout", "reject", "revise"))
        case Status.DRAFT:
            yield from _while_draft(contract)
        case Status.SCHEDULED | Status.ACTIVE | Status.SUSPENDED:
            yield from _while_ordered(contract)
        case Status.EXPIRED if until := late_until(contract):
            yield Permission(command="renew", until=until)
        case _:
            return


def _now(command: str) -> Permission:
    return Permission(command=command)


def _while_draft(contract: Contract) -> Iterator[Permission]:
    order = contract.order
    if order and order.pay_by and order.paid_at is None:
        yield _now("pay")
    if order and any(item.passed is None for item in order.inspections):
        yield _now("report_inspection")
    yield _now("cancel")


_WHILE_SERVICED: dict[str, Callable[[Contract], object]] = {
    "pay": lambda contract: contract.declined,
    "complete_onboarding": lambda contract: contract.onboarding and not contract.onboarding.done_on,
    "order_supply": lambda contract: contract.terms.supplies,
    "use_entitlement": lambda contract: contract.terms.entitlements and contract.status in RUNNING,
    "return_entitlement": lambda contract: contract.entitled.used,
    "fulfil": lambda contract: contract.entitled.open,
    "make_request": lambda contract: contract.terms.requests and contract.status in RUNNING,
    "advance_request": lambda contract: contract.requests,
    "refuse_request": lambda contract: contract.requests,
    "request_copy": lambda contract: contract.terms.copies,
    "name_contacts": lambda contract: contract.terms.support and contract.terms.support.callers_rule,
    "reopen_case": lambda contract: contract.closed_cases and contract.status in RUNNING,
    "answer_repair_quote": lambda contract: any(quote.accepted is None for quote in contract.repair_quotes),
    "open_case": lambda contract: contract.terms.support and contract.status is Status.ACTIVE,
    "notice_breach": lambda contract: contract.terms.breach and contract.status in RUNNING,
    "cure_breach": lambda contract: contract.breaches,
    "report_census": lambda contract: contract.fleet and contract.status in RUNNING,
    "settle_adjustment": lambda contract: contract.fleet and contract.fleet.adjustment,
}
"""What may be asked of a contract whose order is complete, where there is something to ask."""


def _while_serviced(contract: Contract) -> Iterator[Permission]:
    return (_now(command) for command, applies in _WHILE_SERVICED.items() if applies(contract))


def _while_ordered(contract: Contract) -> Iterator[Permission]:
    terms, running = contract.terms, contract.status in RUNNING
    yield from _while_serviced(contract)
    if contract.parked:
        yield _now("unpark")
    if terms.change:
        yield _now("change")
    if terms.change and "lines" in terms.change.what:
        yield _now("add_line")
    if contract.ending is None:
        yield from _leaving(contract)
    corrected = any(line.planned or line.cover_before is not None for line in contract.lines)
    if contract.ending or contract.renewal.answer or corrected:
        yield _now("undo")
    if terms.suspension and running:
        yield _now("resume" if contract.status is Status.SUSPENDED else "suspend")
    if contract.term and running and contract.ending is None and not contract.renewal.opened:
        yield Permission(command="offer_renewal", since=may_be_asked_from(contract, contract.term))
    yield from _answering(contract)


def _leaving(contract: Contract) -> Iterator[Permission]:
    """Notice from both sides."""
    yield _now("cancel")
    if contract.terms.cancellation.provider:
        yield _now("terminate")


def _answering(contract: Contract) -> Iterator[Permission]:
    """The answer to the renewal quote, from the offer until its last possible day."""
    term, rules = contract.term, contract.terms.renewal
    if term is None or rules is None or contract.ending or contract.renewal.answer or contract.renewal.committed:
        return
    since, until = None if contract.renewal.quoted_on else opens_on(rules, term), last_answer_day(contract, term)
    yield Permission(command="renew", since=since, until=until)
    yield Permission(command="decline_renewal", since=since, until=until, ends_on=term.last)
