"""Enquiries, answered from the contract itself: is it covered, was the order received, when does support end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from api.commands import view_of
from api.fields import Cursor, Day, Limit, Number, Page, after, cursor
from api.problems import RESPONSES
from api.security import MayRead
from api.services import Needs, Services
from domain.answers import Answers, answers
from domain.calendar import local_date
from domain.view import View
from storage import contracts
from storage.contracts import Filters

router = APIRouter(tags=["enquiries"], responses=RESPONSES)
AnySerial = Annotated[str, Query(pattern=r"^[A-Za-z0-9-]{1,40}$", description="The device's serial number.")]
AnyModel = Annotated[
    str | None,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=400),
    Query(description="Its type: the model, as the contract has it."),
]
OnDay = Annotated[Day | None, Query(description="The day to answer for; the contract's today where it is not given.")]


@router.get("/contracts/{number}/cover", operation_id="read_contract_cover")
async def read_contract_cover(services: Needs, number: Number, _: MayRead, on: OnDay = None) -> Answers:
    """Every device of a contract: whether it is covered on a day, since when, until when, and if not, why."""
    return _answers(services, await view_of(services, number), on)


@router.get("/cover", operation_id="find_cover")
async def find_cover(
    services: Needs,
    _: MayRead,
    serial: AnySerial,
    *,
    model: AnyModel = None,
    on: OnDay = None,
    page: Cursor = None,
    limit: Limit = 50,
) -> Page[Answers]:
    """What the contracts say of a device that is known by its type and serial number only."""
    async with services.database.read() as connection:
        found = await contracts.page(connection, Filters(serial=serial), after=after(page), limit=limit)
    said = [_answers(services, shown, on, serial=serial, model=model) for shown in found]
    items = [item for item in said if item.devices]
    return Page(items=items, next_cursor=cursor(found[-1].number) if len(found) == limit else None)


def _answers(
    services: Services, shown: View, on: Day | None, *, serial: str | None = None, model: str | None = None
) -> Answers:
    today = local_date(shown.now if shown.clock else services.now(), shown.zone)
    return answers(shown, on or today, serial=serial, model=model)
