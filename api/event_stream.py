"""What contracts do, as it happens: a stream of server-sent events, of one contract or of all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from activities.hooks import cloud_event
from api.commands import view_of
from api.fields import Number
from api.problems import RESPONSES, ProblemError
from api.security import MayRead
from api.services import Needs, Services
from storage import contracts, hooks

router = APIRouter(tags=["events"], responses=RESPONSES)
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=200, description="The last event that was heard.")
]
_LOOK = 0.5
_PAGE = 500
_OVERLAP = timedelta(seconds=5)
"""A transaction that ends late shows entries that were written a moment earlier: so far back it is looked again."""


async def _heard(services: Needs, number: Number, last: LastEventId = None) -> int:
    """The last entry of a contract that was heard; nothing yet where none is named."""
    await view_of(services, number)
    if last is None:
        return 0
    if not last.isascii() or not last.isdigit() or len(last) > 9:
        raise _unknown()
    return int(last)


async def _since(services: Needs, last: LastEventId = None) -> datetime:
    """The moment at which the last event that was heard was written down; now, where none is named."""
    if last is None:
        return services.now()
    try:
        at = datetime.fromisoformat(last.partition("/")[0])
    except ValueError:
        raise _unknown() from None
    if at.tzinfo is None or not 1970 < at.year < 2150:
        raise _unknown()
    return at


def _unknown() -> ProblemError:
    return ProblemError(422, "invalid", "Last-Event-ID: this is no id of this stream", field="Last-Event-ID")


@router.get(
    "/contracts/{number}/events/stream", operation_id="stream_contract_events", response_class=EventSourceResponse
)
async def stream_contract_events(
    services: Needs, number: Number, _: MayRead, heard: Annotated[int, Depends(_heard)]
) -> AsyncIterator[ServerSentEvent]:
    """A contract's trail from its beginning, or after the last event that was heard, and on as it happens."""
    while True:
        async with services.database.read() as connection:
            found = await contracts.entries(connection, number, after=heard, limit=_PAGE)
        for entry in found:
            heard = entry.seq
            yield _event(services, entry.model_dump() | {"contract": number}, str(heard))
        if not found:
            await asyncio.sleep(_LOOK)


@router.get("/events/stream", operation_id="stream_events", response_class=EventSourceResponse)
async def stream_events(
    services: Needs, _: MayRead, since: Annotated[datetime, Depends(_since)]
) -> AsyncIterator[ServerSentEvent]:
    """What all contracts do from now on, or since the last event that was heard.

    Where it is taken up again with `Last-Event-ID`, events of the seconds before may come twice: their ids tell.
    """
    seen: dict[str, datetime] = {}
    while True:
        async for entry, at in _written(services, since - _OVERLAP):
            name = f"{entry['contract']}.{entry['seq']}"
            if name not in seen:
                seen[name] = at
                yield _event(services, entry, f"{at.isoformat()}/{name}")
        since = max([since, *seen.values()])
        seen = {name: at for name, at in seen.items() if at >= since - _OVERLAP}
        await asyncio.sleep(_LOOK)


async def _written(services: Services, since: datetime) -> AsyncIterator[tuple[dict[str, Any], datetime]]:
    """Everything that was written down since an instant, page by page."""
    place = (since, "", 0)
    while True:
        async with services.database.read() as connection:
            found = await hooks.following(connection, place, _PAGE)
        for item in found:
            yield item
        if len(found) < _PAGE:
            return
        entry, at = found[-1]
        place = (at, entry["contract"], entry["seq"])


def _event(services: Services, entry: dict[str, Any], name: str) -> ServerSentEvent:
    said = cloud_event(entry, services.settings.public_url)
    return ServerSentEvent(data=said, event=entry["kind"], id=name)
