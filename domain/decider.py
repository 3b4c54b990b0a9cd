"""The heart: what may happen, what happens next by itself, what that makes of the contract, what the world hears.

Everything else interprets them: the workflow durably, the simulator in a loop, the forecast over a portfolio.
They are pure: the same contract, command and instant give the same answer, for one version of the rules.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from types import ModuleType
from typing import Any

from domain import (
    activation,
    addition,
    billing,
    callers,
    cancellation,
    change,
    consolidation,
    copies,
    invoice_mail,
    late,
    quote,
    renewal_request,
    safety,
    support,
    suspension,
)
from domain.breach import stage as breach
from domain.casework import stage as casework
from domain.casework.commands import ReportCase
from domain.casework.meaning import meaning, waits_for
from domain.commands import Quote, ReportCollection, ReportPayment, ReportRequote
from domain.commitment import stage as commitment
from domain.credits import stage as settling
from domain.delivery import stage as delivery
from domain.delivery.commands import ReportBounce
from domain.due import Due
from domain.dunning import stage as dunning
from domain.effects import AskRates, Collect, CountFleet, Effect, IssueInvoice, Outcome, Requote, SendAgain, SendMessage
from domain.entitlements import stage as entitlements
from domain.envelope import Command, Event
from domain.events import Quoted
from domain.fleet import stage as fleet
from domain.fleet.commands import ReportCensus
from domain.onboarding import stage as onboarding
from domain.order import stage as order
from domain.permissions import check_status
from domain.refusal import Refusal
from domain.renewal import stage as renewal
from domain.repairs import quoting as repair_quotes
from domain.repairs import stage as repairs
from domain.replacement import stage as replacement
from domain.requests import stage as requests
from domain.state import ENDED, RULES_VERSION, Contract
from domain.supplies import stage as supplies
from domain.takeover import stage as takeover
from domain.takeover.commands import TakeOver
from domain.takeover.events import TakenOver
from domain.tasks import tasks
from domain.taxation import stage as taxation
from domain.taxation.commands import ReportRates
from domain.view import Step
from domain.warranty import stage as warranty

_STAGES: tuple[ModuleType, ...] = (
    quote,
    order,
    onboarding,
    activation,
    warranty,
    replacement,
    billing,
    consolidation,
    safety,
    taxation,
    commitment,
    dunning,
    settling,
    suspension,
    cancellation,
    renewal,
    renewal_request,
    late,
    delivery,
    change,
    addition,
    breach,
    supplies,
    entitlements,
    requests,
    copies,
    callers,
    casework,
    support,
    repairs,
    repair_quotes,
    fleet,
    takeover,
)


def _merged(name: str) -> dict[type[Any], Callable[..., Any]]:
    return {kind: function for stage in _STAGES for kind, function in getattr(stage, name, {}).items()}


_CHECKS = _merged("CHECKS")
_EVOLVE = _merged("EVOLVE")
_EFFECTS = _merged("EFFECTS")
_WORDS: frozenset[type[Event]] = frozenset().union(*(getattr(stage, "WORDS", ()) for stage in _STAGES))
_DUES: tuple[Callable[[Contract], Iterator[Due]], ...] = tuple(stage.due for stage in _STAGES if hasattr(stage, "due"))


class UnknownRulesError(Exception):
    """The contract's run was started by a decider version that this code does not hold."""


def open_contract(
    command: Quote | TakeOver, now: datetime, rules: int = RULES_VERSION
) -> tuple[Contract, tuple[Event, ...]]:
    """The contract that a quote or a take-over begins, and its first event. Raises a Refusal where it may not be."""
    if isinstance(command, Quote):
        quoted = quote.check_quote(command, now).model_copy(update={"rules": rules})
        return begin(quoted), (quoted,)
    taken = takeover.check_takeover(command, now).model_copy(update={"rules": rules})
    contract = begin(taken)
    takeover.check_past(contract, _DUES)
    return contract, (taken,)


def begin(event: Quoted | TakenOver) -> Contract:
    """The contract after its first event."""
    return quote.begin(event) if isinstance(event, Quoted) else takeover.begin(event)


def check(contract: Contract, command: Command, now: datetime) -> tuple[Event, ...]:
    """The events that a command causes at an instant; none where it changes nothing. Raises a Refusal."""
    check_status(contract, str(getattr(command, "kind", "")))
    if isinstance(command, ReportCase):
        return _check_case(contract, command, now)
    events: tuple[Event, ...] = _CHECKS[type(command)](contract, command, now)
    return events


