"""Devices and the cover that they have: what a serial number tells."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from api.commands import give, give_once
from api.describing import described
from api.fields import Body, Code, Cursor, Day, Limit, Line, Number, Page, Serial, SerialNumber, Word, after, cursor
from api.offering import programme
from api.once import OnceOperate
from api.problems import RESPONSES, ProblemError, not_found
from api.security import MayRead
from api.services import Needs, Services
from domain.calendar import local_date, months_after
from domain.commands import MoveCover
from domain.state import Cover
from domain.view import View
from domain.warranty.reckoning import Warranty, warranties, whole_cover
from domain.warranty.state import DateName
from storage import contracts, people

router = APIRouter(tags=["devices"], responses=RESPONSES)
Kind = Word


class CoverIn(Body):
    """One kind of cover, and the last day on which it holds."""

    kind: Kind = Field(examples=["warranty"])
    last_day: Day


def each_kind_once(cover: tuple[CoverIn, ...]) -> tuple[CoverIn, ...]:
    """The cover, with each of its kinds once. Raises ValueError."""
    kinds = [item.kind for item in cover]
    if len(set(kinds)) < len(kinds):
        raise ValueError("each kind of cover is given once")
    return cover


class DeviceIn(Body):
    """A device as it is known from now on."""

    model: Line = Field(examples=["DesignJet T-24"])
    device_type: Kind = Field(examples=["large_format"])
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] = Field(examples=["FR"])
    cover: Annotated[tuple[CoverIn, ...], Field(max_length=20), AfterValidator(each_kind_once)] = ()
    facts: dict[Kind, bool] = Field(default_factory=dict, max_length=20, examples=[{"networked": True}])
    dates: dict[DateName, Day] = Field(
        default_factory=dict,
        description="What terms of warranty count from. A last day under `cover` goes before what is reckoned.",
        examples=[{"installed_on": "2027-01-05"}],
    )
    in_use_since: Day | None = Field(
        default=None, description="Its first day of use; stands for `installed_on` where that is not given."
    )
    support_ends: Day | None = Field(default=None, description="The last day of its maker's support.")


class DeviceOut(BaseModel):
    """A device."""

    serial: str
    model: str
    device_type: str
    country: str
    cover: list[Cover]
    facts: dict[str, bool] = Field(default_factory=dict)
    dates: dict[DateName, date] = Field(default_factory=dict)
    in_use_since: date | None = None
    support_ends: date | None = None


class CoverAnswer(BaseModel):
    """What a serial number tells: until when and by what a device is covered, and what an order would need."""

    serial: str
    on: date
    cover: list[Cover]
    warranties: list[Warranty] = Field(description="The programme's terms of warranty for it, and what is missing.")
    last_day: date | None = Field(description="The last day of the cover that the programme waits for.")
    in_force: bool
    service_from: date | None = Field(
        description="Where cover is in force: the first day of service by an order today."
    )
    inspection_needed: bool
    rule: str


class LeftAlone(BaseModel):
    """A contract that did not take what was found out of its device, with its rule and reason."""

    contract: str
    rule: str | None
    reason: str


class DeviceChanged(BaseModel):
    """A device, the contracts that its cover has moved, and those that it could not move."""

    device: DeviceOut
    moved: list[str]
    left: list[LeftAlone] = Field(default_factory=list)


Cause = Literal["claim", "registration", "correction", "transfer", "exchange"]


class DatesRequest(Body):
    """What is found out of a device: dates that are new or other than known; one that is null is taken back."""

    dates: Annotated[dict[DateName, Day | None], Field(min_length=1, examples=[{"registered_on": "2027-02-10"}])]
    cause: Cause = "correction"
    reason: Line | None = None


class MoveCoverRequest(Body):
    """A device's cover as it really is, for one contract, and why."""

    serial: SerialNumber
    cover: Annotated[tuple[CoverIn, ...], Field(max_length=20), AfterValidator(each_kind_once)]
    cause: Cause = "correction"
    reason: Line | None = None


@router.get("/devices", operation_id="list_devices")
async def list_devices(services: Needs, _: MayRead, page: Cursor = None, limit: Limit = 50) -> Page[DeviceOut]:
    """Devices by serial number."""
    start = after(page)
    async with services.database.read() as connection:
        found = await people.devices(connection, after=start, limit=limit)
    items = [DeviceOut.model_validate(row) for row in found]
    return Page(items=items, next_cursor=cursor(items[-1].serial) if len(items) == limit else None)


@router.get("/devices/{serial}", operation_id="read_device")
async def read_device(services: Needs, serial: Serial, _: MayRead) -> DeviceOut:
    """A device."""
    return await _device(services, serial)


async def _device(services: Services, serial: str) -> DeviceOut:
    async with services.database.read() as connection:
        found = await people.find_device(connection, serial)
    if found is None:
        raise not_found(f"device {serial}")
    return DeviceOut.model_validate(found)


