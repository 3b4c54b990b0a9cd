"""The fleet of a running contract: counted again and again, and settled by people where it is not what was agreed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from domain.calendar import months_after
from domain.casework import expected
from domain.casework.opening import open_case
from domain.due import Due, Rank, moment
from domain.effects import CloseCase, CountFleet, Effect
from domain.envelope import Event
from domain.fleet.census import shortfall
from domain.fleet.commands import ReportCensus, SettleAdjustment
from domain.fleet.events import AdjustmentOpened, AdjustmentSettled, AuditDue, FleetAudited
from domain.fleet.offer import levels
from domain.fleet.state import Adjustment, Agreement, FleetState, by_class
from domain.fleet.terms import FleetTerms
from domain.message import message
from domain.notice import opens_on
from domain.refusal import Refusal
from domain.state import RUNNING, Contract, Line


def _fleet(contract: Contract) -> tuple[FleetTerms, FleetState]:
    terms, fleet = contract.terms.fleet, contract.fleet
    if terms is None or fleet is None:
        raise Refusal(contract.terms.quote.rule, "the contract is not for a fleet")
    return terms, fleet


def next_audit(contract: Contract) -> date | None:
    """The day of the next periodic audit, counted in months from activation; none where there is none."""
    terms, fleet, anchor = contract.terms.fleet, contract.fleet, contract.active_since
    if terms is None or fleet is None or anchor is None or terms.audit_months is None:
        return None
    return months_after(anchor, fleet.audited_months + terms.audit_months)


def due(contract: Contract) -> Iterator[Due]:
    """The audits: at their months after activation, and when the next term is to be offered."""
    terms, fleet, term = contract.terms.fleet, contract.fleet, contract.term
    if terms is None or fleet is None or term is None or contract.status not in RUNNING:
        return
    if (on := next_audit(contract)) and terms.audit_months:
        yield _audit(contract, on, occasion="periodic", months=fleet.audited_months + terms.audit_months)
    if contract.terms.renewal and contract.renewal.opened and fleet.audited_term < term.number:
        yield _audit(contract, opens_on(contract.terms.renewal, term), occasion="renewal", term=term.number)


def _audit(contract: Contract, on: date, **about: Any) -> Due:
    rule = contract.terms.fleet.audit_rule if contract.terms.fleet else contract.terms.quote.rule
    at = moment(contract, on, contract.terms.notices_at)
    return Due(at, Rank.NOTICE, on, "the fleet is counted", rule, (AuditDue(at=at, rule=rule, **about),))


def check_report(contract: Contract, command: ReportCensus, now: datetime) -> tuple[Event, ...]:
    """What a count found, compared with what was agreed: a new difference opens an adjustment, one at a time.

    A count that comes when service has ended changes nothing.
    """
    terms, fleet = _fleet(contract)
    if contract.status not in RUNNING:
        return ()
    found = command.census
    lacking = shortfall(terms, levels(_served(contract)), found.counted)
    more = _beyond(found.counted, fleet.agreed.counted)
    audited = FleetAudited(at=now, rule=terms.audit_rule, by=command.by, census=found, shortfall=lacking, excess=more)
    left_out = found.missing if terms.whole_base and found.missing > fleet.agreed.missing else 0
    is_new = bool(more or left_out or _beyond(lacking, fleet.agreed.shortfall))
    if not is_new or fleet.adjustment is not None:
        return (audited,)
    opened = AdjustmentOpened(
        at=now,
        rule=terms.audit_rule,
        by=command.by,
        adjustment=f"{contract.number}-F{fleet.adjustments + 1}",
        shortfall=lacking,
        excess=more,
        missing=left_out,
        missing_serials=found.missing_serials if left_out else (),
    )
    return (audited, opened)


def _served(contract: Contract) -> list[Line]:
    return [line for line in contract.lines if line.ends_on is None or line.ends_on >= contract.date_of(contract.at)]


def _beyond(counts: dict[str, int], agreed: dict[str, int]) -> dict[str, int]:
    """By how much each count is greater than what was agreed."""
    return {name: number - agreed.get(name, 0) for name, number in counts.items() if number > agreed.get(name, 0)}


def check_settle(contract: Contract, command: SettleAdjustment, now: datetime) -> tuple[Event, ...]:
    """The open adjustment, settled; nothing of the contract changes but what counts as agreed."""
    terms, fleet = _fleet(contract)
    if fleet.adjustment is None or command.adjustment not in {None, fleet.adjustment.id}:
        open_one = fleet.adjustment.id if fleet.adjustment else None
        raise Refusal(
            terms.audit_rule,
            f"there is no open adjustment {command.adjustment or ''}".rstrip(),
            allowed_when=f"it is {open_one}" if open_one else "an audit has opened one",
            field="adjustment",
        )
    agreed = None if command.how == "dismissed" else command.census or fleet.last
    settled = AdjustmentSettled(
        at=now,
        rule=terms.audit_rule,
        by=command.by,
        adjustment=fleet.adjustment.id,
        how=command.how,
        reason=command.reason,
        census=agreed,
        shortfall=shortfall(terms, levels(_served(contract)), agreed.counted) if agreed else {},
    )
    return (settled,)


def _updated(contract: Contract, **changes: Any) -> dict[str, Any]:
    return {"fleet": contract.fleet.model_copy(update=changes) if contract.fleet else None}


def _due(contract: Contract, event: AuditDue) -> dict[str, Any]:
    if event.occasion == "periodic":
        return _updated(contract, audited_months=event.months)
    return _updated(contract, audited_term=event.term)


def _audited(contract: Contract, event: FleetAudited) -> dict[str, Any]:
    return _updated(contract, last=event.census)


def _opened(contract: Contract, event: AdjustmentOpened) -> dict[str, Any]:
    adjustment = Adjustment(
        id=event.adjustment,
        opened_on=contract.date_of(event.at),
        shortfall=event.shortfall,
        excess=event.excess,
        missing=event.missing,
    )
    count = contract.fleet.adjustments + 1 if contract.fleet else 1
    return _updated(contract, adjustment=adjustment, adjustments=count)


def _settled(contract: Contract, event: AdjustmentSettled) -> dict[str, Any]:
    if event.census is None:
        return _updated(contract, adjustment=None)
    agreed = Agreement(counted=event.census.counted, shortfall=event.shortfall, missing=event.census.missing)
    return _updated(contract, adjustment=None, agreed=agreed, last=event.census)


def _tell_due(contract: Contract, event: AuditDue) -> Iterator[Effect]:
    terms, fleet = contract.terms.fleet, contract.fleet
    if terms is None or fleet is None:
        return
    occasion = f"{event.occasion}-{event.months or event.term}"
    yield CountFleet(
        key=contract.key("count", occasion),
        at=event.at,
        rule=event.rule,
        fleet=fleet.fleet,
        terms=terms,
        on=contract.date_of(event.at),
    )


def _tell_opened(contract: Contract, event: AdjustmentOpened) -> Iterator[Effect]:
    yield open_case(
        contract,
        event,
        event.adjustment,
        f"Settle a difference in the fleet: {difference(event)}",
        stage="fleet_adjustment",
        expects=expected.ADJUSTMENT,
        serial=contract.fleet.fleet if contract.fleet else None,
    )
    yield message(contract, event, "adjustment_opened", event.adjustment, **adjustment_data(contract, event))


def difference(event: AdjustmentOpened) -> str:
    """What an adjustment is about, in a few words."""
    parts = []
    if event.shortfall:
        parts.append(f"{by_class(event.shortfall)} too few")
    if event.excess:
        parts.append(f"{by_class(event.excess)} more than agreed")
    if event.missing:
        parts.append(f"{event.missing} not included")
    return ", ".join(parts)


def adjustment_data(contract: Contract, event: AdjustmentOpened) -> dict[str, object]:
    """What the text `adjustment_opened` may say.

    ``adjustment`` (its number), ``counted_on`` (date), ``classes``: a list with ``name``, ``agreed``, ``counted``,
    ``shortfall`` (too few for the level) and ``excess`` (more than agreed) for each class of devices; ``missing`` (how
    many eligible devices are not included) and ``missing_serials`` (the first of them).
    """
    fleet = contract.fleet
    agreed, last = (fleet.agreed.counted, fleet.last) if fleet else ({}, None)
    counted = last.counted if last else {}
    return {
        "adjustment": event.adjustment,
        "counted_on": last.on.isoformat() if last else None,
        "classes": [
            {
                "name": name,
                "agreed": agreed.get(name, 0),
                "counted": counted.get(name, 0),
                "shortfall": event.shortfall.get(name, 0),
                "excess": event.excess.get(name, 0),
            }
            for name in sorted({*agreed, *counted, *event.shortfall})
        ],
        "missing": event.missing,
        "missing_serials": list(event.missing_serials),
    }


def settlement_data(event: AdjustmentSettled) -> dict[str, object]:
    """What the text `adjustment_settled` may say.

    ``adjustment`` (its number), ``how`` (`true_up`, `level_change` or `dismissed`), ``reason``, and ``classes``: a list
    with ``name`` and ``counted`` of what is agreed from now on, empty where it was dismissed.
    """
    counted = event.census.counted if event.census else {}
    return {
        "adjustment": event.adjustment,
        "how": event.how,
        "reason": event.reason,
        "classes": [{"name": name, "counted": number} for name, number in sorted(counted.items())],
    }


def _tell_settled(contract: Contract, event: AdjustmentSettled) -> Iterator[Effect]:
    key = contract.key("case-closed", event.adjustment)
    yield CloseCase(key=key, at=event.at, rule=event.rule, case=event.adjustment, note=event.reason)
    yield message(contract, event, "adjustment_settled", event.adjustment, **settlement_data(event))


CHECKS = {ReportCensus: check_report, SettleAdjustment: check_settle}
EVOLVE = {AuditDue: _due, FleetAudited: _audited, AdjustmentOpened: _opened, AdjustmentSettled: _settled}
EFFECTS = {AuditDue: _tell_due, AdjustmentOpened: _tell_opened, AdjustmentSettled: _tell_settled}
