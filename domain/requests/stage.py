"""A request on its way: made, moved on step by step, carried out or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from domain.casework import expected
from domain.casework.opening import open_case
from domain.effects import CloseCase, Effect, MoveCase
from domain.envelope import Command, Event
from domain.message import message
from domain.refusal import Refusal
from domain.requests.commands import AdvanceRequest, MakeRequest, RefuseRequest
from domain.requests.events import RequestAdvanced, RequestMade, RequestRefused
from domain.requests.state import Request
from domain.requests.terms import RequestTerms
from domain.state import Contract


def _terms(contract: Contract, what: str) -> RequestTerms:
    known = contract.terms.requests
    if what not in known:
        raise Refusal(
            contract.terms.quote.rule,
            f"the programme takes no request `{what}`",
            allowed_when=f"it is one of: {', '.join(known) or 'none'}",
            field="what",
        )
    return known[what]


def check_make(contract: Contract, command: MakeRequest, now: datetime) -> tuple[Event, ...]:
    """The request, when it says all that it must, about a line on which no such request is open."""
    terms = _terms(contract, command.what)
    line = contract.line(command.line)
    if line is None or line.over:
        raise Refusal(terms.rule, f"there is no line {command.line}", field="line")
    missing = [name for name in terms.needs if name not in command.details]
    if missing:
        raise Refusal(
            terms.rule,
            f"the request must say: {', '.join(missing)}",
            allowed_when="it says all of that",
            field=f"details.{missing[0]}",
        )
    if any((item.what, item.line) == (command.what, command.line) for item in contract.requests):
        raise Refusal(terms.rule, f"such a request for line {command.line} is open already", field="line")
    return (
        RequestMade(
            at=now,
            rule=terms.rule,
            by=command.by,
            request=f"{contract.number}-Q{contract.request_count + 1}",
            what=command.what,
            line=command.line,
            details=dict(command.details),
        ),
    )


def _open(contract: Contract, request_id: str) -> Request:
    for request in contract.requests:
        if request.id == request_id:
            return request
    waiting = ", ".join(item.id for item in contract.requests) or "none"
    rule = contract.terms.quote.rule
    raise Refusal(rule, f"request {request_id} is not open", allowed_when=f"it is one of: {waiting}", field="request")


def check_advance(contract: Contract, command: AdvanceRequest, now: datetime) -> tuple[Event, ...]:
    """The request's next step; one that would leave out another is refused."""
    request = _open(contract, command.request)
    terms = _terms(contract, request.what)
    steps = terms.names()
    ahead = steps[steps.index(request.step) + 1 :] if request.step in steps else steps
    if command.step != ahead[0]:
        raise Refusal(
            terms.rule,
            f"request {request.id} comes to `{ahead[0]}` next, not to `{command.step}`",
            allowed_when=f"`{ahead[0]}` is done",
            field="step",
        )
    last = len(ahead) == 1
    return (
        RequestAdvanced(
            at=now,
            rule=terms.rule,
            by=command.by,
            request=request.id,
            what=request.what,
            line=request.line,
            step=command.step,
            last=last,
            place=request.details.get(terms.place) if last and terms.place else None,
            note=command.note,
        ),
    )


def check_refuse(contract: Contract, command: RefuseRequest, now: datetime) -> tuple[Event, ...]:
    """The end of a request that is not carried out."""
    request = _open(contract, command.request)
    rule = _terms(contract, request.what).rule
    return (
        RequestRefused(
            at=now,
            rule=rule,
            by=command.by,
            request=request.id,
            what=request.what,
            line=request.line,
            reason=command.reason,
        ),
    )


def _made(contract: Contract, event: RequestMade) -> dict[str, Any]:
    made = Request(id=event.request, what=event.what, line=event.line, details=event.details)
    return {"requests": (*contract.requests, made), "request_count": contract.request_count + 1}


def _without(contract: Contract, request_id: str) -> tuple[Request, ...]:
    return tuple(item for item in contract.requests if item.id != request_id)


def _advanced(contract: Contract, event: RequestAdvanced) -> dict[str, Any]:
    if not event.last:
        moved = (
            item.model_copy(update={"step": event.step}) if item.id == event.request else item
            for item in contract.requests
        )
        return {"requests": tuple(moved)}
    changes: dict[str, Any] = {"requests": _without(contract, event.request)}
    if event.place:
        changes["lines"] = tuple(
            line.model_copy(update={"place": event.place}) if line.id == event.line else line for line in contract.lines
        )
    return changes


def _spoken(contract: Contract, event: RequestAdvanced | RequestRefused) -> dict[str, object]:
    """A request in the customer's words."""
    terms, language = contract.terms.requests.get(event.what), contract.customer.language
    line = contract.line(event.line)
    step = event.step if isinstance(event, RequestAdvanced) else None
    known = terms.text_of(step) if terms else None
    return {
        "request": event.request,
        "text": contract.terms.text(terms.text, language) if terms else event.what,
        "serial": line.serial if line else None,
        "step": contract.terms.text(known, language) if known else step,
    }


def _tell_made(contract: Contract, event: RequestMade) -> Iterator[Effect]:
    line = contract.line(event.line)
    details = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in event.details.items())
    terms = contract.terms.requests.get(event.what)
    yield open_case(
        contract,
        event,
        event.request,
        f"{event.what.replace('_', ' ')}: {details}",
        stage="requested",
        expects=expected.request(terms.names() if terms else ()),
        serial=line.serial if line else None,
    )


def _tell_advanced(contract: Contract, event: RequestAdvanced) -> Iterator[Effect]:
    """Data of `request_step`: request, text, serial, step."""
    terms = contract.terms.requests.get(event.what)
    key = contract.key("case-stage", f"{event.request}.{event.step}")
    yield MoveCase(key=key, at=event.at, rule=event.rule, case=event.request, stage=event.step, note=event.note)
    if event.last:
        closed = contract.key("case-closed", event.request)
        yield CloseCase(key=closed, at=event.at, rule=event.rule, case=event.request, note=event.note)
    if terms and event.step in terms.tell:
        yield message(contract, event, "request_step", f"{event.request}.{event.step}", **_spoken(contract, event))


def _tell_refused(contract: Contract, event: RequestRefused) -> Iterator[Effect]:
    """Data of `request_refused`: request, text, serial, reason."""
    key = contract.key("case-closed", event.request)
    yield CloseCase(key=key, at=event.at, rule=event.rule, case=event.request, note=event.reason)
    yield message(contract, event, "request_refused", event.request, reason=event.reason, **_spoken(contract, event))


CHECKS: dict[type[Command], Callable[..., Any]] = {
    MakeRequest: check_make,
    AdvanceRequest: check_advance,
    RefuseRequest: check_refuse,
}
EVOLVE: dict[type[Event], Callable[..., Any]] = {
    RequestMade: _made,
    RequestAdvanced: _advanced,
    RequestRefused: lambda contract, event: {"requests": _without(contract, event.request)},
}
EFFECTS: dict[type[Event], Callable[..., Any]] = {
    RequestMade: _tell_made,
    RequestAdvanced: _tell_advanced,
    RequestRefused: _tell_refused,
}
