"""Fleets: the devices of an installed base, imported as a file, counted, and settled with where they change."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, StringConstraints

from api.commands import give, view_of
from api.counting import counted, fleet_row
from api.fields import Body, Code, Cursor, Day, Limit, Line, Number, Page, Serial, after, cursor
from api.fleet_files import DeviceFile
from api.offering import programme
from api.once import OnceOperate, OnceQuote
from api.problems import RESPONSES, ProblemError, not_found
from api.security import MayRead
from api.services import Needs, Services
from api.uploads import RESPONSES as UPLOAD_RESPONSES
from api.uploads import CsvToOperate
from domain.calendar import local_date
from domain.fleet.census import FleetDevice, shortfall
from domain.fleet.commands import ReportCensus, SettleAdjustment
from domain.fleet.state import Census
from domain.refusal import Refusal
from domain.terms import Terms
from domain.view import View
from storage import fleets

router = APIRouter(tags=["fleets"], responses=RESPONSES)
FleetPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,40}$", description="The fleet's id.")]

_EXAMPLE = (
    "serial,kind,model,country,included,warranty_end,care_pack_end\n"
    "NB-000001,notebook,Notebook 14,FR,yes,2028-05-17,\n"
    "DI-000001,display,Display 24,FR,yes,,\n"
)
_CSV = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


class FleetRequest(Body):
    """A fleet to make: whose it is, and the programme that it is to be served under."""

    customer: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")] = Field(
        examples=["atelier-brun"]
    )
    programme: Code


class KindOut(BaseModel):
    """How many devices of a kind a fleet has: those that are to be served, and those that are left out."""

    kind: str
    included: int
    left_out: int


class FleetOut(BaseModel):
    """A fleet: its devices by kind, and when they were last imported."""

    id: str
    customer: str
    programme: str
    created_at: datetime
    imported_at: datetime | None
    devices: int
    kinds: list[KindOut]


class CensusOut(Census):
    """A count, and what it lacks to the minimum of each service level, by class of device."""

    lacking: dict[str, dict[str, int]]


class CensusRequest(Body):
    """A count that was taken elsewhere; without one, the fleet's devices are counted as they are now."""

    census: Census | None = None


class SettleRequest(Body):
    """How a difference is settled, and why; ``census`` where something else than the last count is agreed to."""

    adjustment: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,60}$")] | None = Field(
        default=None, description="The open one, where its number is not given."
    )
    how: Literal["true_up", "level_change", "dismissed"]
    reason: Line
    census: Census | None = None


async def _shown(services: Services, fleet_id: str) -> FleetOut:
    async with services.database.read() as connection:
        row = await fleets.find(connection, fleet_id)
        totals = await fleets.totals(connection, fleet_id)
    if row is None:
        raise not_found(f"fleet {fleet_id}")
    kinds = [
        KindOut(kind=kind, included=split.get(True, 0), left_out=split.get(False, 0)) for kind, split in totals.items()
    ]
    devices = sum(item.included + item.left_out for item in kinds)
    return FleetOut.model_validate(row | {"devices": devices, "kinds": kinds})


async def _terms(services: Services, code: str) -> Terms:
    """A programme's newest terms. Raises a Refusal where it takes no fleets."""
    async with services.database.read() as connection:
        terms = (await programme(connection, code)).terms
    if terms.fleet is None:
        raise Refusal(terms.quote.rule, f"programme {code} takes no fleets", field="programme")
    return terms


@router.post("/fleets", status_code=201, operation_id="create_fleet")
async def create_fleet(services: Needs, wanted: FleetRequest, once: OnceQuote) -> FleetOut:
    """Make a fleet, which has no devices yet."""

    async def create(command: str) -> FleetOut:
        await _terms(services, wanted.programme)
        # Named after the command, so that a repeat of one that was cut short finds what it has made.
        fleet_id = f"FLEET-{sha256(command.encode()).hexdigest()[:12].upper()}"
        values = {"id": fleet_id, "created_at": services.now(), "imported_at": None} | wanted.model_dump()
        async with services.database.write() as connection:
            await fleets.create(connection, values)
        return await _shown(services, fleet_id)

    return await once.do(create, status=201)  # type: ignore[return-value]


@router.get("/fleets/{fleet}", operation_id="read_fleet")
async def read_fleet(services: Needs, fleet: FleetPath, _: MayRead) -> FleetOut:
    """A fleet: how many devices of each kind it has, and since when."""
    return await _shown(services, fleet)