@router.get("/devices/{serial}/cover", operation_id="read_cover")
async def read_cover(
    services: Needs,
    serial: Serial,
    _: MayRead,
    programme_code: Annotated[Code, Query(alias="programme", examples=["HPX"])],
    on: Annotated[Day | None, Query(description="The day to answer for; today where it is not given.")] = None,
) -> CoverAnswer:
    """Until when a device is covered, and what that means for an order on a day."""
    known = described((await _device(services, serial)).model_dump())
    async with services.database.read() as connection:
        offered = await programme(connection, programme_code)
    terms, cover = offered.terms, whole_cover(offered.catalogue.warranties, known)
    day = on or local_date(services.now(), terms.time_zone)
    last = max((item.last_day for item in cover if item.kind in terms.start.after), default=None)
    lapsed = terms.lapsed_cover
    in_force = last is not None and last >= day
    return CoverAnswer(
        serial=serial,
        on=day,
        cover=list(cover),
        warranties=list(warranties(offered.catalogue.warranties, known)),
        last_day=last,
        in_force=in_force,
        service_from=date.fromordinal(last.toordinal() + 1) if last and in_force else None,
        inspection_needed=bool(lapsed and lapsed.inspection and last and months_after(last, lapsed.months) <= day),
        rule=terms.start.rule,
    )


@router.put("/devices/{serial}", operation_id="put_device")
async def put_device(services: Needs, serial: Serial, wanted: DeviceIn, once: OnceOperate) -> DeviceChanged:
    """Add or correct a device. Contracts that wait for its cover to end move with it."""

    async def put(command: str) -> DeviceChanged:
        dated = {"in_use_since": wanted.in_use_since, "support_ends": wanted.support_ends}
        values = {"serial": serial} | wanted.model_dump(mode="json") | dated
        return await _changed(
            services, values, MoveCover(id=command, by=once.by, serial=serial, cover=(), cause="correction")
        )

    return await once.do(put)  # type: ignore[return-value]


@router.post("/devices/{serial}/dates", operation_id="date_device")
async def date_device(services: Needs, serial: Serial, wanted: DatesRequest, once: OnceOperate) -> DeviceChanged:
    """Say what is found out of a device by its day: contracts that wait for its warranty to end move with it."""

    async def put(command: str) -> DeviceChanged:
        known = (await _device(services, serial)).model_dump()
        dates = {name: day for name, day in (known["dates"] | wanted.dates).items() if day}
        plain = DeviceIn.model_validate({name: known[name] for name in DeviceIn.model_fields} | {"dates": dates})
        values = known | plain.model_dump(mode="json", include={"cover", "dates"})
        why = {"cause": wanted.cause, "reason": wanted.reason}
        return await _changed(services, values, MoveCover(id=command, by=once.by, serial=serial, cover=(), **why))

    return await once.do(put)  # type: ignore[return-value]


@router.post("/contracts/{number}/move-cover", operation_id="move_cover")
async def move_cover(services: Needs, number: Number, wanted: MoveCoverRequest, once: OnceOperate) -> View:
    """Correct the cover that a contract knows of one of its devices: what waits for its end moves along.

    What was billed is not billed anew: by the programme's terms it is credited, or the correction is refused. The last
    one can be undone (`undo` with `cover`).
    """
    return await give_once(services, number, once, MoveCover, **wanted.model_dump())  # type: ignore[return-value]


async def _changed(services: Services, values: dict[str, Any], move: MoveCover) -> DeviceChanged:
    """The device written down, and its contracts told where its cover is another one by their programme's terms.

    They are told first: a request that is cut short and sent again then finds everybody who must hear of it.
    """
    async with services.database.read() as connection:
        before = await people.find_device(connection, move.serial)
        terms = await services.remembered.warranties_now(connection)
        found = await contracts.with_device(connection, move.serial) if before else []
    changed = DeviceChanged(device=DeviceOut.model_validate(values), moved=[])
    now = described(values)
    for number, code in found:
        cover = whole_cover(terms.get(code, ()), now)
        if before and cover != whole_cover(terms.get(code, ()), described(before)):
            await _move(services, number, move.model_copy(update={"cover": cover}), changed)
    async with services.database.write() as connection:
        await people.put_device(connection, values)
    return changed


async def _move(services: Services, number: str, move: MoveCover, changed: DeviceChanged) -> None:
    """Tell one contract; one that does not take it says why, and is left alone."""
    try:
        await give(services, number, move)
    except ProblemError as problem:
        if problem.status != 409:
            raise
        left = LeftAlone(contract=number, rule=problem.more.get("rule"), reason=problem.detail)
        changed.left.append(left)
    else:
        changed.moved.append(number)
