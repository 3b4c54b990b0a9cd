"""Programmes, what they offer, and their coupons."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.fields import Body, Code, Cursor, Day, Limit, Page, ServiceId, after, cursor
from api.offering import programme
from api.problems import RESPONSES, not_found
from api.security import MayAdmin, MayRead
from api.services import Needs
from domain.catalogue import Coupon
from domain.reach import Reach
from domain.terms import Terms
from storage import coupons, programmes
from storage.reach import reached

router = APIRouter(tags=["programmes"], responses=RESPONSES)
Word = Annotated[str | None, Query(max_length=60)]


class ProgrammeSummary(BaseModel):
    """A programme, in brief."""

    code: str
    version: int
    title: dict[str, str]
    currency: str
    languages: tuple[str, ...]
    countries: tuple[str, ...]


class ServiceOffer(BaseModel):
    """A service as it is offered: prices are net, per billing period in months."""

    id: str
    name: str
    summary: str
    details: str
    device_type: str
    models: tuple[str, ...]
    countries: tuple[str, ...]
    currency: str
    prices: dict[int, Decimal] = Field(examples=[{"1": "49.00", "3": "140.00", "12": "528.00"}])
    sample: bool


class CouponIn(Body):
    """A coupon, as it is to be from now on."""

    programme: Code
    service: ServiceId | None = None
    kind: Annotated[str, Field(pattern="^(percent|amount)$")]
    value: Annotated[Decimal, Field(gt=0, le=1_000_000, max_digits=12, decimal_places=4)]
    periods: Annotated[int, Field(ge=1, le=120)] = 1
    valid_from: Day
    valid_until: Day
    max_uses: Annotated[int, Field(ge=1, le=1_000_000)]


class CouponOut(BaseModel):
    """A coupon."""

    code: str
    programme: str
    service: str | None
    kind: str
    value: Decimal
    periods: int
    valid_from: Day
    valid_until: Day
    max_uses: int


@router.get("/programmes", operation_id="list_programmes")
async def list_programmes(services: Needs, _: MayRead) -> list[ProgrammeSummary]:
    """Every programme in its newest version."""
    async with services.database.read() as connection:
        found = [await programme(connection, code) for code in await programmes.codes(connection)]
    return [ProgrammeSummary.model_validate(item.terms.model_dump()) for item in found]


@router.get("/programmes/{code}", operation_id="read_programme")
async def read_programme(
    services: Needs, code: Code, _: MayRead, version: Annotated[int | None, Query(ge=1, le=1_000_000)] = None
) -> Terms:
    """A programme's terms: the newest version, or the one that is asked for."""
    async with services.database.read() as connection:
        if version is None:
            return (await programme(connection, code)).terms
        row = await programmes.one(connection, code, version)
    if row is None:
        raise not_found(f"version {version} of programme {code}")
    return Terms.model_validate(row["terms"])


@router.get("/programmes/{code}/reach", operation_id="list_reached")
async def list_reached(
    services: Needs, code: Code, _: MayRead, *, page: Cursor = None, limit: Limit = 50
) -> Page[Reach]:
    """Running contracts under older versions: from which day the newest one holds for each, or why it does not."""
    items: list[Reach] = []
    async with services.database.read() as connection:
        version = (await programme(connection, code)).terms.version
        async for item in reached(connection, code, version, after=after(page)):
            items.append(item)
            if len(items) == limit:
                break
    return Page(items=items, next_cursor=cursor(items[-1].number) if len(items) == limit else None)


@router.get("/programmes/{code}/services", operation_id="list_services")
async def list_services(
    services: Needs,
    code: Code,
    _: MayRead,
    *,
    country: Annotated[str | None, Query(pattern="^[A-Z]{2}$", examples=["FR"])] = None,
    device_type: Annotated[str | None, Query(max_length=60, examples=["large_format"])] = None,
    model: Annotated[str | None, Query(max_length=500, examples=["DesignJet T-24"])] = None,
    language: Annotated[str | None, Query(pattern="^[a-z]{2}$", examples=["fr"])] = None,
) -> list[ServiceOffer]:
    """The services that fit a country, a printer type and a model; what is not given fits all."""
    async with services.database.read() as connection:
        offered = await programme(connection, code)
    terms = offered.terms
    read_in = language or terms.languages[0]
    return [
        ServiceOffer.model_validate(
            service.model_dump()
            | {
                "name": terms.text(service.name, read_in),
                "summary": terms.text(service.summary, read_in),
                "details": terms.text(service.details, read_in),
                "currency": terms.currency,
            }
        )
        for service in offered.catalogue.fitting(country=country, device_type=device_type, model=model)
    ]


@router.get("/coupons/{coupon}", operation_id="read_coupon", tags=["coupons"])
async def read_coupon(
    services: Needs, coupon: Annotated[str, Path(pattern=r"^[A-Z0-9-]{3,30}$")], _: MayRead
) -> CouponOut:
    """A coupon."""
    async with services.database.read() as connection:
        found = await coupons.find(connection, coupon)
    if found is None:
        raise not_found(f"coupon {coupon}")
    return CouponOut.model_validate(found)


@router.put("/coupons/{coupon}", operation_id="put_coupon", tags=["coupons"])
async def put_coupon(
    services: Needs, coupon: Annotated[str, Path(pattern=r"^[A-Z0-9-]{3,30}$")], wanted: CouponIn, _: MayAdmin
) -> CouponOut:
    """Add a coupon, or change what it will do from now on."""
    values: dict[str, Any] = {"code": coupon} | wanted.model_dump()
    checked = Coupon.model_validate({key: value for key, value in values.items() if key != "programme"})
    async with services.database.write() as connection:
        await programme(connection, wanted.programme)
        await coupons.put(connection, values | checked.model_dump())
    return CouponOut.model_validate(values)
