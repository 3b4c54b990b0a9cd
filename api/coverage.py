"""When a device stops: one question, answered from its contracts, its fleets and the cover that came with it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.fields import Day, Serial
from api.problems import RESPONSES, not_found
from api.security import MayRead
from api.services import Needs
from domain.calendar import local_date
from domain.coverage import Coverage, by_contract, coverage
from domain.state import Cover
from storage.coverage import Known, known

router = APIRouter(tags=["enquiries"], responses=RESPONSES)
OnDay = Annotated[Day | None, Query(description="The day to answer for; today where it is not given.")]
ServiceAsked = Annotated[
    str | None,
    Query(pattern=r"^[A-Za-z0-9_-]{1,60}$", description="A service of the catalogue, or an entitlement, to ask for."),
]
OnClock = Annotated[
    str | None, Query(pattern=r"^clock-[a-f0-9]+$", description="A test clock, whose contracts are asked instead.")
]


@router.get("/devices/{serial}/entitlement", operation_id="read_entitlement")
async def read_entitlement(
    services: Needs,
    serial: Serial,
    _: MayRead,
    *,
    on: OnDay = None,
    service: ServiceAsked = None,
    test_clock: OnClock = None,
) -> Coverage:
    """Whether a device is covered on a day: by which contract, level and rule, until when, what is left, who may call.

    A contract goes before the warranty that the device came with.
    """
    now, said = services.now(), []
    async with services.database.read() as connection:
        stands = await known(connection, serial, test_clock)
        if stands == Known(None, {}, []):
            raise not_found(f"device {serial}")
        for spoken in stands.contracts:
            shown = await services.remembered.view(connection, spoken.number, spoken.version)
            if shown is None:
                continue
            terms = await services.remembered.terms(connection, shown)
            now = shown.now if shown.clock else now
            device = stands.in_fleets.get(spoken.fleet) if spoken.fleet else None
            day = on or local_date(now, shown.zone)
            answer = by_contract(shown, terms, serial, day, service=service, device=device)
            said += [answer] if answer else []
    return coverage(serial, on or now.date(), _cover(stands), said)


def _cover(stands: Known) -> tuple[Cover, ...]:
    """The cover that the device came with, as the devices and the fleets know it."""
    own = [Cover.model_validate(item) for item in stands.device["cover"]] if stands.device else []
    return (*own, *(cover for device in stands.in_fleets.values() for cover in device.cover))
