"""What a contract shows of itself: the row of the read model, and what its commands answer with."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pydantic import AwareDatetime

from domain.fleet.state import FleetState
from domain.state import Contract, Customer, Ending, Line, OrderedBy, Status, Term
from domain.tasks import Task
from domain.values import Carried


class Step(Carried):
    """The next thing that a contract will do by itself, when, and by which rule."""

    at: AwareDatetime
    on: date
    what: str
    rule: str


class Permission(Carried):
    """A command that may be given now, or, with ``since`` or ``when``, later."""

    command: str
    since: date | None = None
    when: str | None = None


class View(Carried):
    """A contract at one version. Money is net, in ``currency``; dates are the contract's own.

    ``renewal_version`` is the version of the terms under which the next term is quoted, once it is.
    """

    number: str
    version: int
    programme: str
    terms_version: int
    rules: int = 1
    status: Status
    customer: Customer
    reseller: str | None = None
    currency: str
    zone: str
    revision: int
    valid_until: date
    period: int
    lines: tuple[Line, ...]
    active_since: date | None = None
    term: Term | None = None
    ending: Ending | None = None
    ended_on: date | None = None
    renewal_answer: str | None = None
    renewal_version: int | None = None
    next: Step | None = None
    allowed: tuple[Permission, ...] = ()
    attention: tuple[str, ...] = ()
    clock: str | None = None
    now: AwareDatetime
    closed: bool = False
    fleet: FleetState | None = None
    ordered_at: AwareDatetime | None = None
    ordered_by: OrderedBy | None = None


class Entry(Carried):
    """One line of the audit trail. ``seq`` counts from 1 without a gap; ``amount`` is gross, in ``currency``.

    ``kind`` is the event's, or begins with ``operations.`` for what the interpreter adds (a wire that broke or mended).
    """

    seq: int
    at: AwareDatetime
    on: date
    kind: str
    rule: str
    by: str
    command: str | None = None
    summary: str
    amount: Decimal | None = None
    currency: str | None = None
    data: dict[str, object]


class Record(Carried):
    """What the read model and the audit must learn: the entries since the last record, and the contract after them.

    ``tasks`` is what waits for a person, where that is not what the last record said.
    """

    view: View
    entries: tuple[Entry, ...]
    tasks: tuple[Task, ...] | None = None


def attention(contract: Contract) -> tuple[str, ...]:
    """What of a contract a person must look at: payments declined, promises to the customer that are late."""
    unpaid = (f"payment declined: {key}" for key in contract.declined)
    overdue = (f"overdue: {item.id} ({item.item})" for item in contract.entitled.open if item.overdue)
    going = contract.onboarding
    late = (f"onboarding late since {going.finish_by}",) if going and going.late and not going.done_on else ()
    return (*unpaid, *overdue, *late)


def view(
    contract: Contract,
    *,
    now: datetime,
    step: Step | None,
    allowed: tuple[Permission, ...],
    attention: tuple[str, ...] = (),
    clock: str | None = None,
    version: int | None = None,
    closed: bool = False,
) -> View:
    """The contract as its read model shows it."""
    return View(
        number=contract.number,
        version=contract.version if version is None else version,
        programme=contract.terms.code,
        terms_version=contract.terms.version,
        rules=contract.rules,
        status=contract.status,
        customer=contract.customer,
        reseller=contract.reseller,
        currency=contract.terms.currency,
        zone=contract.zone,
        revision=contract.revision,
        valid_until=contract.valid_until,
        period=contract.period,
        lines=contract.lines,
        active_since=contract.active_since,
        term=contract.term,
        ending=contract.ending,
        ended_on=contract.ended_on,
        renewal_answer=contract.renewal.answer,
        renewal_version=(contract.renewal.terms or contract.terms).version if contract.renewal.quoted_on else None,
        next=step,
        allowed=allowed,
        attention=attention,
        clock=clock,
        now=now,
        closed=closed,
        fleet=contract.fleet,
        ordered_at=contract.order.placed_at if contract.order else None,
        ordered_by=contract.order.form if contract.order else None,
    )
