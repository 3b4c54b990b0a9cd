"""`./tenure simulate`: a life played through in milliseconds, compared with what its file expects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from adapters.programme_files import Programme, load, read
from cli.timeline import Row, rows, table
from domain.catalogue import Device, Service, item_of, offer_of, term_of
from domain.scenario import GivenOffer, Scenario, play, timeline
from domain.simulator import Life, PriceListWorld
from domain.state import Offer
from domain.supplies.state import Item

SIMULATED = "SIMULATED"


def simulate(
    terms: Annotated[Path, typer.Argument(help="A programme's terms file, its catalogue beside it.", exists=True)],
    scenario: Annotated[Path, typer.Argument(help="A scenario file: given, when, then.", exists=True)],
    *,
    then: Annotated[bool, typer.Option("--then", help="Print the timeline as a scenario's `then`.")] = False,
) -> None:
    """Play a scenario on the simulator; exits with 1 where it differs from what the file expects."""
    console = Console(soft_wrap=True)
    programme = load(terms)
    story = read(scenario, Scenario)
    life, wrong = simulated(programme, story, SIMULATED)
    if then:
        for expected in timeline(life.entries):
            print(f'  - "{expected}"')
        return
    console.print(table(story.title, told(life), programme.terms.currency))
    for line in wrong:
        console.print(line, style="red", markup=False)
    if wrong:
        raise typer.Exit(1)


def simulated(programme: Programme, story: Scenario, number: str) -> tuple[Life, list[str]]:
    """The life that a scenario tells, and every difference from what it expects."""
    language = story.given.customer.language
    offers = tuple(offer(programme, item, language) for item in story.given.offers)
    world = PriceListWorld(
        prices=programme.catalogue.price_list(),
        terms=programme.terms,
        indices=programme.catalogue.indices,
        fleet=story.given.fleet,
    )
    services = (programme.catalogue.service(item.service) for item in story.given.offers)
    months = term_of(service for service in services if service)
    quote = story.quote(number, programme.terms, offers, months)
    return play(story, quote, world, Shelf(programme, language))


@dataclass(frozen=True, slots=True)
class Shelf:
    """A programme's catalogue as a scenario's shop."""

    programme: Programme
    language: str

    def offer(self, item: GivenOffer) -> Offer:
        """What a device is offered."""
        return offer(self.programme, item, self.language)

    def item(self, sku: str, quantity: int) -> Item:
        """So many of a supply. Raises typer.BadParameter for what the catalogue lacks."""
        supply = next((supply for supply in self.programme.catalogue.supplies if supply.sku == sku), None)
        if supply is None:
            raise typer.BadParameter(f"the catalogue has no supply {sku}")
        return item_of(supply, self.programme.terms, self.language, quantity)


def offer(programme: Programme, item: GivenOffer, language: str) -> Offer:
    """What a scenario offers, at the catalogue's price. Raises typer.BadParameter for what the catalogue lacks."""
    service = programme.catalogue.service(item.service)
    if service is None:
        raise typer.BadParameter(f"the catalogue has no service {item.service}")
    device = device_of(service, item)
    return offer_of(programme.catalogue, service, programme.terms, device, language, id=item.id, quantity=item.quantity)


def device_of(service: Service, item: GivenOffer) -> Device:
    """The device that a scenario's offer is for."""
    return Device(
        serial=item.serial,
        model=item.model or service.models[0],
        device_type=service.device_type,
        country=service.countries[0],
        cover=item.cover,
        facts=item.facts,
        dates=item.dates,
        in_use_since=item.in_use_since,
        support_ends=item.support_ends,
    )


def told(life: Life) -> list[Row]:
    """A life's timeline, with what was refused on the way."""
    lines = rows(life.entries)
    for at, command, refusal in life.refusals:
        on = life.contract.date_of(at)
        kind = getattr(command, "kind", "")
        since = f"; possible from {refusal.allowed_from}" if refusal.allowed_from else ""
        place = next((index for index, line in enumerate(lines) if line.on > on), len(lines))
        lines.insert(
            place, Row(on=on, what=f"Refused `{kind}`: {refusal.reason}{since}", rule=refusal.rule, refused=True)
        )
    return lines
