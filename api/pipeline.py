"""The renewals pipeline: by month of term end, how many are due, quoted, ordered, declined, lapsed or renewed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from api.fields import Code, Cursor, Limit, Line, Page, after, cursor
from api.problems import RESPONSES, ProblemError
from api.security import MayRead
from api.services import Needs
from domain.calendar import months_after
from domain.pipeline import Stage
from storage import pipeline
from storage.pipeline import Narrowed

router = APIRouter(prefix="/pipeline", tags=["renewals"], responses=RESPONSES)
Month = Annotated[str, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2027-03"])]
_AHEAD = 11
_CURSOR = re.compile(r"^[A-Z0-9-]{1,40}/\d{1,6}$")


class StageOut(BaseModel):
    """Contracts at one stage, and what their next terms cost whole, net."""

    stage: Stage
    contracts: int
    amount: Decimal


class MonthOut(BaseModel):
    """The terms that end in one month, in one currency."""

    month: str
    currency: str
    contracts: int
    amount: Decimal
    stages: list[StageOut]


class PipelineOut(BaseModel):
    """The pipeline of some months, both included."""

    first: str
    last: str
    months: list[MonthOut]


class TermEndOut(BaseModel):
    """One term's end, its last day included; ``amount`` is what the next one costs whole, net."""

    contract: str
    term: int
    last: date
    stage: Stage
    amount: Decimal
    currency: str
    programme: str
    customer: str
    reseller: str | None
    country: str


class Asked(BaseModel):
    """Which terms are looked at."""

    first: str
    last: str
    clock: str | None
    narrowed: Narrowed


def asked(
    services: Needs,
    first: Annotated[Month | None, Query(description="The first month; this one, if not given.")] = None,
    last: Annotated[Month | None, Query(description="The last month, included; eleven after the first.")] = None,
    *,
    programme: Annotated[Code | None, Query()] = None,
    customer: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")] = None,
    reseller: Annotated[Line | None, Query()] = None,
    country: Annotated[str | None, Query(pattern=r"^[A-Z]{2}$")] = None,
    currency: Annotated[str | None, Query(pattern=r"^[A-Z]{3}$")] = None,
    clock: Annotated[
        str | None,
        Query(pattern=r"^[a-z0-9-]{1,60}$", description="A test clock's contracts; else real time's."),
    ] = None,
) -> Asked:
    """What a pipeline is narrowed by."""
    begins = first or f"{services.now():%Y-%m}"
    ends = last or f"{months_after(date.fromisoformat(f'{begins}-01'), _AHEAD):%Y-%m}"
    if ends < begins:
        raise ProblemError(422, "invalid", f"last: {ends} lies before {begins}", field="last")
    narrowed = Narrowed(programme=programme, customer=customer, reseller=reseller, country=country, currency=currency)
    return Asked(first=begins, last=ends, clock=clock, narrowed=narrowed)


Wanted = Annotated[Asked, Depends(asked)]


@router.get("", operation_id="read_pipeline")
async def read_pipeline(services: Needs, wanted: Wanted, _: MayRead) -> PipelineOut:
    """Where the renewals of each month stand: counts, and amounts by currency."""
    async with services.database.read() as connection:
        rows = await pipeline.months(
            connection, wanted.narrowed, clock=wanted.clock, first=wanted.first, last=wanted.last
        )
    return PipelineOut(first=wanted.first, last=wanted.last, months=_by_month(rows))


def _by_month(rows: list[dict[str, Any]]) -> list[MonthOut]:
    found: dict[tuple[str, str], list[StageOut]] = {}
    for row in rows:
        found.setdefault((row["month"], row["currency"]), []).append(StageOut.model_validate(row))
    order = list(Stage)
    return [
        MonthOut(
            month=month,
            currency=currency,
            contracts=sum(stage.contracts for stage in stages),
            amount=sum((stage.amount for stage in stages), Decimal(0)),
            stages=sorted(stages, key=lambda stage: order.index(stage.stage)),
        )
        for (month, currency), stages in found.items()
    ]


@router.get("/contracts", operation_id="list_pipeline_contracts")
async def list_contracts(
    services: Needs,
    wanted: Wanted,
    _: MayRead,
    stage: Annotated[Stage | None, Query()] = None,
    page: Cursor = None,
    limit: Limit = 50,
) -> Page[TermEndOut]:
    """The contracts behind the pipeline's figures, by number."""
    start = after(page)
    if start is not None and not _CURSOR.match(start):
        raise ProblemError(422, "invalid", "cursor: this is not a cursor of ours", field="cursor")
    narrowed = replace(wanted.narrowed, stage=stage.value if stage else None)
    async with services.database.read() as connection:
        rows = await pipeline.page(
            connection,
            narrowed,
            clock=wanted.clock,
            first=wanted.first,
            last=wanted.last,
            after=start,
            limit=limit,
        )
    items = [TermEndOut.model_validate(row) for row in rows]
    more = len(items) == limit
    return Page(items=items, next_cursor=cursor(f"{items[-1].contract}/{items[-1].term}") if more else None)
