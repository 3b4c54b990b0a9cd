"""From what a customer asks for to what is offered: services from the catalogue, cover from the device."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from api.counting import CountedFleet
from api.describing import described
from api.fields import Body, LineId, SerialNumber, ServiceId, Word
from api.problems import not_found
from domain.catalogue import Catalogue, Service, offer_of, term_of
from domain.refusal import Refusal
from domain.simulator import PriceListWorld
from domain.state import Offer
from domain.terms import Terms
from storage import people, programmes


class OfferRequest(Body):
    """A service for a device."""

    id: LineId | None = Field(default=None, description="The line's id; numbered from 1 where it is not given.")
    serial: SerialNumber
    service: ServiceId
    quantity: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="1, or for a fleet as many as are counted in the service's class, if not given."
    )
    facts: dict[Word, bool] = Field(
        default_factory=dict, max_length=20, description="What is said of the device now, besides what is known of it."
    )


class Programme:
    """A programme's newest version, as it is offered."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.terms = Terms.model_validate(row["terms"])
        self.catalogue = Catalogue.model_validate(row["catalogue"])

    def world(self) -> PriceListWorld:
        """The world in which a contract of the programme is forecast: today's prices and terms."""
        return PriceListWorld(prices=self.catalogue.price_list(), terms=self.terms, indices=self.catalogue.indices)


async def programme(connection: AsyncConnection, code: str) -> Programme:
    """A programme by its code. Raises a problem (404)."""
    row = await programmes.latest(connection, code)
    if row is None:
        raise not_found(f"programme {code}")
    return Programme(row)


async def offers(
    connection: AsyncConnection,
    offered: Programme,
    wanted: tuple[OfferRequest, ...],
    language: str,
    fleet: CountedFleet | None = None,
) -> tuple[Offer, ...]:
    """The offers that a request comes to. Raises a Refusal that names what does not fit, and what would."""
    known = await people.find_devices(connection, [item.serial for item in wanted])
    return tuple(
        _fleet_offer(offered, item, index, fleet, language)
        if fleet and item.serial == fleet.id
        else _offer(offered, item, index, known, language)
        for index, item in enumerate(wanted)
    )


def _offer(
    offered: Programme, item: OfferRequest, index: int, known: dict[str, dict[str, Any]], language: str
) -> Offer:
    device = known.get(item.serial)
    rule = offered.terms.quote.rule
    if device is None:
        raise Refusal(
            rule,
            f"device {item.serial} is not known",
            allowed_when="the device is registered first, with its model and cover",
            field=f"offers.{index}.serial",
        )
    service = _service(offered, item, index, device)
    return offer_of(
        offered.catalogue,
        service,
        offered.terms,
        described(device | {"facts": device["facts"] | item.facts}),
        language,
        id=item.id or str(index + 1),
        quantity=item.quantity or 1,
    )


def chosen_term(offered: Programme, made: tuple[Offer, ...], wanted: int | None) -> int | None:
    """The length of term of a quote: as asked, else the one that its services are sold for. Raises a Refusal."""
    rule = offered.terms.term.rule if offered.terms.term else offered.terms.quote.rule
    try:
        sold = term_of(service for item in made if (service := offered.catalogue.service(item.service)))
    except ValueError as error:
        raise Refusal(rule, str(error), field="offers") from error
    if sold and wanted and sold != wanted:
        raise Refusal(
            rule,
            f"the services are sold for a term of {sold} months, not of {wanted}",
            allowed_when=f"the term is {sold} months, or other services are asked for",
            field="term_months",
        )
    return wanted or sold


def _service(offered: Programme, item: OfferRequest, index: int, device: dict[str, Any]) -> Service:
    fitting = offered.catalogue.fitting(
        country=device["country"], device_type=device["device_type"], model=device["model"]
    )
    service = next((service for service in fitting if service.id == item.service), None)
    if service is None:
        names = ", ".join(service.id for service in fitting) or "none"
        raise Refusal(
            offered.terms.quote.rule,
            f"service {item.service} is not offered for {device['model']} in {device['country']}",
            allowed_when=f"the service is one of: {names}",
            field=f"offers.{index}.service",
        )
    return service


def _fleet_offer(offered: Programme, item: OfferRequest, index: int, fleet: CountedFleet, language: str) -> Offer:
    """A service for a class of a fleet's devices: for as many as are counted, where nothing else is asked for."""
    service = _fleet_service(offered, item, index, fleet)
    counted, of = fleet.census.counted, service.device_class
    quantity = item.quantity or (counted.get(of, 0) if of else sum(counted.values()))
    if quantity < 1:
        raise Refusal(
            offered.terms.quote.rule,
            f"fleet {fleet.id} has no {service.device_class} that counts",
            allowed_when=f"devices of the class {service.device_class} are included and have valid cover",
            field=f"offers.{index}.service",
        )
    return Offer(
        id=item.id or str(index + 1),
        service=service.id,
        text=offered.terms.text(service.name, language),
        serial=fleet.id,
        model=service.models[0],
        quantity=quantity,
        level=service.level,
        prices=service.prices,
        device_class=service.device_class,
    )


def _fleet_service(offered: Programme, item: OfferRequest, index: int, fleet: CountedFleet) -> Service:
    fitting = [
        service
        for service in offered.catalogue.services
        if (service.device_class or service.level) and fleet.country in service.countries
    ]
    service = next((service for service in fitting if service.id == item.service), None)
    if service is None:
        names = ", ".join(service.id for service in fitting) or "none"
        raise Refusal(
            offered.terms.quote.rule,
            f"service {item.service} is not offered for fleets in {fleet.country}",
            allowed_when=f"the service is one of: {names}",
            field=f"offers.{index}.service",
        )
    return service
