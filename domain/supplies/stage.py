"""How supplies start a line's cover, keep it, and lose it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Literal

from domain.activation import started
from domain.bill import Bill, Charge, bill
from domain.billing import issue
from domain.calendar import DAY, months_after
from domain.casework import expected
from domain.casework.opening import open_case
from domain.due import Due, Rank, moment
from domain.effects import CloseCase, Effect, IssueCredit
from domain.envelope import Event
from domain.events import Ended
from domain.message import message
from domain.money import rounded
from domain.refusal import Refusal
from domain.replacement.history import successor
from domain.state import RUNNING, Contract, Line, Start, Status
from domain.supplies.commands import OrderSupply, ReportForeignSupply, ReportLevel, ReportShipment
from domain.supplies.events import ContinuityWarned, CoverLost, SupplyAlert, SupplyLate, SupplyMoved, SupplyOrdered
from domain.supplies.state import KEPT_CARTRIDGES, KEPT_ORDERS, Cartridge, Item, Supplies, SupplyOrder, Told
from domain.supplies.terms import SuppliesTerms

_OPEN = ("ordered", "late")


def _terms(contract: Contract) -> SuppliesTerms:
    if contract.terms.supplies is None:
        raise Refusal(contract.terms.quote.rule, "the programme takes no orders of supplies")
    return contract.terms.supplies


def _line(contract: Contract, serial: str) -> Line:
    """The line of a device, the latest where it has had several. Refuses a device that is not on the contract."""
    lines = [line for line in contract.lines if line.serial == serial]
    if not lines:
        known = ", ".join(line.serial for line in contract.lines[:20])
        rule, gone = _terms(contract).rule, successor(contract.lines, serial)
        where = f"was replaced by {gone.replaced_by} on {gone.until}" if gone else "is not on this contract"
        raise Refusal(rule, f"{serial} {where}", allowed_when=f"it is one of {known}", field="serial")
    return lines[-1]


def check_order(contract: Contract, command: OrderSupply, now: datetime) -> tuple[Event, ...]:
    """An order of supplies; the one that makes enough of them starts the device's cover."""
    terms, line = _terms(contract), _line(contract, command.serial)
    if contract.supplies.order(command.order):
        raise Refusal(terms.rule, f"order {command.order} is placed already", field="order")
    today = contract.date_of(now)
    charges = _charges(contract, command, line)
    counted = sum(item.quantity for item in command.items if item.eligible)
    ordered = SupplyOrdered(
        at=now,
        rule=terms.rule,
        by=command.by,
        order=command.order,
        line=line.id,
        on=today,
        items=command.items,
        counted=counted,
        ship_by=now + timedelta(hours=terms.shipping.within_hours),
        method=command.method,
        bill=bill(contract, contract.key("invoice", f"supply.{command.order}"), today, charges),
    )
    if not _starts(contract, line, counted, today):
        return (ordered,)
    start = Start(line=line.id, starts_on=today, billed_from=today)
    return (ordered, started(contract, now, (start,), rule=terms.rule))


def _charges(contract: Contract, command: OrderSupply, line: Line) -> Iterator[Charge]:
    for index, item in enumerate(command.items):
        yield Charge(
            key=contract.key("supply", f"{command.order}.{index + 1}"),
            what="supply",
            text=f"{item.text} ({item.quantity})",
            rule=_terms(contract).rule,
            net=rounded(item.price * item.quantity, contract.terms.currency),
            line=line.id,
            serial=line.serial,
        )


def _starts(contract: Contract, line: Line, counted: int, today: date) -> bool:
    """Whether this order makes enough supplies for the cover of a device that may have it."""
    if line.active_since or line.over or not line.serviced:
        return False
    limit = _limit(contract, line)
    enough = contract.supplies.of(line.id).counted + counted >= _terms(contract).orders_to_start
    return enough and (limit is None or today <= limit[0])


def check_shipment(contract: Contract, command: ReportShipment, now: datetime) -> tuple[Event, ...]:
    """How an order stands; one that is cancelled is credited. What is known already changes nothing."""
    terms = _terms(contract).shipping
    order = contract.supplies.order(command.order)
    if order is None:
        raise Refusal(terms.rule, f"there is no open order {command.order}", field="order")
    if order.status == command.status:
        return ()
    if order.status not in {*_OPEN, "shipped"} or (order.status == "shipped" and command.status != "delivered"):
        raise Refusal(terms.rule, f"order {order.id} is {order.status}; it cannot be {command.status}", field="status")
    credit = _credit(contract, order, now) if command.status == "cancelled" else None
    return (
        SupplyMoved(
            at=now,
            rule=terms.rule,
            by=command.by,
            order=order.id,
            status=command.status,
            reference=command.reference,
            credit=credit,
        ),
    )