@router.put("/fleets/{fleet}/devices", operation_id="import_devices", responses=UPLOAD_RESPONSES, openapi_extra=_CSV)
async def import_devices(services: Needs, fleet: FleetPath, upload: CsvToOperate) -> FleetOut:
    """Replace all devices of a fleet by those of a CSV file, or, where a line of it is wrong, by none.

    The file is UTF-8 and begins with the names of its columns: `serial`, `kind`, `model`, `country` (two letters),
    `included` (`yes`: to be served; `no`: in the installed base and left out), and for every kind of cover that the
    programme asks for one column such as `warranty_end` with its last day (`2028-05-17`; empty: no such cover). Where
    the programme's catalogue has terms of warranty, columns such as `installed_on` say what they are reckoned from.
    A problem (422) names the first thousand errors, each with line, field and remedy, and their total.
    """

    async def take(_: str) -> FleetOut:
        code = (await fleet_row(services, fleet))["programme"]
        terms = await _terms(services, code)
        covers = terms.fleet.covered_by if terms.fleet else ()
        async with services.database.read() as connection:
            warranties = (await programme(connection, code)).catalogue.warranties
        file = DeviceFile(upload.file, covers, warranties)
        await asyncio.to_thread(_read_through, file)
        if file.total:
            raise _wrong(file)
        async with services.database.write() as connection:
            await fleets.replace(connection, fleet, DeviceFile(upload.file, covers, warranties), services.now())
        return await _shown(services, fleet)

    return await upload.once.do(take)  # type: ignore[return-value]


def _read_through(file: DeviceFile) -> None:
    for _ in file:
        pass


def _wrong(file: DeviceFile) -> ProblemError:
    lines = f"{file.wrong_lines} {'line is' if file.wrong_lines == 1 else 'lines are'}"
    first = file.errors[0]
    detail = (
        f"{lines} wrong, nothing was imported; the first is line {first['line']}, {first['field']}: {first['reason']}"
    )
    return ProblemError(422, "invalid", detail, field=first["field"], errors=file.errors, total=file.total)


@router.get("/fleets/{fleet}/devices", operation_id="list_fleet_devices")
async def list_fleet_devices(
    services: Needs, fleet: FleetPath, _: MayRead, page: Cursor = None, limit: Limit = 100
) -> Page[FleetDevice]:
    """A fleet's devices by serial number."""
    await fleet_row(services, fleet)
    async with services.database.read() as connection:
        items = await fleets.page(connection, fleet, after=after(page), limit=limit)
    return Page(items=items, next_cursor=cursor(items[-1].serial) if len(items) == limit else None)


@router.get("/fleets/{fleet}/devices/{serial}", operation_id="read_fleet_device")
async def read_fleet_device(services: Needs, fleet: FleetPath, serial: Serial, _: MayRead) -> FleetDevice:
    """One device of a fleet, with its cover."""
    async with services.database.read() as connection:
        found = await fleets.device(connection, fleet, serial)
    if found is None:
        raise not_found(f"device {serial} in fleet {fleet}")
    return found


@router.get("/fleets/{fleet}/census", operation_id="read_census")
async def read_census(
    services: Needs,
    fleet: FleetPath,
    _: MayRead,
    programme_code: Annotated[Code | None, Query(alias="programme", description="The fleet's own without it.")] = None,
    on: Annotated[Day | None, Query(description="The day to answer for; today where it is not given.")] = None,
) -> CensusOut:
    """A fleet's devices counted as a programme asks, and what they lack to the minimum of each service level."""
    row = await fleet_row(services, fleet)
    terms = await _terms(services, programme_code or row["programme"])
    day: date = on or local_date(services.now(), terms.time_zone)
    found = await counted(services, terms, fleet, day)
    lacking = (
        {level: shortfall(terms.fleet, [level], found.counted) for level in terms.fleet.minimums} if terms.fleet else {}
    )
    return CensusOut(**found.model_dump(), lacking=lacking)


@router.post("/contracts/{number}/report-census", operation_id="report_census")
async def report_census(services: Needs, number: Number, wanted: CensusRequest, once: OnceOperate) -> View:
    """Compare a contract's fleet with what was agreed, now; a difference opens an adjustment."""
    shown = await view_of(services, number)

    async def act(command: str) -> View:
        census = wanted.census
        if census is None and shown.fleet is not None:
            terms = await _terms(services, shown.programme)
            day = local_date(shown.now if shown.clock else services.now(), shown.zone)
            census = await counted(services, terms, shown.fleet.fleet, day)
        report = ReportCensus(id=command, by=once.by, census=census or Census(on=shown.now.date()))
        return (await give(services, number, report)).view

    return await once.do(act)  # type: ignore[return-value]


@router.post("/contracts/{number}/settle-adjustment", operation_id="settle_adjustment")
async def settle_adjustment(services: Needs, number: Number, wanted: SettleRequest, once: OnceOperate) -> View:
    """Close the open adjustment: the customer pays for more devices, changes the level, or it is dismissed."""

    async def act(command: str) -> View:
        settle = SettleAdjustment(id=command, by=once.by, **dict(wanted))
        return (await give(services, number, settle)).view

    return await once.do(act)  # type: ignore[return-value]
