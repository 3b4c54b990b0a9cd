"""Forecasts of the whole portfolio, or of a part of it: as it is agreed, and as it might be. No contract is touched."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field
from temporalio.common import WorkflowIDConflictPolicy

from api.fields import Cursor, Limit, Page, after, cursor
from api.once import OnceOperate
from api.problems import RESPONSES, ProblemError, not_found
from api.security import MayRead
from api.services import Needs, Services
from domain.forecast.asked import Asked, Forecast, Progress, cells, columns
from domain.forecast.suppose import SupposedError
from storage import clocks, forecasts, states
from storage.portfolio import sides

router = APIRouter(prefix="/forecasts", tags=["forecasts"], responses=RESPONSES)
ForecastId = Annotated[str, Path(pattern=r"^forecast-[0-9a-f]{10}$")]
Wait = Annotated[float, Query(ge=0, le=60, description="Seconds to wait for the answer.")]


class ForecastOut(BaseModel):
    """A forecast: ``running`` until it is ``done`` and has its answer, or has ``failed`` and says why.

    Amounts are in each row's currency, exact; months are the contracts' own.
    """

    id: str
    state: Literal["running", "done", "failed"]
    progress: Progress
    as_of: datetime
    created_at: datetime
    finished_at: datetime | None
    error: str | None
    asked: Asked
    answer: Forecast | None = Field(default=None, description="Left out in lists.")


@router.post("", status_code=202, operation_id="make_forecast")
async def make_forecast(services: Needs, wanted: Asked, once: OnceOperate) -> ForecastOut:
    """Begin a forecast of billing, renewals and lapses by month; with a what-if, both sides and their difference.

    The work is done in the background. What cannot be supposed is refused at once, with its place in the request.
    """

    async def begin(command: str) -> ForecastOut:
        id_ = f"forecast-{sha256(command.encode()).hexdigest()[:10]}"
        as_of = await _as_of(services, wanted)
        await _check(services, wanted)
        async with services.database.write() as connection:
            await forecasts.add(connection, id_=id_, asked=wanted, by=once.by, as_of=as_of)
        await services.client.start_workflow(
            "Forecast",
            id_,
            id=f"forecast:{id_}",
            task_queue=services.settings.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=(wanted.what_if.title if wanted.what_if else None) or "forecast",
        )
        return await _read(services, id_)

    return await once.do(begin, status=202)  # type: ignore[return-value]


async def _as_of(services: Services, wanted: Asked) -> datetime:
    clock = wanted.select.clock
    if clock is None:
        return services.now()
    async with services.database.read() as connection:
        row = await clocks.find(connection, clock)
    if row is None or row["deleted"]:
        raise not_found(f"test clock {clock}")
    now: datetime = row["now"]
    return now


async def _check(services: Services, wanted: Asked) -> None:
    async with services.database.read() as connection:
        programmes = await states.programmes(connection)
    try:
        await asyncio.to_thread(sides, programmes, wanted)
    except SupposedError as error:
        field = f"what_if.{error.where}"
        raise ProblemError(422, "invalid", f"{field}: {error.why}", field=field) from error


@router.get("", operation_id="list_forecasts")
async def list_forecasts(services: Needs, _: MayRead, page: Cursor = None, limit: Limit = 50) -> Page[ForecastOut]:
    """The forecasts that were asked for, by id, without their answers."""
    async with services.database.read() as connection:
        rows = await forecasts.page(connection, after=after(page), limit=limit)
    items = [_shown(row) for row in rows]
    return Page(items=items, next_cursor=cursor(items[-1].id) if len(items) == limit else None)


@router.get("/{forecast}", operation_id="read_portfolio_forecast")
async def read_forecast(services: Needs, forecast: ForecastId, _: MayRead, wait: Wait = 0) -> ForecastOut:
    """A forecast, once it is made or the waiting is over."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    shown = await _read(services, forecast)
    while shown.state == "running" and loop.time() < until:
        await asyncio.sleep(0.1)
        shown = await _read(services, forecast)
    return shown


@router.get(
    "/{forecast}/csv",
    operation_id="read_forecast_csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "One row for each month, programme and status."}},
)
async def read_csv(services: Needs, forecast: ForecastId, _: MayRead) -> Response:
    """A forecast's rows as a table, what-if and difference beside the base."""
    shown = await _read(services, forecast)
    if shown.answer is None:
        raise ProblemError(409, "refused", "the forecast has no answer yet", allowed_when="its state is `done`")
    headers = {"Content-Disposition": f'attachment; filename="{shown.id}.csv"'}
    return Response(as_csv(shown.answer), media_type="text/csv", headers=headers)


def as_csv(answer: Forecast) -> str:
    """The rows as comma-separated values, with a line of their names."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns(what_if=any(row.what_if for row in answer.rows)))
    table.writerows(cells(row) for row in answer.rows)
    return text.getvalue()


async def _read(services: Services, forecast: str) -> ForecastOut:
    async with services.database.read() as connection:
        row = await forecasts.find(connection, forecast)
    if row is None:
        raise not_found(f"forecast {forecast}")
    return _shown(row)


def _shown(row: dict[str, Any]) -> ForecastOut:
    state = "running" if row["finished_at"] is None else "failed" if row["error"] else "done"
    return ForecastOut.model_validate(row | {"state": state})
