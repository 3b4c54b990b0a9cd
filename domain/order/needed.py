"""What an engineer looks at before service starts: which devices, why, and under which case."""

from __future__ import annotations

from collections.abc import Iterable

from domain.effects import CloseCase
from domain.envelope import Event
from domain.state import Contract, Inspection, Line


def inspections(contract: Contract, lapsed: Iterable[Line]) -> tuple[Inspection, ...]:
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


def inspection_case(contract: Contract, line: str) -> str:
    """The id of the case under which a line's device is inspected."""
    return f"{contract.number}-I{line}"


def closed_inspection(contract: Contract, event: Event, line: str, note: str) -> CloseCase:
    """The case under which a line's device is inspected is closed."""
    return CloseCase(
        key=contract.key("case-closed", f"inspection.{line}"),
        at=event.at,
        rule=event.rule,
        case=inspection_case(contract, line),
        note=note,
    )
