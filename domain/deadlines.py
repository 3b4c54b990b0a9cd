"""Days and instants to come that somebody should know of: what must be answered, what ends, what falls due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from pydantic import AwareDatetime

from domain.calendar import DAY, local_date
from domain.decider import next_due
from domain.entitlements.events import ObligationDue
from domain.envelope import Event
from domain.events import Activated, ChangeApplied, Ended, LinesEnded, ReminderSent, RenewalOpened, Renewed
from domain.fleet.events import AuditDue
from domain.notice import last_day_for_no
from domain.simulator import Life, World
from domain.state import RUNNING, Contract
from domain.supplies.events import CoverLost
from domain.tasks import Role, Task, tasks
from domain.values import Carried, Name

_STEPS = 2000
"""As many happenings are looked at; a contract that does more until the horizon shows the first."""


class Deadline(Carried):
    """One of them: a local date, whole, or with ``at`` an instant of it. ``role`` says whose it is.

    ``occurrence`` is what it is the same by when it is told again: the term, the obligation, the line.
    """

    contract: str
    kind: Name
    occurrence: str
    on: date
    at: AwareDatetime | None = None
    role: Role
    rule: str
    customer: str
    detail: str = ""


def deadlines(contract: Contract, world: World, until: datetime) -> tuple[Deadline, ...]:
    """A contract's deadlines to come, until a horizon, in the order of their days, if nobody says anything."""
    found = {(item.kind, item.occurrence): item for item in _all(contract, world, until)}
    today, last = contract.date_of(contract.at), local_date(until, contract.zone)
    kept = (item for item in found.values() if today <= item.on <= last)
    return tuple(sorted(kept, key=lambda item: (item.on, item.kind, item.occurrence)))


def _all(contract: Contract, world: World, until: datetime) -> Iterator[Deadline]:
    yield from (_of_task(contract, task) for task in tasks(contract) if task.by)
    yield from _of_term(contract)
    life = Life(contract, world, narrated=False)
    for _ in range(_STEPS):
        due = next_due(life.contract)
        if due is None or due.at >= until:
            return
        seen, term = len(life.events), life.contract.term
        life.come(due)
        for event in life.events[seen:]:
            yield from _of_event(life.contract, event)
        if life.contract.term != term:
            yield from _of_term(life.contract)


def _of_task(contract: Contract, task: Task) -> Deadline:
    """A person's task: a day that is meant whole ends at midnight, and is shown as that day."""
    by = task.by or contract.at
    on = contract.date_of(by)
    whole = contract.date_of(by - timedelta(seconds=1)) != on
    return _deadline(
        contract,
        task.kind,
        task.id.removeprefix(f"{contract.number}.{task.kind}."),
        on - DAY if whole else on,
        task.rule,
        role=task.role,
        at=None if whole else by,
        detail=task.what,
    )


def _of_term(contract: Contract) -> Iterator[Deadline]:
    """The end of the running term, and the last possible day for a no where it goes on by itself."""
    term, rules = contract.term, contract.terms.renewal
    if term is None or rules is None or contract.status not in RUNNING:
        return
    yield _deadline(contract, "term_ends", str(term.number), term.last, rules.rule)
    open_question = not (contract.renewal.answer or contract.renewal.committed or contract.ending)
    if rules.mode == "tacit" and open_question:
        last = last_day_for_no(contract, term)
        yield _deadline(contract, "last_day_to_cancel", str(term.number), last, rules.notice_rule or rules.rule)


def _of_event(contract: Contract, event: Event) -> Iterator[Deadline]:
    on, rule, term = contract.date_of(event.at), event.rule, contract.term
    match event:
        case RenewalOpened():
            yield _deadline(contract, "renewal_offer", str(event.term), on, rule, role="desk")
        case ReminderSent():
            occurrence = f"{term.number if term else 0}.{event.days}"
            yield _deadline(contract, "reminder", occurrence, on, rule, role="desk")
        case Renewed():
            yield _deadline(contract, "term_begins", str(event.term.number), event.term.first, rule)
        case Ended():
            yield _deadline(contract, "ends", "contract", event.last_day, rule, detail=event.reason)
        case LinesEnded() | CoverLost():
            lines = event.lines if isinstance(event, LinesEnded) else (event.line,)
            serials = ", ".join(line.serial for line in contract.lines if line.id in lines)
            yield _deadline(contract, "line_ends", ".".join(lines), event.last_day, rule, detail=serials)
        case Activated():
            started = ".".join(start.line for start in event.starts)
            yield _deadline(contract, "service_starts", started, on, rule)
        case ChangeApplied():
            yield _deadline(contract, "change", f"{event.line}.{on}", on, rule)
        case ObligationDue():
            detail = event.item.replace("_", " ")
            yield _deadline(contract, "obligation", event.obligation, event.do_by, rule, role="desk", detail=detail)
        case AuditDue():
            yield _deadline(contract, "audit", str(on), on, rule, role="desk")
        case _:
            return


def _deadline(
    contract: Contract,
    kind: str,
    occurrence: str,
    on: date,
    rule: str,
    *,
    role: Role = "customer",
    at: datetime | None = None,
    detail: str = "",
) -> Deadline:
    return Deadline(
        contract=contract.number,
        kind=kind,
        occurrence=occurrence,
        on=on,
        at=at,
        role=role,
        rule=rule,
        customer=contract.customer.name,
        detail=detail,
    )
