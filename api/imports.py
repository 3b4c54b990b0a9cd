"""Imports and exports: contracts that have lived elsewhere, brought in as a file, and given out as one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, StringConstraints
from starlette.background import BackgroundTask

from api.bringing import bring
from api.bringing.bring import Checked, Known, Source
from api.bringing.figures import FiguresOut
from api.bringing.filling import Defaults
from api.bringing.giving import given_out
from api.bringing.records import Form
from api.fields import Code, Cursor, Day, Limit, Page, after, cursor
from api.problems import RESPONSES, ProblemError, not_found
from api.security import MayRead
from api.services import Needs, Services
from api.starts import now_on
from api.uploads import RESPONSES as UPLOAD_RESPONSES
from api.uploads import Upload, upload
from storage import imports
from storage.contracts import Filters

router = APIRouter(tags=["imports"], responses=RESPONSES)
MOST_CONTRACTS = 5000
_FORMS: dict[str, Form] = {"text/csv": "csv", "application/json": "json", "application/x-ndjson": "json"}
ContractFile = Annotated[Upload, Depends(upload("operate", *_FORMS))]
RunId = Annotated[str, Path(pattern=r"^import-[0-9a-f]{12}$", description="The import's id.")]

_EXAMPLE = (
    "reference,programme,as_of,customer.id,customer.name,customer.language,customer.country,period,term.last,"
    "line.serial,line.service,line.active_since,line.anchor,line.billed_until\n"
    "40-4711,HPX,2027-03-15,c-1,Atelier Brun,fr,FR,1,2027-09-27,"
    "SN-1,care-designjet,2026-09-28,2026-10-01,2027-03-31\n"
)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE},
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}


class ImportOut(BaseModel):
    """An import: how many contracts it brings, how many are written down, and how many of those have started."""

    id: str
    name: str
    by: str
    begun_at: datetime
    state: str = Field(examples=["writing", "starting", "done"])
    written: int
    started: int


class CheckOut(BaseModel):
    """What a file would bring, and what of it is there already; ``id`` is the import that has begun, if one has."""

    new: int
    known: int
    differing: int
    differences: list[Known]
    errors: list[dict[str, Any]]
    total: int
    figures: FiguresOut
    id: str | None = None


@router.post(
    "/imports", status_code=202, operation_id="import_contracts", responses=UPLOAD_RESPONSES, openapi_extra=_BODY
)
async def import_contracts(
    services: Needs,
    upload: ContractFile,
    *,
    as_of: Annotated[Day | None, Query(description="The day as of which they stand, where the file says none.")] = None,
    source: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$"),
        Query(description="Where they come from."),
    ] = "elsewhere",
    test_clock: Annotated[str | None, StringConstraints(pattern="^[a-z0-9-]{1,60}$"), Query()] = None,
    dry_run: Annotated[bool, Query(description="Say what would be done, and do nothing.")] = False,
    partial: Annotated[bool, Query(description="Bring in what is right, though something is wrong.")] = False,
) -> CheckOut:
    """Go on with contracts that have lived elsewhere: what is past is not done again, what is to come happens.

    Everything is checked first; where something is wrong, nothing is brought in, and a problem (422) names the first
    thousand errors, each with line, field, rule and remedy. A contract is known by `source` and `reference`: one that
    is there stays as it is. Larger files are for `./tenure import`.
    """

    async def act(_: str) -> CheckOut:
        place = await _place(services, upload, as_of, source, test_clock)
        checked = await bring.check(services.database, place)
        if checked.findings.total and not partial:
            raise _wrong(checked)
        if dry_run:
            return _out(checked, None)
        run = await bring.begin_run(services, f"upload by {upload.once.by}", upload.file, upload.once.by)
        async for _ in bring.bring(services, place, run):
            pass
        begun.append(run)
        return _out(checked, run)

    begun: list[str] = []
    response = await upload.once.do(act, status=202)
    if begun:
        response.background = BackgroundTask(bring.start_waiting, services, begun[0])
    return response  # type: ignore[return-value]


async def _place(services: Services, upload: Upload, as_of: date | None, source: str, clock: str | None) -> Source:
    now = services.now()
    if clock is not None:
        async with services.database.read() as connection:
            now = await now_on(connection, clock)
    defaults = Defaults(now=now, as_of=as_of, source=source, by=upload.once.by)
    return Source(upload.file, _FORMS[upload.media_type], defaults, clock, most=MOST_CONTRACTS)


def _wrong(checked: Checked) -> ProblemError:
    findings, first = checked.findings, checked.findings.errors[0]
    lines = f"{findings.wrong_lines} {'line is' if findings.wrong_lines == 1 else 'lines are'}"
    where = f"line {first['line']}, {first['field']}: {first['reason']}"
    detail = f"{lines} wrong, nothing was brought in; the first is {where}"
    return ProblemError(422, "invalid", detail, field=first["field"], errors=findings.errors, total=findings.total)


def _out(checked: Checked, run: str | None) -> CheckOut:
    return CheckOut(
        new=checked.new,
        known=checked.known,
        differing=checked.differing,
        differences=checked.differences,
        errors=checked.findings.errors,
        total=checked.findings.total,
        figures=checked.figures.out(),
        id=run,
    )


@router.get("/imports", operation_id="list_imports")
async def list_imports(services: Needs, _: MayRead, page: Cursor = None, limit: Limit = 50) -> Page[ImportOut]:
    """Imports, the latest first."""
    async with services.database.read() as connection:
        ids = await imports.page(connection, after=after(page), limit=limit)
        rows = [await imports.progress(connection, run) for run in ids]
    items = [_shown(row) for row in rows if row]
    return Page(items=items, next_cursor=cursor(items[-1].id) if len(items) == limit else None)


@router.get("/imports/{run}", operation_id="read_import")
async def read_import(services: Needs, run: RunId, _: MayRead) -> ImportOut:
    """An import, and how far it has come."""
    async with services.database.read() as connection:
        row = await imports.progress(connection, run)
    if row is None:
        raise not_found(f"import {run}")
    return _shown(row)


def _shown(row: dict[str, Any]) -> ImportOut:
    waiting = row["started"] < row["written"]
    state = "writing" if row["written_at"] is None else "starting" if waiting else "done"
    return ImportOut.model_validate(row | {"state": state})


@router.get(
    "/exports",
    operation_id="export_contracts",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {}}, "description": "A contract a line."}},
)
async def export_contracts(
    services: Needs,
    _: MayRead,
    *,
    as_of: Annotated[Day | None, Query(description="The day that begins; tomorrow without it.")] = None,
    programme: Annotated[Code | None, Query()] = None,
    customer: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")] = None,
) -> StreamingResponse:
    """Contracts that are ordered and not over, as they stand when a day begins: a file that an import takes."""

    async def lines() -> AsyncIterator[str]:
        filters = Filters(programme=programme, customer=customer)
        async for item in given_out(services.database, filters, as_of, services.now()):
            yield json.dumps(item.record, ensure_ascii=False) + "\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson")
