"""A campaign's report: a line for each contract, streamed, however many there are."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api.campaign_requests import CampaignId, shown_contract
from api.problems import RESPONSES, not_found
from api.security import MayRead
from api.services import Needs, Services
from storage import campaigns

router = APIRouter(prefix="/campaigns", tags=["campaigns"], responses=RESPONSES)
COLUMNS = ("contract", "customer", "outcome", "reason", "term", "net", "term_net", "currency", "quoted_on", "deadline")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@router.get(
    "/{campaign}/report",
    operation_id="read_campaign_report",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}, "description": "One line for each contract, by number."}},
)
async def read_campaign_report(services: Needs, campaign: CampaignId, _: MayRead) -> StreamingResponse:
    """Every contract of the campaign as CSV: what it answered, why, and what its next term costs, net."""
    async with services.database.read() as connection:
        if await campaigns.find(connection, campaign) is None:
            raise not_found(f"campaign {campaign}")
    name = "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in campaign)
    headers = {"Content-Disposition": f'attachment; filename="campaign-{name}.csv"'}
    return StreamingResponse(_lines(services, campaign), media_type="text/csv", headers=headers)


async def _lines(services: Services, campaign: str) -> AsyncIterator[str]:
    yield _written([COLUMNS])
    async for rows in campaigns.report(services.database, campaign):
        yield _written([_cells(row) for row in rows])


def _cells(row: dict[str, Any]) -> list[str]:
    shown = shown_contract(row)
    return [_cell(getattr(shown, name)) for name in COLUMNS]


def _cell(value: Any) -> str:
    """A value that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULAS) else text


def _written(rows: list[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
