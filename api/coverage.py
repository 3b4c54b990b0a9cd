"""When a device stops: one question, answered from its contracts, its fleets and the cover that came with it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.describing import described
from api.fields import Day, Serial
from api.problems import RESPONSES, not_found
from api.security import MayRead
from api.services import Needs
from domain.calendar import local_date
from domain.coverage import Coverage, by_contract, coverage
from domain.replacement.history import successor
from domain.warranty.reckoning import Described, warranties, whole_cover
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


@router.get("/devices/{serial}/entitlement", operation_id="read_entitlement", response_model=Coverage)
async def read_entitlement(
    services: Needs,
    serial: Serial,
    _: MayRead,
    *,
    on: OnDay = None,
    service: ServiceAsked = None,
    test_clock: OnClock = None,
) -> Response:
    """Whether a device is covered on a day: by which contract, level and rule, until when, what is left, who may call.

    A contract goes before the warranty that the device came with. `warranties` names the term and the fact that each
    rests on; where a fact is missing, `unknown` says which, and `covered` is empty.
    """
    now, said, programmes, seen = services.now(), [], [], []
    async with services.database.glance() as connection:
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
            answer = by_contract(
                shown, terms, serial, day, service=service, device=device, days=stands.days if device else None
            )
            said += [answer] if answer else []
            programmes.append(shown.programme)
            seen.append(shown)
        terms_of_warranty = await services.remembered.warranties(connection, programmes)
    described = _described(stands)
    found = [item for device in described for item in warranties(terms_of_warranty, device)]
    cover = [item for device in described for item in whole_cover(terms_of_warranty, device)]
    days = next((days for shown in seen if (days := successor(shown.lines, serial))), stands.days)
    whole = coverage(serial, on or now.date(), cover, said, warranties=found, days=days)
    return Response(whole.model_dump_json(), media_type="application/json")


def _described(stands: Known) -> tuple[Described, ...]:
    """The device as the devices and the fleets know it."""
    own = (described(stands.device),) if stands.device else ()
    return (*own, *stands.in_fleets.values())