def _check_case(contract: Contract, heard: ReportCase, now: datetime) -> tuple[Event, ...]:
    """What is heard of a case, with what it asks of the contract; what may not be is contested, and never refused."""
    said = casework.noted(heard, now)
    try:
        asked = meaning(contract, heard)
        caused = check(contract, asked, now) if asked else ()
    except Refusal as refusal:
        return (*said, *casework.contested(contract, heard, refusal, now))
    settled = casework.agreed(contract, heard, now) if caused else ()
    return (*said, *caused, *settled)


def next_due(contract: Contract) -> Due | None:
    """The next thing that happens by itself; nothing when the contract waits for people only, is parked, or is over."""
    if _FOUND.of is not contract:
        _FOUND.due, _FOUND.of = _next_due(contract), contract
    return _FOUND.due


class _Found(threading.local):
    """The last answer of each thread: one state, which never changes, is asked again and again before the next."""

    of: Contract | None = None
    due: Due | None = None


_FOUND = _Found()


def _next_due(contract: Contract) -> Due | None:
    if not 1 <= contract.rules <= RULES_VERSION:
        raise UnknownRulesError(contract.rules)
    if contract.parked:
        return None
    dues = [due for stage in _DUES for due in stage(contract)]
    return min(dues, key=lambda due: (due.at, due.rank, due.on), default=None)


def evolve(contract: Contract, event: Event) -> Contract:
    """The contract after an event."""
    changes: dict[str, Any] = consolidation.noted(contract, event) | _EVOLVE[type(event)](contract, event)
    rules = vars(event).get("rules") or contract.rules
    moved = changes | {"version": contract.version + 1, "at": max(contract.at, event.at), "rules": rules}
    after = settling.settled(contract.model_copy(update=moved), event)
    return _without_settled(after) if after.contested else after


def _without_settled(contract: Contract) -> Contract:
    """What is contested of a case matters for as long as the contract waits for that case."""
    left = tuple(item for item in contract.contested if waits_for(contract, item.case))
    return contract.model_copy(update={"contested": left})


def effects(contract: Contract, event: Event) -> tuple[Effect, ...]:
    """What the world must be told of an event; ``contract`` is the contract after it."""
    tell = _EFFECTS.get(type(event))
    told = settling.collected_less(contract, tuple(tell(contract, event))) if tell else ()
    asked = taxation.asks(contract, event)
    marked = tuple(consolidation.marked(contract, event, effect) for effect in told)
    return (*asked, *invoice_mail.mailed(contract, marked))


def is_words(event: Event) -> bool:
    """Whether the world hears papers and messages alone of an event: where all of them arrive, nothing follows."""
    return type(event) in _WORDS


def report(effect: Effect, outcome: Outcome) -> Command | None:
    """The command by which the contract hears what the world answered; none where it need not know."""
    by = "tenure"
    match effect:
        case IssueInvoice(order=True) | Collect(order=True) if outcome.kind != "refused":
            return ReportPayment(
                id=effect.key, by=by, outcome=_payment(outcome), reference=outcome.reference, reason=outcome.reason
            )
        case IssueInvoice(bill=bill, set_off=paid) if outcome.kind in {"paid", "declined", "pending"}:
            return ReportCollection(
                id=effect.key,
                by=by,
                invoice=bill.key,
                outcome=_payment(outcome),
                reason=outcome.reason,
                amount=bill.gross - paid,
            )
        case Collect(bill_key=key) if outcome.kind in {"paid", "declined"}:
            return ReportCollection(id=effect.key, by=by, invoice=key, outcome=_payment(outcome), reason=outcome.reason)
        case SendMessage() | SendAgain() if outcome.kind == "bounced":
            return ReportBounce(
                id=f"{effect.key}/bounce",
                by=by,
                key=effect.key,
                message=effect.message,
                recipient=outcome.reference,
                reason=outcome.reason[:500] if outcome.reason else None,
            )
        case Requote():
            return ReportRequote(
                id=effect.key, by=by, prices=outcome.prices or {}, terms=outcome.terms, index=outcome.index
            )
        case AskRates() if outcome.rates is not None:
            return ReportRates(id=effect.key, by=by, rates=outcome.rates)
        case CountFleet() if outcome.census is not None:
            return ReportCensus(id=effect.key, by=by, census=outcome.census)
        case _:
            return None


def _payment(outcome: Outcome) -> Any:
    return outcome.kind if outcome.kind in {"paid", "pending", "declined"} else "pending"


def is_closed(contract: Contract) -> bool:
    """Whether the contract has ended, nothing more will happen by itself, and nothing waits for a person's word."""
    if contract.status not in ENDED or next_due(contract) is not None:
        return False
    return not any(task.answers for task in tasks(contract))


def step(contract: Contract) -> Step | None:
    """The next thing that happens by itself, as people read it."""
    due = next_due(contract)
    return None if due is None else Step(at=due.at, on=due.on, what=due.what, rule=due.rule)
