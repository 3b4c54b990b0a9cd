"""Supplies: what fits a device, orders and where they are, levels that devices report."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from api.checkout import Method
from api.commands import give, state_of, view_of
from api.fields import Body, Code, Line, Number, Serial, SerialNumber, Word
from api.offering import Programme, programme
from api.once import OnceOperate, OnceOrder
from api.problems import RESPONSES, ProblemError, not_found
from api.security import MayRead
from api.services import Needs, Services
from domain.catalogue import Supply, item_of
from domain.refusal import Refusal
from domain.supplies.commands import OrderSupply, ReportForeignSupply, ReportLevel, ReportShipment
from domain.supplies.state import Item, SupplyOrder
from domain.view import View
from storage import contracts, people

router = APIRouter(tags=["supplies"], responses=RESPONSES)
OrderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
Cartridge = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,60}$")]
Percent = Annotated[int, Field(ge=0, le=100, description="What is left, in percent.")]
READINGS = 500


class ItemRequest(Body):
    """How many of a supply."""

    sku: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1


class OrderRequest(Body):
    """Supplies for a device, and how they are paid."""

    order: OrderId | None = Field(default=None, description="The order's number; made up where it is not given.")
    serial: SerialNumber
    items: Annotated[tuple[ItemRequest, ...], Field(min_length=1, max_length=50)]
    method: Method | None = Field(default=None, description="The payment provider's token; without one, on account.")


class ShipmentReport(Body):
    """How an order stands."""

    order: OrderId
    status: Literal["shipped", "delivered", "cancelled"]
    reference: Line | None = Field(default=None, description="Where it can be tracked.")


class LevelReport(Body):
    """How full a device's cartridge is."""

    serial: SerialNumber
    supply: Word = Field(examples=["black"])
    cartridge: Cartridge = Field(description="The cartridge's own number: a new one has new alerts.")
    percent: Percent


class ForeignReport(Body):
    """A supply in a device that was not ordered through the programme."""

    serial: SerialNumber
    supply: Word
    genuine: bool = False


class Readings(Body):
    """What an agent on a fleet's network has read."""

    readings: Annotated[tuple[LevelReport, ...], Field(min_length=1, max_length=READINGS)]


class Reading(BaseModel):
    """What became of one reading."""

    serial: str
    supply: str
    outcome: Literal["taken", "unknown", "refused"]
    contract: str | None = None
    events: tuple[str, ...] = ()
    reason: str | None = None


class ReadingsOut(BaseModel):
    """What became of every reading, in the order in which they were given."""

    readings: list[Reading]


class SupplyOut(BaseModel):
    """A supply that fits a device; `price` is net, for one."""

    sku: str
    name: str
    kind: str
    supply: str
    price: str
    currency: str
    sample: bool


@router.get("/devices/{serial}/supplies", operation_id="list_supplies")
async def list_supplies(
    services: Needs,
    serial: Serial,
    _: MayRead,
    programme_code: Annotated[Code, Query(alias="programme", examples=["HPX"])],
    language: Annotated[str, Query(pattern="^[a-z]{2}$")] = "en",
) -> list[SupplyOut]:
    """The supplies that fit a device, of standard and of high capacity."""
    async with services.database.read() as connection:
        device = await people.find_device(connection, serial)
        offered = await programme(connection, programme_code)
    if device is None:
        raise not_found(f"device {serial}")
    return [
        SupplyOut(
            sku=supply.sku,
            name=offered.terms.text(supply.name, language),
            kind=supply.kind,
            supply=supply.supply,
            price=str(supply.price),
            currency=offered.terms.currency,
            sample=supply.sample,
        )
        for supply in offered.catalogue.supplies
        if device["model"] in supply.models
    ]


@router.post("/contracts/{number}/order-supply", operation_id="order_supply")
async def order_supply(services: Needs, number: Number, wanted: OrderRequest, once: OnceOrder) -> View:
    """Order supplies for a device of the contract."""
    shown = await view_of(services, number)

    async def act(command: str) -> View:
        async with services.database.read() as connection:
            offered = await programme(connection, shown.programme)
        model = next((line.model for line in shown.lines if line.serial == wanted.serial), None)
        order = OrderSupply(
            id=command,
            by=once.by,
            order=wanted.order or sha256(command.encode()).hexdigest()[:12],
            serial=wanted.serial,
            items=_items(offered, wanted.items, model, shown.customer.language),
            method=wanted.method,
        )
        return (await give(services, number, order)).view

    return await once.do(act)  # type: ignore[return-value]


