"""Fleets, counted for whoever asks: an offer, an audit, or somebody who only wants to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from api.problems import not_found
from api.services import Services
from domain.fleet.census import FleetDevice
from domain.fleet.state import Census
from domain.refusal import Refusal
from domain.terms import Terms
from domain.view import View
from storage import fleets


@dataclass(frozen=True, slots=True)
class CountedFleet:
    """A fleet that an offer is for, and the country of its customer."""

    id: str
    census: Census
    country: str


async def fleet_row(services: Services, fleet_id: str) -> dict[str, Any]:
    """A fleet without its devices. Raises a problem (404) where there is none."""
    async with services.database.read() as connection:
        row = await fleets.find(connection, fleet_id)
    if row is None:
        raise not_found(f"fleet {fleet_id}")
    return row


async def counted(services: Services, terms: Terms, fleet_id: str, day: date) -> Census:
    """A fleet's devices on a local date, as the terms count them. Raises a Refusal where they take no fleets."""
    if terms.fleet is None:
        raise Refusal(terms.quote.rule, "the programme takes no fleets", field="fleet")
    async with services.database.read() as connection:
        return await fleets.census(connection, fleet_id, terms.fleet, day)


async def counted_for(
    services: Services, terms: Terms, fleet_id: str, day: date, *, customer: str, country: str
) -> CountedFleet:
    """A customer's own fleet, counted for an offer. Raises a problem (404) or a Refusal."""
    row = await fleet_row(services, fleet_id)
    if row["customer"] != customer:
        raise Refusal(
            terms.quote.rule,
            f"fleet {fleet_id} is another customer's",
            allowed_when="the fleet is the customer's own",
            field="fleet",
        )
    return CountedFleet(fleet_id, await counted(services, terms, fleet_id, day), country)


async def device_of(services: Services, shown: View, serial: str) -> FleetDevice | None:
    """What a contract's fleet knows of a device; none where it has no fleet, or not this device."""
    if shown.fleet is None:
        return None
    async with services.database.read() as connection:
        return await fleets.device(connection, shown.fleet.fleet, serial)
