"""Taking a contract over in mid-life: what is past is not done again, everything that is to come happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.bill import nothing
from domain.books import Period, earned
from domain.calendar import DAY, instant, local_date, months_after
from domain.casework import expected
from domain.casework.opening import open_case
from domain.due import Due
from domain.effects import BringForward, BroughtCharge, Effect
from domain.entitlements.rights import items
from domain.entitlements.state import Entitled, Use
from domain.envelope import Event
from domain.events import RenewalOpened
from domain.fleet.state import FleetState
from domain.notice import opens_on
from domain.onboarding.stage import onboarding_case
from domain.onboarding.state import Onboarding
from domain.permissions import LIFE_RULE
from domain.refusal import Refusal
from domain.state import Contract, Line, Order, Status
from domain.supplies.stage import late_case, window
from domain.supplies.state import Kept, Supplies
from domain.support import stages_of
from domain.takeover.commands import TakeOver
from domain.takeover.events import Opening, TakenOver
from domain.takeover.lines import billed, line_of, started
from domain.takeover.standing import Standing, StandingLine, StandingOrder
from domain.takeover.term import ending, renewal, running_term
from domain.tax import check_vat_number, levied
from domain.terms import Terms
from domain.values import Span

_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
_OPENING = tuple(Opening.model_fields)


def check_takeover(command: TakeOver, now: datetime) -> TakenOver:
    """The contract as it stands, as the first event of its life here. Refuses what cannot be, with the remedy."""
    standing, terms = command.standing, command.terms
    _check_day(terms, standing.as_of, local_date(now, terms.time_zone))
    _check_customer(terms, standing)
    _check_lines(terms, standing)
    contract = _stands(command)
    return TakenOver(
        at=contract.at,
        rule=LIFE_RULE,
        by=command.by,
        number=command.number,
        terms=terms,
        source=standing.source,
        reference=standing.reference,
        as_of=standing.as_of,
        opening=Opening(**{name: getattr(contract, name) for name in _OPENING}),
    )


def begin(event: TakenOver) -> Contract:
    """The contract as it stands on the first day of its life here."""
    stands = {name: getattr(event.opening, name) for name in _OPENING}
    return Contract(number=event.number, terms=event.terms, at=event.at, version=1, rules=event.rules, **stands)


def check_past(contract: Contract, dues: Iterable[Callable[[Contract], Iterator[Due]]]) -> None:
    """Refuse a contract that left something undone: it would all happen here at once, years late perhaps."""
    as_of = contract.at
    unclamped = contract.model_copy(update={"at": _LONG_AGO})
    for stage in dues:
        for due in stage(unclamped):
            if due.at < as_of and not any(isinstance(event, RenewalOpened) for event in due.events):
                raise Refusal(
                    due.rule,
                    f"something was due on {due.on} and is not done: {due.what}",
                    allowed_when=f"what the contract says of it is put right, or it is taken over as of {due.on}",
                    field="as_of",
                )


def _check_day(terms: Terms, as_of: date, today: date) -> None:
    if as_of > today + DAY:
        raise Refusal(
            LIFE_RULE,
            f"{as_of} lies in the future",
            allowed_when=f"it is taken over as of {today + DAY} at the latest, on that day",
            field="as_of",
        )


def _check_customer(terms: Terms, standing: Standing) -> None:
    check_vat_number(standing.customer, terms.tax.rule)
    if terms.tax.source == "terms" and levied(terms, standing.customer, standing.as_of) is None:
        raise Refusal(
            terms.tax.rule,
            f"the terms hold no tax rate for {standing.customer.country}; add one under `tax.rates`",
            field="customer.country",
        )


def _check_lines(terms: Terms, standing: Standing) -> None:
    going = [line for line in standing.lines if not line.over and line.ends_on is None]
    for name, values in (
        ("id", [line.id for line in standing.lines]),
        ("serial", [f"{line.serial} {line.device_class or ''} {line.service}" for line in going]),
    ):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise Refusal(
                terms.quote.rule,
                f"{name} {twice[0].split(' ')[0]} comes twice on one contract",
                allowed_when=f"each line has its own {name}",
                field=f"lines.{name}",
            )
    if terms.fleet is not None and standing.fleet is None:
        raise Refusal(
            terms.fleet.rule,
            "the contract is for a fleet, and says nothing of it",
            allowed_when="`fleet` names the fleet, and what was agreed on and counted last",
            field="fleet",
        )


def _stands(command: TakeOver) -> Contract:
    """The contract, built up in the order in which its parts need each other."""
    standing, terms = command.standing, command.terms
    contract = _named(command)
    given = {line.id: line for line in standing.lines}
    contract = contract.model_copy(update={"order": _order(contract, standing.order)})
    active = [line.active_since for line in standing.lines if line.active_since]
    contract = contract.model_copy(update={"active_since": standing.active_since or min(active, default=None)})
    contract = contract.model_copy(update=_of_term(contract, standing))
    lines = tuple(started(contract, line, given[line.id], standing.as_of) for line in contract.lines)
    contract = contract.model_copy(update={"lines": lines})
    contract = contract.model_copy(update=_paused(contract, standing) | {"ending": ending(contract, standing)})
    contract = contract.model_copy(update={"renewal": renewal(contract, standing, command.offered)})
    contract = contract.model_copy(
        update={
            "lines": tuple(billed(contract, line, given[line.id]) for line in contract.lines),
            "leaving": tuple(line.id for line in contract.lines if _leaves(contract, line, given[line.id])),
        }
    )
    contract = contract.model_copy(update={"supplies": _supplies(contract, standing)})
    fleet = _fleet(contract, standing) if terms.fleet else None
    return contract.model_copy(update={"entitled": _entitled(contract, standing), "fleet": fleet})


def _named(command: TakeOver) -> Contract:
    """Who and what the contract is about."""
    standing, terms = command.standing, command.terms
    return Contract(
        number=command.number,
        terms=terms,
        at=instant(standing.as_of, terms.time_zone),
        version=1,
        customer=standing.customer,
        valid_until=standing.order.placed_on or standing.as_of,
        reseller=standing.reseller,
        start_on=standing.start_on,
        term_months=standing.term_months,
        reenrols=standing.reenrols,
        period=standing.period,
        lines=tuple(line_of(terms, standing, line) for line in standing.lines),
        onboarding=_onboarding(terms, standing),
        contacts=standing.contacts,
        access_code=standing.access_code,
        breaches=standing.breaches,
        requests=standing.requests,
        request_count=max(standing.request_count, len(standing.requests)),
        cases=standing.cases,
        case_count=max(standing.case_count, len(standing.cases)),
    )


def _order(contract: Contract, given: StandingOrder) -> Order:
    """The order as it was placed: nothing of it is billed any more."""
    placed = instant(given.placed_on, contract.zone) if given.placed_on else contract.at
    return Order(
        placed_at=placed,
        pay_by=None,
        paid_at=placed,
        method=given.method,
        reference=given.reference,
        discount=given.discount,
        form=given.form,
        invoice_on=given.invoice_on,
        bill=nothing(contract, contract.key("invoice", "order"), contract.date_of(placed)),
    )


def _onboarding(terms: Terms, standing: Standing) -> Onboarding | None:
    by, rules = standing.onboarding_by, terms.onboarding
    if by is None or rules is None:
        return None
    warned = by - timedelta(days=rules.warn_days) < standing.as_of
    return Onboarding(finish_by=by, warned=warned, late=by + DAY < standing.as_of)


def _of_term(contract: Contract, standing: Standing) -> dict[str, Any]:
    return {
        "term": running_term(contract, standing),
        "extended": standing.extended,
        "commitment": standing.commitment,
        "rates": standing.rates,
        "rates_on": standing.rates_on,
    }


def _paused(contract: Contract, standing: Standing) -> dict[str, Any]:
    """Where the contract stands: not started, in service, or paused since a day."""
    since, rules = standing.suspended_since, contract.terms.suspension
    running = any(line.active_since for line in contract.lines)
    if since is None:
        return {"status": Status.ACTIVE if running else Status.SCHEDULED, "pauses": standing.pauses}
    if not running or (rules is None and contract.terms.dunning is None) or since > standing.as_of:
        why = "the programme knows no suspension" if running else "service has not started"
        why = f"{since} lies after {standing.as_of}" if since > standing.as_of else why
        raise Refusal(
            rules.rule if rules else contract.terms.start.rule,
            f"service cannot be suspended since {since}: {why}",
            field="suspended_since",
        )
    return {"status": Status.SUSPENDED, "pauses": (*standing.pauses, Span(first=since))}


def _leaves(contract: Contract, line: Line, given: StandingLine) -> bool:
    """Whether a line ends by itself, and not with the contract."""
    if given.leaves is not None:
        return given.leaves
    if line.ends_on is None or line.over:
        return False
    return contract.ending is None or line.ends_on < contract.ending.last_day


def _supplies(contract: Contract, standing: Standing) -> Supplies:
    """What is known of supplies; a warning whose day is past was given, an order that is late is known to be."""
    rules = contract.terms.supplies
    if rules is None:
        return Supplies()
    late = contract.at - timedelta(hours=rules.shipping.within_hours)
    orders = tuple(
        order.model_copy(update={"status": "late"}) if order.status == "ordered" and order.placed_at < late else order
        for order in standing.orders
    )
    kept = tuple(
        Kept(line=line.id, counted=line.supplies_counted, last_order=line.supplies_last_order)
        for line in standing.lines
        if line.supplies_counted or line.supplies_last_order
    )
    known = contract.model_copy(update={"supplies": Supplies(orders=orders, kept=kept, cartridges=standing.cartridges)})
    warned = tuple(_warned(known, item, rules.continuity.warn_days, standing.as_of) for item in kept)
    return known.supplies.model_copy(update={"kept": warned})


def _warned(contract: Contract, kept: Kept, warn_days: int, as_of: date) -> Kept:
    line = contract.line(kept.line)
    last = window(contract, line) if line else None
    return kept.model_copy(update={"warned": last is not None and last - timedelta(days=warn_days) < as_of})


def _entitled(contract: Contract, standing: Standing) -> Entitled:
    """What was used and is open; what fell due before is not made up for."""
    used = tuple(
        Use(id=use.id or f"{contract.number}-U{index}", item=use.item, on=use.on, line=use.line)
        for index, use in enumerate(standing.used, start=1)
    )
    open_ones = tuple(
        item.model_copy(update={"overdue": item.overdue or item.do_by + DAY < standing.as_of})
        for item in standing.obligations
    )
    rules, before = contract.terms.entitlements, standing.as_of - DAY
    last_due: dict[str, date] = {}
    for name, lines in items(contract, rules).items() if rules else ():
        if rules and rules.items[name].every_months:
            own = rules.items[name].of == "line"
            last_due |= {f"{name}.{line.id}": before for line in lines} if own else {name: before}
    return Entitled(open=open_ones, last_due=last_due, used=used, use_count=max(standing.use_count, len(standing.used)))


def _fleet(contract: Contract, standing: Standing) -> FleetState | None:
    """The fleet; audits whose day is past were made."""
    fleet, rules, term = standing.fleet, contract.terms.fleet, contract.term
    if fleet is None or rules is None:
        return fleet
    audited = fleet.audited_months
    if contract.active_since and (every := rules.audit_months):
        while months_after(contract.active_since, audited + every) < standing.as_of:
            audited += every
    renewing = contract.terms.renewal
    offered = term and renewing and contract.renewal.opened and opens_on(renewing, term) < standing.as_of
    last = term.number if term and offered else fleet.audited_term
    return fleet.model_copy(update={"audited_months": audited, "audited_term": last})


def _tell(contract: Contract, event: TakenOver) -> Iterator[Effect]:
    """Nobody is written to: the books learn what is paid for, and what people still have to do is put on the desk."""
    charges = tuple(_brought(contract, event))
    if charges:
        yield BringForward(key=contract.key("brought", "charges"), at=event.at, rule=event.rule, charges=charges)
    yield from _open_work(contract, event)


def _brought(contract: Contract, event: TakenOver) -> Iterator[BroughtCharge]:
    """The last period that was charged for each line, and what of it is for days to come."""
    currency = contract.terms.currency
    rule = contract.terms.billing.rule if contract.terms.billing else event.rule
    for line in contract.lines:
        billed = line.billed
        if billed is None or line.over or not billed.charged:
            continue
        whole = Period(
            charge=billed.key,
            first=billed.first,
            last=billed.last,
            charged=billed.charged,
            total=billed.charged,
            currency=currency,
        )
        yield BroughtCharge(
            key=billed.key,
            line=line.id,
            serial=line.serial,
            text=line.text,
            rule=rule,
            first=max(billed.first, min(event.as_of, billed.last)),
            last=billed.last,
            net=billed.charged,
            deferred=billed.charged - earned(whole, event.as_of - DAY),
        )


def _open_work(contract: Contract, event: TakenOver) -> Iterator[Effect]:
    """What people still have to do, as cases of the desk."""
    serials = {line.id: line.serial for line in contract.lines}

    def case(name: str, subject: str, stage: str, expects: str, serial: str | None = None) -> Effect:
        told = f"{subject} (taken over from {event.source})"
        return open_case(contract, event, name, told, stage=stage, expects=expects, serial=serial)

    for due in contract.entitled.open:
        subject, stage = (
            f"{due.item.replace('_', ' ')} {due.number}, by {due.do_by}",
            "overdue" if due.overdue else "due",
        )
        yield case(due.id, subject, stage, expected.OBLIGATION, serials.get(due.line or ""))
    for asked in contract.requests:
        terms = contract.terms.requests.get(asked.what)
        steps = expected.request(terms.names() if terms else ())
        yield case(asked.id, asked.what.replace("_", " "), asked.step or "requested", steps, serials.get(asked.line))
    for going in contract.cases:
        expects = expected.call(stages_of(contract, going.level), covered=going.covered)
        yield case(going.id, f"Call for help with {going.serial}", going.stage, expects, going.serial)
    if contract.fleet and contract.fleet.adjustment:
        adjustment = contract.fleet.adjustment.id
        yield case(adjustment, "Settle a difference in the fleet", "fleet_adjustment", expected.ADJUSTMENT)
    for order in contract.supplies.orders:
        if order.status == "late":
            subject = f"Order {order.id} has not shipped in time"
            yield case(late_case(contract, order.id), subject, "shipping", expected.LATE_ORDER)
    taken_on = contract.onboarding
    if taken_on and taken_on.warned:
        subject = f"Onboarding of {contract.customer.name} is not done; last day {taken_on.finish_by}"
        stage = "overdue" if taken_on.late else "due"
        yield case(onboarding_case(contract), subject, stage, expected.ONBOARDING)


EFFECTS: dict[type[Event], Callable[..., Any]] = {TakenOver: _tell}
