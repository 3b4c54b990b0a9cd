"""The lives that the house lives: those of `bench.random_lives`, as an API can be asked for them, written down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bench.chaos.decisions import DecidedWorld
from bench.chaos.programmes import offered
from bench.random_lives import RandomLife
from cli.simulate import device_of
from domain.catalogue import Device, Service
from domain.commands import AddLine, AdvanceCase, Change, OpenCase, Quote
from domain.decider import check, is_closed
from domain.envelope import Command
from domain.refusal import Refusal
from domain.scenario import GivenOffer, Scenario, given_offers
from domain.simulator import Life, World
from domain.state import Line
from domain.supplies.commands import OrderSupply

HELP = 0.2
"""How many of the wishes are calls for help."""
TRIES = 3
"""So often somebody thinks of something that may be asked; the last is asked whether it may be or not."""
ASKED_IN_VAIN = 3
"""So often a contract that is over is still asked for something."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command at its UTC instant, and whether the contract takes it."""

    at: datetime
    command: Command
    taken: bool


class ChaosLife(RandomLife):
    """A random life of contract ``number``, whose devices no other has; ``fleet`` is its fleet's id, if it has one.

    Number, fleet and salt are no dice: the same seed gives the same life under each of them.
    """

    def __init__(self, seed: int, salt: str, *, number: str = "", fleet: str = "") -> None:
        super().__init__(seed)
        self.programme = offered()[self.shipped.terms.code][self.variant]
        self.story = _own(self.story, salt, fleet)
        self.salt, self.fleet = salt, fleet
        self.number = number or f"{self.programme.terms.code}-2027-{seed % 1_000_000:06d}"
        self.begins = self.story.begins_at(self.programme.terms)
        self.steps: list[Step] = []
        self._asked_in_vain = 0

    @property
    def needs_fleet(self) -> bool:
        """Whether its devices are a fleet's."""
        return self.story.given.fleet is not None and self.programme.terms.fleet is not None

    def devices(self) -> dict[str, Device]:
        """Every device that it begins with, by serial number; those of a fleet are in its file."""
        if self.needs_fleet:
            return {}
        items = [*self.story.given.offers, *(item for step in self.story.when for item in given_offers(step))]
        return {item.serial: self._device(item) for item in items}

    def added(self, command: AddLine) -> Device:
        """The device for which a line is added."""
        item = next(item for item in self.story.given.offers if item.service == command.offer.service)
        return self._device(item.model_copy(update={"serial": command.offer.serial}))

    def _device(self, item: GivenOffer) -> Device:
        return device_of(self._sold(item.service), item)

    def _sold(self, service: str) -> Service:
        return next(known for known in self.programme.catalogue.services if known.id == service)

    def quote(self) -> Quote:
        """The quote that the life begins with."""
        return super().quote().model_copy(update={"fleet_id": self.fleet or None})

    def world(self) -> World:
        """The simulator's world, with what the vendors of the house decide."""
        return DecidedWorld(super().world())

    def _give(self, life: Life, command: Command, at: datetime) -> bool:
        at = max(at, life.contract.at, self.steps[-1].at if self.steps else at)
        refused, over = len(life.refusals), is_closed(life.contract)
        caused = super()._give(life, command, at)
        taken = not any(item[1] is command for item in life.refusals[refused:])
        self._asked_in_vain += over
        if self._asked_in_vain < ASKED_IN_VAIN:
            self.steps.append(Step(at, command, taken=taken))
        return caused

    def wish(self, life: Life) -> Command:
        """What anybody asks, as far as the API can be asked for it: mostly what is allowed; now and then for help."""
        for _ in range(TRIES):
            wanted = self._wish(life)
            try:
                check(life.contract, wanted, life.contract.at)
            except Refusal:
                continue
            break
        return wanted

    def _wish(self, life: Life) -> Command:
        wanted, chance = super().wish(life), self.dice.random()
        if chance >= HELP and self._can_be_asked(wanted, life):
            return wanted
        going = life.contract.cases
        if going and chance < HELP / 2:
            return AdvanceCase(id=wanted.id, case=self.dice.choice(going).id)
        line = self.dice.choice(life.contract.lines)
        return OpenCase(id=wanted.id, serial=line.serial, subject="it does not work")

    def _can_be_asked(self, wanted: Command, life: Life) -> bool:
        match wanted:
            case AddLine():
                return not self.needs_fleet
            case Change(service=str(service), line=line):
                return service in {known.id for known in self._fitting(life.contract.line(line))}
            case OrderSupply(items=items, serial=serial):
                models = {line.model for line in life.contract.lines if line.serial == serial}
                fitting = {item.sku for item in self.programme.catalogue.supplies if models & set(item.models)}
                return {item.sku for item in items} <= fitting
            case _:
                return True

    def _fitting(self, line: Line | None) -> Iterable[Service]:
        """The services that the API offers for a line's device."""
        if line is None:
            return ()
        catalogue, known = self.programme.catalogue, self._sold(line.service)
        if self.needs_fleet:
            country = self.story.given.customer.country
            return [item for item in catalogue.services if item.level and country in item.countries]
        return catalogue.fitting(country=known.countries[0], device_type=known.device_type, model=line.model)

    def _line(self) -> dict[str, Any]:
        item = self.dice.choice(self.story.given.offers)
        named = item.model_copy(update={"id": f"x{self.count}", "serial": f"X{self.count}-{self.salt}"})
        return {"offer": self.shelf().offer(named), "starts_on": None}


def _own(story: Scenario, salt: str, fleet: str) -> Scenario:
    """The story with a customer and devices that no other has."""
    text, customer = story.model_dump_json(by_alias=True), story.given.customer.id
    serials = {item.serial for item in story.given.offers}
    serials |= {item.serial for step in story.when for item in given_offers(step)}
    for serial in serials:
        text = text.replace(f'"{serial}"', f'"{fleet or f"{serial}-{salt}"}"')
    text = text.replace(f'"{customer}"', f'"{customer}-{salt}"')
    return Scenario.model_validate_json(text)
