"""Requests for quotes: what a customer says of what it wants, and the quote that answers it."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from api.fields import Body, Code, Cursor, Limit, Line, Page, Word, after, cursor
from api.offering import programme
from api.once import OnceQuote
from api.problems import RESPONSES, refused
from api.security import MayRead
from api.services import Needs
from domain.desk import desk_time_after
from domain.quote_request import check_request
from domain.refusal import Refusal
from domain.terms import Terms
from storage import quote_requests

router = APIRouter(prefix="/quote-requests", tags=["quotes"], responses=RESPONSES)
RequestId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,40}$")]


class QuoteAsked(Body):
    """What is asked for, and who asks."""

    programme: Code
    name: Line
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    given: dict[Word, Line] = Field(
        max_length=20,
        description="The details; the terms say which of them make a request whole.",
        examples=[{"contract_number": "HPX-2027-000001"}],
    )


class QuoteAskedOut(BaseModel):
    """A request for a quote, until when the desk answers it, and the contract whose quote answers it."""

    id: str
    programme: str
    name: str
    email: str
    given: dict[str, str]
    received_at: datetime
    answer_by: datetime | None
    contract: str | None


@router.post("", status_code=201, operation_id="request_quote")
async def request_quote(services: Needs, wanted: QuoteAsked, once: OnceQuote) -> QuoteAskedOut:
    """Ask for a quote; refused, naming what is missing, where nobody could answer it."""

    async def request(command: str) -> QuoteAskedOut:
        now = services.now()
        async with services.database.write() as connection:
            terms = (await programme(connection, wanted.programme)).terms
            try:
                check_request(terms, wanted.given)
            except Refusal as refusal:
                raise refused(refusal) from refusal
            values = {
                "id": sha256(command.encode()).hexdigest()[:20],
                "received_at": now,
                "answer_by": _answer_by(terms, now),
                "contract": None,
            } | wanted.model_dump()
            await quote_requests.keep(connection, values)
            kept = await quote_requests.find(connection, str(values["id"]))
        return QuoteAskedOut.model_validate(kept)

    return await once.do(request, status=201)  # type: ignore[return-value]


def _answer_by(terms: Terms, now: datetime) -> datetime | None:
    """Until when the desk answers, counted in its hours; none where the terms promise nothing."""
    if terms.desk is None or terms.desk.answer_hours is None:
        return None
    return desk_time_after(terms.desk, now, timedelta(hours=terms.desk.answer_hours), terms.time_zone)


@router.get("", operation_id="list_quote_requests")
async def list_quote_requests(
    services: Needs,
    _: MayRead,
    *,
    waiting: Annotated[bool | None, Query(description="Those that wait for a quote, or those that have one.")] = None,
    page: Cursor = None,
    limit: Limit = 50,
) -> Page[QuoteAskedOut]:
    """Requests for quotes."""
    async with services.database.read() as connection:
        found = await quote_requests.page(connection, waiting=waiting, after=after(page), limit=limit)
    items = [QuoteAskedOut.model_validate(row) for row in found]
    return Page(items=items, next_cursor=cursor(items[-1].id) if len(items) == limit else None)
