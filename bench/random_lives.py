"""Random contracts of every programme: quoted as one of its examples, then three years of whatever people may ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from adapters.programme_files import Programme, load_all
from bench.variants import VARIANTS, varied
from cli.simulate import Shelf, offer
from domain.catalogue import term_of
from domain.commands import (
    AddLine,
    Cancel,
    Change,
    DeclineRenewal,
    Pay,
    Quote,
    Renew,
    ReportInspection,
    ReportPayment,
    Resume,
    Suspend,
    Terminate,
    Undo,
)
from domain.envelope import Command
from domain.onboarding.commands import CompleteOnboarding
from domain.refusal import Refusal
from domain.scenario import Scenario
from domain.simulator import Life, PriceListWorld, World
from domain.state import Line
from domain.supplies.commands import OrderSupply
from domain.supplies.state import Item
from runtime.settings import CHECKOUT

PROGRAMMES = load_all(CHECKOUT / "programmes")
YEARS = 3
METHODS = ("pm_ok", "pm_ok", "pm_ok", "pm_declined", "pm_slow", "on_account")


class RandomLife:
    """One contract, and the dice that it lives by; the same seed gives the same life."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.shipped: Programme = PROGRAMMES[seed % len(PROGRAMMES)]
        self.variant = self.dice.randrange(len(VARIANTS))
        self.programme = varied(self.shipped, self.variant)
        terms = self.programme.terms
        self.number = f"{terms.code}-2027-{seed:06d}"
        self.story: Scenario = self.dice.choice(list(self.programme.lives().values()))
        self.count = 0

    @property
    def language(self) -> str:
        """The customer's language."""
        return self.story.given.customer.language

    def live(self) -> Life:
        """The whole life, as the simulator has it."""
        life, at = self._quoted()
        end = at + timedelta(days=366 * YEARS)
        for step, given in self.story.commands(self.programme.terms, self.shelf(), self.number):
            if step.refused or step.do not in {"revise", "accept", "checkout"}:
                continue
            command = given.command
            if step.do == "checkout" and self.programme.terms.order.payment == "on_order":
                command = command.model_copy(update={"method": self.dice.choice(METHODS[:-1]), "discount": None})
            self._give(life, command, given.at)
            at = given.at
        self._settle(life, at)
        if self.programme.terms.onboarding:
            self._give(life, CompleteOnboarding(id="onboarded"), at + timedelta(days=self.dice.randrange(45)))
        at = max(at, life.contract.at)
        while at < end:
            at += timedelta(hours=self.dice.randrange(24 * 120))
            self._give(life, self.wish(life), at)
        life.live_until(end)
        return life

    def shelf(self) -> Shelf:
        """What can be asked for."""
        return Shelf(self.programme, self.language)

    def _settle(self, life: Life, at: datetime) -> None:
        """What mostly follows an order: a slow payment arrives, a declined one is tried again, devices pass."""
        order = life.contract.order
        if order is None or self.dice.random() < 0.1:
            return
        self._give(life, ReportPayment(id="paid", outcome="paid", reference="psp"), at)
        self._give(life, Pay(id="again", method="pm_ok"), at)
        for inspection in order.inspections:
            passed = self.dice.random() < 0.8
            self._give(life, ReportInspection(id=f"i-{inspection.line}", line=inspection.line, passed=passed), at)

    def _quoted(self) -> tuple[Life, datetime]:
        at = self.story.begins_at(self.programme.terms)
        return Life.begin(self.quote(), at, self.world()), at

    def quote(self) -> Quote:
        """The quote that the life begins with."""
        programme, given = self.programme, self.story.given
        offers = tuple(offer(programme, item, self.language) for item in given.offers)
        sold = [programme.catalogue.service(item.service) for item in given.offers]
        months = term_of(service for service in sold if service)
        return self.story.quote(self.number, programme.terms, offers, months)

    def world(self) -> World:
        """What the world answers."""
        return PriceListWorld(
            prices=self.programme.catalogue.price_list(),
            indices=self.programme.catalogue.indices,
            fleet=self.story.given.fleet,
            rates=self.shipped.terms.tax.rates,
        )

    def _give(self, life: Life, command: Command, at: datetime) -> bool:
        try:
            return bool(life.give(command, max(at, life.contract.at)))
        except Refusal:
            return False

    def wish(self, life: Life) -> Command:
        """Something that somebody may ask; the contract may refuse it."""
        self.count += 1
        line = self.dice.choice(life.contract.lines)
        asked: list[tuple[type[Command], dict[str, Any]]] = [
            (Suspend, {"reason": "pause"}),
            (Resume, {}),
            (Change, {"line": line.id, "quantity": self.dice.randint(1, 9)}),
            (Change, {"line": line.id, "period": self.dice.choice([1, 3, 12])}),
            (Change, {"line": line.id} | self._service(line)),
            (AddLine, self._line()),
            (Undo, {"what": self.dice.choice(["cancellation", "change", "renewal"])}),
            (Renew, {}),
            (DeclineRenewal, {}),
            (Pay, {"method": "pm_ok", "invoice": next(iter(life.contract.declined), None)}),
            (OrderSupply, self._supply(line)),
        ]
        if self.dice.random() < 0.08:
            asked = [
                (Cancel, {"reason": "leaving", "lines": [line.id]}),
                (Cancel, {"reason": "leaving"}),
                (Terminate, {"reason": "no longer offered"}),
            ]
        kind, words = self.dice.choice(asked)
        return kind.model_validate({"id": f"wish-{self.count}"} | words)

    def _service(self, line: Line) -> dict[str, Any]:
        fitting = [service for service in self.programme.catalogue.services if line.model in service.models]
        other = self.dice.choice(fitting or list(self.programme.catalogue.services))
        text = self.programme.terms.text(other.name, self.language)
        return {"service": other.id, "text": text, "prices": other.prices, "level": other.level}

    def _line(self) -> dict[str, Any]:
        item = self.dice.choice(self.story.given.offers)
        named = {"id": f"x{self.count}", "serial": f"X{self.count}"}
        return {"offer": self.shelf().offer(item.model_copy(update=named)), "starts_on": None}

    def _supply(self, line: Line) -> dict[str, Any]:
        supplies = self.programme.catalogue.supplies
        if not supplies:
            return {"order": f"R{self.count}", "serial": line.serial, "method": "on_account", "items": [_NOTHING]}
        supply = self.dice.choice(supplies)
        item = self.shelf().item(supply.sku, self.dice.randint(1, 3))
        return {"order": f"R{self.count}", "serial": line.serial, "method": "on_account", "items": [item]}


_NOTHING = Item.model_validate({"sku": "none", "text": "nothing", "quantity": 1, "price": "1"})


def lives(count: int, seed: int = 1) -> Iterator[Life]:
    """So many lives, from a seed on, of each programme in turn."""
    return (RandomLife(number).live() for number in range(seed, seed + count))