def _items(offered: Programme, wanted: tuple[ItemRequest, ...], model: str | None, language: str) -> tuple[Item, ...]:
    """The supplies with their price. Raises a Refusal that names those that fit."""
    return tuple(
        item_of(_supply(offered, item.sku, model, index), offered.terms, language, item.quantity)
        for index, item in enumerate(wanted)
    )


def _supply(offered: Programme, sku: str, model: str | None, index: int) -> Supply:
    fitting = {item.sku: item for item in offered.catalogue.supplies if model is None or model in item.models}
    if sku not in fitting:
        rule = offered.terms.supplies.rule if offered.terms.supplies else offered.terms.quote.rule
        raise Refusal(
            rule,
            f"{sku} does not fit {model or 'the device'}",
            allowed_when=f"it is one of {', '.join(fitting) or 'none'}",
            field=f"items.{index}.sku",
        )
    return fitting[sku]


@router.get("/contracts/{number}/supply-orders", operation_id="list_supply_orders")
async def list_supply_orders(services: Needs, number: Number, _: MayRead) -> list[SupplyOrder]:
    """The contract's orders of supplies and where they are: all open ones, and the latest that are done."""
    return list((await state_of(services, number)).supplies.orders)


@router.post("/contracts/{number}/report-shipment", operation_id="report_shipment")
async def report_shipment(services: Needs, number: Number, wanted: ShipmentReport, once: OnceOperate) -> View:
    """Say that an order of supplies was shipped, delivered or cancelled."""

    async def act(command: str) -> View:
        report = ReportShipment(id=command, by=once.by, **wanted.model_dump())
        return (await give(services, number, report)).view

    return await once.do(act)  # type: ignore[return-value]


@router.post("/contracts/{number}/report-level", operation_id="report_level")
async def report_level(services: Needs, number: Number, wanted: LevelReport, once: OnceOperate) -> View:
    """Say how full a cartridge of one of the contract's devices is."""

    async def act(command: str) -> View:
        return (await give(services, number, ReportLevel(id=command, by=once.by, **wanted.model_dump()))).view

    return await once.do(act)  # type: ignore[return-value]


@router.post("/contracts/{number}/report-foreign-supply", operation_id="report_foreign_supply")
async def report_foreign_supply(services: Needs, number: Number, wanted: ForeignReport, once: OnceOperate) -> View:
    """Say that a device has a supply in it from elsewhere: its cover ends."""

    async def act(command: str) -> View:
        return (await give(services, number, ReportForeignSupply(id=command, by=once.by, **wanted.model_dump()))).view

    return await once.do(act)  # type: ignore[return-value]


@router.post("/levels", operation_id="report_levels")
async def report_levels(services: Needs, wanted: Readings, once: OnceOperate) -> ReadingsOut:
    """Take what an agent on a fleet's network has read; each reading is answered for itself."""

    async def act(command: str) -> ReadingsOut:
        answers = [
            await _read(services, reading, f"{command}/{index}", once.by)
            for index, reading in enumerate(wanted.readings)
        ]
        return ReadingsOut(readings=answers)

    return await once.do(act)  # type: ignore[return-value]


async def _read(services: Services, reading: LevelReport, command: str, by: str) -> Reading:
    answer = Reading(serial=reading.serial, supply=reading.supply, outcome="unknown")
    async with services.database.read() as connection:
        numbers = [number for number, _ in await contracts.with_device(connection, reading.serial)]
    for number in numbers:
        try:
            taken = await give(services, number, ReportLevel(id=command, by=by, **reading.model_dump()))
        except ProblemError as problem:
            if problem.status != 409:
                raise
            answer = answer.model_copy(update={"outcome": "refused", "contract": number, "reason": problem.detail})
        else:
            return answer.model_copy(update={"outcome": "taken", "contract": number, "events": taken.events})
    return answer
