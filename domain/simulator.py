"""A whole contract life in milliseconds: the decider in a loop, with a world that answers at once.

It is the oracle: whatever the real thing does to a contract is compared with what the simulator says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Literal

from domain.catalogue import Index, index_values
from domain.commands import At, Quote
from domain.decider import check, effects, evolve, is_words, next_due, open_contract, report
from domain.due import Due
from domain.dunning.unpaid import ON_ACCOUNT
from domain.effects import AskRates, Collect, CountFleet, Effect, IssueInvoice, Outcome, OutcomeKind, Requote
from domain.envelope import Command, Event
from domain.fleet.state import Census
from domain.narrative import entry
from domain.refusal import Refusal
from domain.state import Contract, Price
from domain.takeover.commands import TakeOver
from domain.terms import TaxRate, Terms
from domain.view import Entry

NO_FUNDS = "insufficient_funds"
Answer = tuple[Literal["paid", "pending", "declined"], str | None]
"""What became of a payment, and why it was declined."""
World = Callable[[Contract, Effect], Outcome]

MAX_STEPS = 100_000
"""A bound on what one life may do by itself: a contract that passes it is in an illegal state."""


class EndlessLifeError(Exception):
    """The contract went on by itself for longer than any contract does: its terms or the decider are wrong."""


@dataclass(frozen=True, slots=True)
class PriceListWorld:
    """A world in which everything works: the price list and terms of the day, and tokens that say what a payment does.

    Its ``fleet`` is what every count finds; without it, what the last one found. Its ``rates`` are what the tax service
    says; without them, what the contract knows.

    What becomes of a payment, its token says, as `answered` has it.
    """

    prices: tuple[Price, ...] = ()
    terms: Terms | None = None
    indices: Mapping[str, Index] = field(default_factory=dict)
    fleet: Census | None = None
    rates: tuple[TaxRate, ...] = ()
    settles: bool = False

    def __call__(self, contract: Contract, effect: Effect) -> Outcome:
        """The world's answer to an effect."""
        match effect:
            case Requote():
                return self._requote(contract, effect)
            case AskRates():
                return Outcome(rates=self.rates or contract.rates)
            case CountFleet(on=day) if contract.fleet:
                return Outcome(census=(self.fleet or contract.fleet.last).model_copy(update={"on": day}))
            case IssueInvoice() if effect.set_off and effect.set_off == effect.bill.gross:
                return _plain("paid")
            case IssueInvoice(method=method) | Collect(method=method):
                kind, reason = self._answer(method or ON_ACCOUNT, again=isinstance(effect, Collect))
                return _plain(kind, reason)
            case _:
                return _plain()

    def _answer(self, method: str, *, again: bool) -> Answer:
        return ("paid", None) if self.settles and method == ON_ACCOUNT else answered(method, again=again)

    def _requote(self, contract: Contract, effect: Requote) -> Outcome:
        listed = {(price.service, price.model): price.prices for price in self.prices}
        prices = {
            line.id: found for line in contract.lines if (found := listed.get((line.service, line.model))) is not None
        }
        newer = self.terms if self.terms and self.terms.version > contract.terms.version else None
        return Outcome(prices=prices, terms=newer, index=moved(self.indices, effect, contract.date_of(effect.at)))


@cache
def _plain(kind: OutcomeKind = "done", reason: str | None = None) -> Outcome:
    """An outcome that says how it went, and no more: a few, which a portfolio's lives meet millions of times."""
    return Outcome(kind=kind, reason=reason)


def moved(indices: Mapping[str, Index], effect: Requote, on: date) -> tuple[Decimal, Decimal] | None:
    """The values of the index that a requote asks for, on the day that it names and today; none without them."""
    if effect.index is None or effect.since is None or effect.index not in indices:
        return None
    return index_values(indices[effect.index], effect.since, on)


def payment(method: str) -> str:
    """A method for the world of the simulator: all those that are paid are one."""
    if method.startswith("pm_declined") or method == ON_ACCOUNT:
        return method
    return next((known for known in ("pm_later", "pm_slow") if method.startswith(known)), "pm_ok")


