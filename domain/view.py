"""What a contract shows of itself: the row of the read model, and what its commands answer with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from pydantic import AwareDatetime

from domain.contract_stage import Stage, stage
from domain.delivery.state import Undelivered
from domain.entitlements.state import Entitled
from domain.fleet.state import FleetState
from domain.state import ENDED, Case, Contact, Contract, Customer, Ending, Line, OrderedBy, Status, Term
from domain.tasks import Task
from domain.values import Carried
from domain.windows import NoticeWindow, cancellable_until, renewable_until, windows


class Step(Carried):
    """The next thing that a contract will do by itself, when, and by which rule."""

    at: AwareDatetime
    on: date
    what: str
    rule: str


class Permission(Carried):
    """A command that may be given now, or, with ``since`` or ``when``, later.

    ``until`` is the last possible day, where there is one, and ``ends_on`` when service ends if it is given until then.
    """

    command: str
    since: date | None = None
    until: date | None = None
    ends_on: date | None = None
    when: str | None = None


class View(Carried):
    """A contract at one version. Money is net, in ``currency``; dates are the contract's own.

    ``stage`` says what the contract waits for, where its ``status`` does not.
    ``renewal_version`` is the version of the terms under which the next term is quoted, once it is. ``notice`` says
    until when each side may give notice, and for which end; ``cancellable_until`` is the last day for a no to a next
    term that comes by itself, ``renewable_until`` the last day for a yes to one that does not.
    """

    number: str
    version: int
    programme: str
    terms_version: int
    rules: int = 1
    status: Status
    stage: Stage | None = None
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
    notice: tuple[NoticeWindow, ...] = ()
    cancellable_until: date | None = None
    renewable_until: date | None = None
    next: Step | None = None
    allowed: tuple[Permission, ...] = ()
    attention: tuple[str, ...] = ()
    clock: str | None = None
    now: AwareDatetime
    closed: bool = False
    fleet: FleetState | None = None
    ordered_at: AwareDatetime | None = None
    ordered_by: OrderedBy | None = None
    contacts: tuple[Contact, ...] = ()
    entitled: Entitled = Entitled()

    def as_of(self, today: date) -> View:
        """The view on a later day, when nothing has happened since: windows that have closed are gone."""
        notice = tuple(window for window in self.notice if window.last is None or window.last >= today)
        return self.model_copy(
            update={
                "notice": notice,
                "cancellable_until": cancellable_until(notice, today),
                "allowed": dated(self.allowed, notice, today),
            }
        )


def dated(found: Iterable[Permission], notice: Iterable[NoticeWindow], today: date) -> tuple[Permission, ...]:
    """The permissions to give notice with their days: from when, until which last possible day, for which end."""
    first: dict[str, NoticeWindow] = {}
    for window in notice:
        first.setdefault(window.by, window)
    return tuple(_with_days(item, first[item.command], today) if _has_days(item, first) else item for item in found)


def _has_days(item: Permission, first: dict[str, NoticeWindow]) -> bool:
    return item.command in {"cancel", "terminate"} and item.command in first


def _with_days(item: Permission, window: NoticeWindow, today: date) -> Permission:
    since = window.first if window.first > today else None
    return item.model_copy(update={"since": since, "until": window.last, "ends_on": window.ends_on})


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


NAMES_DEVICES = frozenset({"quoted", "quote_revised", "taken_over", "line_added", "device_replaced"})
"""Kinds of entry after which a contract may have devices that it had not before."""


class Record(Carried):
    """What the read model and the audit must learn: the entries since the last record, and the contract after them.

    ``view`` is left out where another record follows at once; ``contract`` is whose it is. ``tasks`` is what waits for
    a person, where that is not what the last record said.
    """

    contract: str | None = None
    view: View | None = None
    entries: tuple[Entry, ...]
    tasks: tuple[Task, ...] | None = None

    @property
    def number(self) -> str:
        """Whose record it is."""
        return self.contract or (self.view.number if self.view else "")


def attention(contract: Contract) -> tuple[str, ...]:
    """What of a contract a person must look at: payments declined, promises to the customer that are late."""
    parked = (f"parked: {contract.parked}",) if contract.parked else ()
    unpaid = (f"payment declined: {key}" for key in contract.declined)
    overdue = (f"overdue: {item.id} ({item.item})" for item in contract.entitled.open if item.overdue)
    going = contract.onboarding
    late = (f"onboarding late since {going.finish_by}",) if going and going.late and not going.done_on else ()
    missed = (_not_delivered(item) for item in contract.delivery.open) if contract.status not in ENDED else ()
    contested = (f"case {item.case}: {item.reason}" for item in contract.contested)
    return (*parked, *unpaid, *overdue, *late, *missed, *map(_pressing, filter(_presses, contract.cases)), *contested)


def _not_delivered(item: Undelivered) -> str:
    names = ", ".join(sorted({missed.message for missed in item.missed}))
    late = " (overdue)" if item.overdue else ""
    return f"not delivered to {item.recipient or 'the customer'}: {names}; decide on {item.id}{late}"


def _presses(case: Case) -> bool:
    return case.escalated and case.answered_at is None


def _pressing(case: Case) -> str:
    was = "was not answered by" if case.late else "must be answered by"
    return f"case {case.id} {was} {case.answer_by:%Y-%m-%d %H:%M} UTC"


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
    today = contract.date_of(now)
    notice = windows(contract, today)
    return View(
        number=contract.number,
        version=contract.version if version is None else version,
        programme=contract.terms.code,
        terms_version=contract.terms.version,
        rules=contract.rules,
        status=contract.status,
        stage=stage(contract),
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
        notice=notice,
        cancellable_until=cancellable_until(notice, today),
        renewable_until=renewable_until(contract),
        next=step,
        allowed=dated(allowed, notice, today),
        attention=attention,
        clock=clock,
        now=now,
        closed=closed,
        fleet=contract.fleet,
        ordered_at=contract.order.placed_at if contract.order else None,
        ordered_by=contract.order.form if contract.order else None,
        contacts=contract.contacts,
        entitled=contract.entitled,
    )