def _credit(contract: Contract, order: SupplyOrder, now: datetime) -> Bill:
    again = OrderSupply(id="credit", order=order.id, serial=_serial(contract, order.line), items=order.items)
    line = contract.line(order.line) or contract.lines[0]
    charges = (
        charge.model_copy(update={"key": f"{charge.key}/cancelled", "credits": charge.key})
        for charge in _charges(contract, again, line)
    )
    return bill(contract, contract.key("credit", f"supply.{order.id}"), contract.date_of(now), charges)


def check_level(contract: Contract, command: ReportLevel, now: datetime) -> tuple[Event, ...]:
    """An alert when a cartridge is first found low, and when it is first found near empty; never again for it."""
    terms, line = _terms(contract).levels, _line(contract, command.serial)
    limits = terms.by_model.get(line.model, terms.thresholds)
    told = contract.supplies.told(line.id, command.supply, command.cartridge)
    level: Told
    if command.percent <= limits.near_empty and "near_empty" not in told:
        level = "near_empty"
    elif limits.near_empty < command.percent <= limits.low and not told:
        level = "low"
    else:
        return ()
    return (
        SupplyAlert(
            at=now,
            rule=terms.rule,
            by=command.by,
            line=line.id,
            supply=command.supply,
            cartridge=command.cartridge,
            level=level,
            percent=command.percent,
        ),
    )


def check_foreign(contract: Contract, command: ReportForeignSupply, now: datetime) -> tuple[Event, ...]:
    """The end of a device's cover at once, also of the cover that had not started yet."""
    terms, line = _terms(contract), _line(contract, command.serial)
    if line.over or not line.serviced:
        return ()
    return _lost(
        contract,
        line,
        now,
        reason="foreign",
        last_day=contract.date_of(now),
        rule=terms.foreign_rule,
        by=command.by,
    )


Loss = Literal["gap", "foreign", "age", "support_ended"]


def _lost(
    contract: Contract, line: Line, at: datetime, *, reason: Loss, last_day: date, rule: str, by: str = "tenure"
) -> tuple[Event, ...]:
    """The loss of a line's cover; with the last of them the contract runs out."""
    lost = CoverLost(at=at, rule=rule, by=by, line=line.id, last_day=last_day, reason=reason)
    others = [other for other in contract.lines if other.id != line.id and not other.over]
    if others or contract.ending:
        return (lost,)
    ended = Ended(at=at, rule=rule, by=by, status="Expired", last_day=last_day, reason="the last cover ended")
    return (lost, ended)


def window(contract: Contract, line: Line) -> date | None:
    """The last day on which an order keeps a line's cover alive; none before it has started."""
    last = contract.supplies.of(line.id).last_order
    if line.active_since is None or line.over or last is None:
        return None
    terms = _terms(contract).continuity
    return months_after(last, terms.by_model.get(line.model, terms.months)) - DAY


def _limit(contract: Contract, line: Line) -> tuple[date, Loss] | None:
    """The last day that cover can have, and what sets it; none where neither age nor support is known."""
    limits: list[tuple[date, Loss]] = []
    if line.in_use_since:
        limits.append((months_after(line.in_use_since, _terms(contract).limit.max_age_months) - DAY, "age"))
    if line.support_ends:
        limits.append((line.support_ends, "support_ended"))
    return min(limits, default=None)


def due(contract: Contract) -> Iterator[Due]:
    """Orders that have not shipped, windows that close, and the age at which cover ends."""
    if contract.terms.supplies is None or contract.status is Status.VOID:
        return
    yield from _due_shipping(contract, contract.terms.supplies)
    if contract.status not in RUNNING | {Status.SCHEDULED}:
        return
    for line in contract.lines:
        if line.active_since and not line.over:
            yield from _due_cover(contract, line, contract.terms.supplies)


