"""A contract told as it stands, so that it can be taken over elsewhere, or here again."""

from __future__ import annotations

from datetime import date

from domain.calendar import DAY
from domain.notice import opens_on
from domain.periods import boundary
from domain.state import Contract, Line
from domain.takeover.standing import (
    BilledPeriod,
    Standing,
    StandingEnding,
    StandingLine,
    StandingOrder,
    StandingRenewal,
    StandingTerm,
    Used,
)

_TOLD = {"order", "term", "renewal", "ending", "pauses", "lines"}
_SAME = [name for name in Standing.model_fields if name in Contract.model_fields and name not in _TOLD]
_SAME_OF_LINE = [
    name for name in StandingLine.model_fields if name in Line.model_fields and name not in {"active_since", "billed"}
]


def standing(contract: Contract, as_of: date, source: str) -> Standing:
    """How a contract stands at the beginning of a day, when everything has happened that was due before it.

    What is owed for invoices stays with them: it is no part of how a contract stands.
    """
    going = contract.onboarding
    return Standing(
        source=source,
        reference=contract.number,
        as_of=as_of,
        order=_order(contract),
        term=_term(contract),
        renewal=_renewal(contract, as_of),
        ending=_ending(contract),
        suspended_since=next((pause.first for pause in contract.pauses if pause.last is None), None),
        pauses=tuple(pause for pause in contract.pauses if pause.last is not None),
        onboarding_by=going.finish_by if going and going.done_on is None else None,
        used=tuple(Used(id=use.id, item=use.item, on=use.on, line=use.line) for use in contract.entitled.used),
        use_count=contract.entitled.use_count,
        obligations=contract.entitled.open,
        orders=contract.supplies.orders,
        cartridges=contract.supplies.cartridges,
        lines=tuple(_line(contract, line) for line in contract.lines),
        **{name: getattr(contract, name) for name in _SAME},
    )


def left_behind(contract: Contract) -> tuple[str, ...]:
    """What is open between customer and provider and stays where it is: unpaid invoices, bills that wait, disputes."""
    unpaid = {*contract.declined, *(item.invoice for item in contract.unpaid)}
    disputed = (repair.case for repair in contract.repairs if repair.dispute == "open")
    return (
        *(f"invoice {key} is not paid" for key in sorted(unpaid)),
        *(f"the charge for case {case} is in dispute" for case in disputed),
        *((f"what was billed until {contract.cut_off} has not gone out",) if contract.cut_off else ()),
    )


def _order(contract: Contract) -> StandingOrder:
    order = contract.order
    if order is None:
        return StandingOrder()
    return StandingOrder(
        placed_on=contract.date_of(order.placed_at),
        method=order.method,
        reference=order.reference,
        form=order.form,
        invoice_on=order.invoice_on,
        discount=order.discount,
    )


def _term(contract: Contract) -> StandingTerm | None:
    term = contract.term
    return StandingTerm(number=term.number, first=term.first, last=term.last) if term else None


def _renewal(contract: Contract, as_of: date) -> StandingRenewal:
    renewal, term, rules = contract.renewal, contract.term, contract.terms.renewal
    if term is None or rules is None:
        return StandingRenewal()
    return StandingRenewal(
        quoted_on=renewal.quoted_on,
        deadline=renewal.deadline,
        prices=renewal.prices,
        terms_version=renewal.terms.version if renewal.terms else None,
        unoffered=renewal.unoffered,
        answer=renewal.answer,
        committed=renewal.committed,
        open=not renewal.opened and opens_on(rules, term) < as_of,
    )


def _ending(contract: Contract) -> StandingEnding | None:
    ending = contract.ending
    if ending is None:
        return None
    return StandingEnding.model_validate(ending.model_dump())


def _line(contract: Contract, line: Line) -> StandingLine:
    kept = contract.supplies.of(line.id)
    known = {name: getattr(line, name) for name in _SAME_OF_LINE}
    billed = line.billed
    return StandingLine(
        **known,
        active_since=contract.date_of(line.active_since) if line.active_since else None,
        billed_until=_billed_until(contract, line),
        billed=BilledPeriod(**{name: getattr(billed, name) for name in BilledPeriod.model_fields}) if billed else None,
        leaves=line.id in contract.leaving,
        supplies_counted=kept.counted,
        supplies_last_order=kept.last_order,
    )


def _billed_until(contract: Contract, line: Line) -> date | None:
    """The day before the next period; none before there was one."""
    if line.anchor is None or line.active_since is None or (line.billed is None and not line.billed_months):
        return None
    return boundary(contract, line, line.billed_months) - DAY
