"""The one way in which a contract opens a case: with all that somebody at the desk needs to know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from domain.effects import OpenCaseEffect
from domain.envelope import Event
from domain.replacement.history import line_of, spell
from domain.state import Contract

_SUBJECT = 200


def open_case(
    contract: Contract,
    event: Event,
    case: str,
    subject: str,
    *,
    stage: str,
    expects: str,
    serial: str | None = None,
    line: str | None = None,
    rule: str | None = None,
    occurrence: str | None = None,
    answer_by: datetime | None = None,
    requestor: str | None = None,
) -> OpenCaseEffect:
    """The case that an event causes. ``expects`` says what the desk is to do, and how it says that it is done.

    ``rule`` is why, where that is not the event's own; ``occurrence`` is in the key, where that is not the case.
    """
    why = rule or event.rule
    return OpenCaseEffect(
        key=contract.key("case", occurrence or case),
        at=event.at,
        rule=why,
        case=case,
        subject=subject[:_SUBJECT],
        description="\n".join(_description(contract, expects, why, serial)),
        serial=serial,
        line=line,
        stage=stage,
        answer_by=answer_by,
        requestor=requestor,
    )


def _description(contract: Contract, expects: str, rule: str, serial: str | None) -> Iterator[str]:
    terms = contract.terms
    yield f"What is expected: {expects}"
    yield f"Why: {rule}: {terms.rules.get(rule, 'a rule of the programme')}"
    yield f"Contract: {contract.number}, {terms.text(terms.title, 'en')} ({contract.status.value})"
    yield f"Customer: {contract.customer.name}"
    if serial:
        yield from _device(contract, serial)


def _device(contract: Contract, serial: str) -> Iterator[str]:
    line = line_of(contract.lines, serial)
    if line is None:
        yield f"Device: {serial}, which has no line of its own on the contract"
        return
    days = spell(line, serial)
    if days and days.replaced_by:
        yield f"Device: {serial}, replaced by {days.replaced_by} on {days.until}: {line.text} (line {line.id})"
        return
    yield f"Device: {serial}, {line.model}: {line.text} (line {line.id})"
    if line.cover:
        yield "Cover of its own: " + ", ".join(f"{c.kind.replace('_', ' ')} until {c.last_day}" for c in line.cover)