def _due_shipping(contract: Contract, terms: SuppliesTerms) -> Iterator[Due]:
    for order in contract.supplies.orders:
        if order.status == "ordered":
            at = max(order.placed_at + timedelta(hours=terms.shipping.within_hours), contract.at)
            event = SupplyLate(at=at, rule=terms.shipping.rule, order=order.id)
            what = f"order {order.id} must have shipped"
            yield Due(at, Rank.NOTICE, contract.date_of(at), what, terms.shipping.rule, (event,))


def _due_cover(contract: Contract, line: Line, terms: SuppliesTerms) -> Iterator[Due]:
    limit, last = _limit(contract, line), window(contract, line)
    ends: list[tuple[date, Loss, str]] = [(limit[0], limit[1], terms.limit.rule)] if limit else []
    ends += [(last, "gap", terms.continuity.rule)] if last else []
    if not ends:
        return
    day, reason, rule = min(ends)
    at = moment(contract, day + DAY)
    events = _lost(contract, line, at, reason=reason, last_day=day, rule=rule)
    yield Due(at, Rank.END, day, f"cover of line {line.id} ends ({reason})", rule, events)
    if last and not contract.supplies.of(line.id).warned:
        on = last - timedelta(days=terms.continuity.warn_days)
        at = moment(contract, on, contract.terms.notices_at)
        warned = ContinuityWarned(at=at, rule=terms.continuity.rule, line=line.id, last_day=last)
        yield Due(at, Rank.NOTICE, on, f"warn that cover of line {line.id} ends", terms.continuity.rule, (warned,))


def _with(contract: Contract, **changes: object) -> dict[str, Any]:
    return {"supplies": contract.supplies.model_copy(update=changes)}


def _ordered(contract: Contract, event: SupplyOrdered) -> dict[str, Any]:
    supplies = contract.supplies
    order = SupplyOrder(id=event.order, line=event.line, placed_at=event.at, items=event.items)
    kept = supplies.of(event.line)
    if event.counted:
        update = {"counted": kept.counted + event.counted, "last_order": event.on, "warned": False}
        kept = kept.model_copy(update=update)
    others = tuple(item for item in supplies.kept if item.line != event.line)
    return _with(contract, orders=_few((*supplies.orders, order)), kept=(*others, kept))


def _few(orders: tuple[SupplyOrder, ...]) -> tuple[SupplyOrder, ...]:
    """All open orders, and the latest of the others."""
    done = [order.id for order in orders if order.status not in {*_OPEN, "shipped"}]
    dropped = set(done[:-KEPT_ORDERS])
    return tuple(order for order in orders if order.id not in dropped)


def _status(contract: Contract, order_id: str, **changes: object) -> dict[str, Any]:
    orders = (order.model_copy(update=changes) if order.id == order_id else order for order in contract.supplies.orders)
    return _with(contract, orders=_few(tuple(orders)))


def _moved(contract: Contract, event: SupplyMoved) -> dict[str, Any]:
    changes = _status(contract, event.order, status=event.status, reference=event.reference)
    order = contract.supplies.order(event.order)
    if order is None or event.status != "cancelled":
        return changes
    # What was cancelled does not count towards the start of a cover.
    kept = contract.supplies.of(order.line)
    less = kept.counted - sum(item.quantity for item in order.items if item.eligible)
    others = tuple(item for item in contract.supplies.kept if item.line != order.line)
    moved: Supplies = changes["supplies"]
    return {"supplies": moved.model_copy(update={"kept": (*others, kept.model_copy(update={"counted": less}))})}


def _alerted(contract: Contract, event: SupplyAlert) -> dict[str, Any]:
    told = (*contract.supplies.told(event.line, event.supply, event.cartridge), event.level)
    now = Cartridge(line=event.line, supply=event.supply, cartridge=event.cartridge, told=told)
    known = [
        item for item in contract.supplies.cartridges if item.cartridge != event.cartridge or item.line != event.line
    ]
    same = [item for item in known if (item.line, item.supply) == (event.line, event.supply)]
    gone = same[:-KEPT_CARTRIDGES]
    return _with(contract, cartridges=(*(item for item in known if item not in gone), now))


def _warned(contract: Contract, event: ContinuityWarned) -> dict[str, Any]:
    kept = contract.supplies.of(event.line)
    others = tuple(item for item in contract.supplies.kept if item.line != event.line)
    return _with(contract, kept=(*others, kept.model_copy(update={"warned": True})))


