"""Thinking ahead: what falls due one thing after the other, as long as the world's answers change nothing.

A contract that has much to catch up with (an outage, a test clock that is moved by a year) would ask the world for one
thing, hear that all is well, and find that the next is due already. Here the decider is run ahead on a copy, and all of
it is asked for at once. Whoever carries it out stops at the first answer that is not as expected; what was thought up
after that is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain import decider, narrative
    from domain.effects import Effect, Outcome, OutcomeKind
    from domain.envelope import Event
    from domain.events import Renewed, TermsAdopted
    from domain.refusal import Refusal
    from domain.state import Contract
    from domain.view import Entry
    from workflows import catalogue

RUN_ENDS = (Renewed, TermsAdopted)
"""What ends a run: the contract goes on in a new one, under its next term or other terms."""

_GOOD: tuple[OutcomeKind, ...] = ("done", "paid", "pending")


@dataclass(frozen=True, slots=True)
class Happening:
    """What happens at one instant, of which state, what that makes of it, and what is noted and told of it."""

    events: tuple[Event, ...]
    of: Contract
    after: Contract
    entries: tuple[Entry, ...]
    effects: tuple[Effect, ...]

    @property
    def ends_run(self) -> bool:
        """Whether the contract goes on in a new run after it."""
        return any(isinstance(event, RUN_ENDS) for event in self.events)


@dataclass(frozen=True, slots=True)
class Asked:
    """One effect: the contract at that moment, the answers that change nothing, and the entries it carries along.

    ``happened`` are the happenings that come before it, since the effect before.
    """

    effect: Effect
    contract: Contract
    expects: tuple[OutcomeKind, ...]
    entries: tuple[Entry, ...]
    happened: tuple[Happening, ...]


@dataclass
class Plan:
    """Effects in their order, and what happens after the last of them."""

    asked: list[Asked] = field(default_factory=list)
    happened: list[Happening] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    over: bool = False

    def ask(self, contract: Contract, effects: Iterable[Effect]) -> None:
        """Add the effects of what has just happened; the last of them carries its entries along."""
        told = list(effects)
        for position, effect in enumerate(told, start=1):
            last = position == len(told)
            expects = expected(contract, effect)
            entries, self.entries = (tuple(self.entries), []) if last else ((), self.entries)
            self.asked.append(Asked(effect, contract, expects, entries, tuple(self.happened)))
            self.happened = []
            if not expects:
                self.over = True
                if not last:
                    return


def plan(contract: Contract, outbox: Iterable[Effect], entries: Iterable[Entry], now: datetime, seq: int) -> Plan:
    """What is asked for now, and then what falls due until now, as far as it can be foreseen and travels at once."""
    made, waiting = Plan(entries=list(entries)), list(outbox)
    # An effect speaks of every line: where there are hundreds, few effects fit into what may travel at once.
    most = catalogue.BATCH // (1 + len(contract.lines) // catalogue.LINES_AT_ONCE)
    if len(waiting) > most:
        return made
    made.ask(contract, waiting)
    while not made.over and len(made.asked) < most:
        due = decider.next_due(contract)
        if due is None or due.at > now:
            break
        found = happening(contract, due.events, seq)
        if len(made.asked) + len(found.effects) > most:
            break
        contract, seq = found.after, seq + len(found.entries)
        made.happened.append(found)
        made.entries += found.entries
        made.over = found.ends_run
        made.ask(contract, found.effects)
    return made


def happening(contract: Contract, events: Iterable[Event], seq: int, command: str | None = None) -> Happening:
    """What events make of a contract, and what is noted and told of them; ``seq`` is the trail's last entry before."""
    happened, after = tuple(events), contract
    entries: list[Entry] = []
    effects: list[Effect] = []
    for event in happened:
        after = decider.evolve(after, event)
        entries.append(narrative.entry(after, event, seq=seq + len(entries) + 1, command=command))
        effects += decider.effects(after, event)
    return Happening(happened, contract, after, tuple(entries), tuple(effects))


def expected(contract: Contract, effect: Effect) -> tuple[OutcomeKind, ...]:
    """The answers to an effect after which the contract stands as it stood."""
    return tuple(kind for kind in _GOOD if not any(_caused(contract, effect, kind)))


def _caused(contract: Contract, effect: Effect, kind: OutcomeKind) -> Iterator[Event | Refusal]:
    answer = decider.report(effect, Outcome(kind=kind))
    if answer is None:
        return
    try:
        yield from decider.check(contract, answer, max(effect.at, contract.at))
    except Refusal as refusal:
        yield refusal