def answered(method: str, *, again: bool) -> Answer:
    """What becomes of a payment by its token, and why it is declined; ``again`` marks a later attempt at an invoice.

    `pm_declined` is declined, `pm_declined_stolen_card` with that code; `pm_later...` at first, and paid when it is
    tried again; `pm_slow...` stays pending, as what is on account does. Every other token is paid.
    """
    if method.startswith("pm_declined"):
        return "declined", method.removeprefix("pm_declined").strip("_") or NO_FUNDS
    if method.startswith("pm_later") and not again:
        return "declined", NO_FUNDS
    return ("pending", None) if method.startswith("pm_slow") or method == ON_ACCOUNT else ("paid", None)


@dataclass(slots=True)
class Life:
    """A contract that is being lived through: its state, its audit trail, what the world was told.

    One that is not ``narrated`` keeps no trail, words no papers and messages from which nothing can follow, and goes
    through its events about a third faster.
    """

    contract: Contract
    world: World
    entries: list[Entry] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    told: list[Effect] = field(default_factory=list)
    refusals: list[tuple[datetime, Command, Refusal]] = field(default_factory=list)
    narrated: bool = True

    @classmethod
    def begin(cls, first: Quote | TakeOver, at: datetime, world: World | None = None) -> Life:
        """The life that a quote or a take-over begins. Raises a Refusal where it may not be."""
        contract, events = open_contract(first, at)
        life = cls(contract, world or PriceListWorld())
        life._note(events[0], contract, command=first.id)
        return life

    def give(self, command: Command, at: datetime) -> tuple[Event, ...]:
        """Let pass what falls due until then, and give the command. Raises a Refusal, which is also kept."""
        self.live_until(at)
        try:
            events = check(self.contract, command, at)
        except Refusal as refusal:
            self.refusals.append((at, command, refusal))
            raise
        self._take(events, command=command.id)
        self.live_until(at)
        return events

    def follow(self, commands: Iterable[At], until: datetime) -> None:
        """Give commands in the order of their time, up to an instant, and live until then; refused ones are kept."""
        for given in sorted(commands, key=lambda item: item.at):
            if given.at > until:
                break
            with suppress(Refusal):
                self.give(given.command, given.at)
        self.live_until(until)

    def live_until(self, until: datetime) -> None:
        """Let everything happen that falls due up to an instant, that one included."""
        for _ in range(MAX_STEPS):
            due = next_due(self.contract)
            if due is None or due.at > until:
                return
            self.come(due)
        raise EndlessLifeError(self.contract.number)

    def come(self, due: Due) -> None:
        """Let one thing happen that falls due."""
        self._take(due.events)

    def _take(self, events: Iterable[Event], command: str | None = None) -> None:
        outbox: list[Effect] = []
        for event in events:
            self.contract = evolve(self.contract, event)
            outbox += self._note(event, self.contract, command=command, tell=False)
        self._tell(outbox)

    def _note(self, event: Event, contract: Contract, *, command: str | None, tell: bool = True) -> tuple[Effect, ...]:
        self.events.append(event)
        if self.narrated:
            self.entries.append(entry(contract, event, seq=len(self.entries) + 1, command=command))
        elif is_words(event):
            return ()
        caused = effects(contract, event)
        if tell:
            self._tell(caused)
        return caused

    def _tell(self, outbox: Iterable[Effect]) -> None:
        for effect in outbox:
            self.told.append(effect)
            answer = report(effect, self.world(self.contract, effect))
            if answer is None:
                continue
            try:
                events = check(self.contract, answer, max(effect.at, self.contract.at))
            except Refusal as refusal:
                self.refusals.append((effect.at, answer, refusal))
                continue
            self._take(events)


def agenda(contract: Contract, world: World, *, limit: int) -> Iterator[Entry]:
    """What the contract will do by itself, in order, if nobody says anything; it is not touched."""
    life = Life(contract, world)
    shown = 0
    while shown < limit and (due := next_due(life.contract)) is not None:
        life.entries.clear()
        life.live_until(due.at)
        for item in life.entries[: limit - shown]:
            yield item.model_copy(update={"seq": contract.version + shown + 1})
            shown += 1


def forecast(contract: Contract, world: World, *, until: datetime, commands: Iterable[At] = ()) -> Life:
    """The contract's future up to an instant, with hypothetical commands; the contract itself is not touched.

    A command that would be refused is kept among the life's refusals.
    """
    life = Life(contract, world)
    life.follow(commands, until)
    return life