def _uncovered(contract: Contract, event: CoverLost) -> dict[str, Any]:
    changes = {"ends_on": event.last_day, "over": True, "planned": None}
    lines = (line.model_copy(update=changes) if line.id == event.line else line for line in contract.lines)
    return {"lines": tuple(lines)}


def _serial(contract: Contract, line_id: str) -> str:
    line = contract.line(line_id)
    return line.serial if line else ""


def _items(items: tuple[Item, ...]) -> list[dict[str, object]]:
    return [{"sku": item.sku, "text": item.text, "quantity": item.quantity} for item in items]


def _tell_ordered(contract: Contract, event: SupplyOrdered) -> Iterator[Effect]:
    """Data of `supply_ordered`: order, serial, supplies (sku, text, quantity), ship_by, total with tax."""
    yield message(
        contract,
        event,
        "supply_ordered",
        event.order,
        order=event.order,
        serial=_serial(contract, event.line),
        supplies=_items(event.items),
        ship_by=event.ship_by.isoformat(),
        total=str(event.bill.gross),
    )
    if event.bill.gross:
        yield issue(contract, event, event.bill).model_copy(update={"method": event.method})


def late_case(contract: Contract, order: str) -> str:
    """The id of the case of an order that did not ship in time."""
    return f"{contract.number}-S{order}"


def _tell_moved(contract: Contract, event: SupplyMoved) -> Iterator[Effect]:
    """Data of `supply_shipped`: order, reference."""
    if event.status == "shipped":
        yield message(contract, event, "supply_shipped", event.order, order=event.order, reference=event.reference)
    if event.credit and event.credit.gross:
        yield IssueCredit(
            key=event.credit.key, at=event.at, rule=event.rule, bill=event.credit, reason="the order was cancelled"
        )
    if event.status in {"shipped", "cancelled"}:
        key = contract.key("case-closed", f"supply.{event.order}")
        case = late_case(contract, event.order)
        # It is there only where the order was late.
        yield CloseCase(key=key, at=event.at, rule=event.rule, case=case, note=event.status, perhaps=True)


def _tell_late(contract: Contract, event: SupplyLate) -> Iterator[Effect]:
    order = contract.supplies.order(event.order)
    yield open_case(
        contract,
        event,
        late_case(contract, event.order),
        f"Order {event.order} has not shipped in time",
        stage="shipping",
        expects=expected.LATE_ORDER,
        serial=_serial(contract, order.line) if order else None,
        occurrence=f"supply.{event.order}",
    )


def _tell_alert(contract: Contract, event: SupplyAlert) -> Iterator[Effect]:
    """Data of `supply_low` and `supply_near_empty`: serial, supply, percent."""
    occurrence = f"{event.line}.{event.cartridge}"
    data = {"serial": _serial(contract, event.line), "supply": event.supply, "percent": event.percent}
    yield message(contract, event, f"supply_{event.level}", occurrence, **data)


def _tell_warned(contract: Contract, event: ContinuityWarned) -> Iterator[Effect]:
    """Data of `continuity_warning`: serial, last_day."""
    data = {"serial": _serial(contract, event.line), "last_day": event.last_day.isoformat()}
    yield message(contract, event, "continuity_warning", f"{event.line}.{event.last_day}", **data)


def _tell_lost(contract: Contract, event: CoverLost) -> Iterator[Effect]:
    """Data of `cover_lost`: serial, last_day, reason."""
    data = {"serial": _serial(contract, event.line), "last_day": event.last_day.isoformat(), "reason": event.reason}
    yield message(contract, event, "cover_lost", event.line, **data)


CHECKS = {
    OrderSupply: check_order,
    ReportShipment: check_shipment,
    ReportLevel: check_level,
    ReportForeignSupply: check_foreign,
}
EVOLVE = {
    SupplyOrdered: _ordered,
    SupplyMoved: _moved,
    SupplyLate: lambda contract, event: _status(contract, event.order, status="late"),
    SupplyAlert: _alerted,
    ContinuityWarned: _warned,
    CoverLost: _uncovered,
}
EFFECTS = {
    SupplyOrdered: _tell_ordered,
    SupplyMoved: _tell_moved,
    SupplyLate: _tell_late,
    SupplyAlert: _tell_alert,
    ContinuityWarned: _tell_warned,
    CoverLost: _tell_lost,
}
