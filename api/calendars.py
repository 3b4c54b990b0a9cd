"""Calendars: deadlines to come as an iCalendar feed for a customer, a reseller or the desk, read by its token alone."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Response
from pydantic import BaseModel, Field, model_validator

from adapters.ical import MEDIA_TYPE, feed
from api.fields import Body, Cursor, Limit, Line, Page, after, cursor
from api.once import OnceOperate
from api.problems import RESPONSES, not_found
from api.security import MayAdmin
from api.services import Needs, Services
from domain.deadlines import Deadline
from domain.forecast.asked import Selection
from storage import agenda, calendars, clocks, states

router = APIRouter(prefix="/calendars", tags=["calendars"], responses=RESPONSES)
public = APIRouter(tags=["calendars"])
CalendarId = Annotated[str, Path(pattern=r"^calendar-[0-9a-f]{10}$")]
Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/calendar": {}}, "description": "Deadlines as iCalendar."},
    304: {"description": "Nothing has changed."},
    404: RESPONSES[404],
}
MOST = 1000
"""The contracts of one calendar: those that do something soonest."""
_FORMAT = 1
"""Changes when the feed's form does, so that no calendar program keeps an old one."""


class CalendarRequest(Body):
    """Whose deadlines, in which language, and how many days ahead."""

    scope: Literal["customer", "reseller", "desk"]
    customer: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")] | None = None
    reseller: Line | None = None
    programme: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{1,9}$")] | None = None
    clock: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")] | None = Field(
        default=None, description="A test clock's contracts, to try it; left out: those of real time."
    )
    language: Literal["en", "fr", "ja"] = "en"
    days: Annotated[int, Field(ge=1, le=400)] = 180

    @model_validator(mode="after")
    def _whose(self) -> CalendarRequest:
        for name in ("customer", "reseller"):
            if (self.scope == name) != (getattr(self, name) is not None):
                raise ValueError(f"`{name}` is given for the scope `{name}`, and for no other")
        return self


class CalendarOut(BaseModel):
    """A calendar; without its address, which is shown once."""

    id: str
    scope: str
    selection: Selection
    language: str
    days: int
    by: str
    created_at: datetime
    revoked_at: datetime | None


class NewCalendar(CalendarOut):
    """A calendar with its address: whoever knows it reads the calendar, until it is revoked."""

    url: str


@router.post("", status_code=201, operation_id="create_calendar")
async def create_calendar(services: Needs, wanted: CalendarRequest, once: OnceOperate) -> NewCalendar:
    """A new calendar. Its address is not shown again: a lost one is revoked and made anew."""

    async def create(command: str) -> NewCalendar:
        id_, token = f"calendar-{sha256(command.encode()).hexdigest()[:10]}", secrets.token_urlsafe(32)
        selection = Selection(
            customer=wanted.customer,
            reseller=wanted.reseller,
            programmes=(wanted.programme,) if wanted.programme else (),
            clock=wanted.clock,
        )
        async with services.database.write() as connection:
            said = {"scope": wanted.scope, "language": wanted.language, "days": wanted.days, "by": once.by}
            await calendars.add(connection, token, selection, id=id_, **said)
            row = await calendars.find(connection, id_)
        url = f"{str(services.settings.public_url).rstrip('/')}/calendars/{token}.ics"
        return NewCalendar.model_validate((row or {}) | {"url": url})

    return await once.do(create, status=201)  # type: ignore[return-value]


@router.get("", operation_id="list_calendars")
async def list_calendars(services: Needs, _: MayAdmin, page: Cursor = None, limit: Limit = 50) -> Page[CalendarOut]:
    """The calendars, revoked ones too, without their addresses."""
    async with services.database.read() as connection:
        rows = await calendars.page(connection, after=after(page), limit=limit)
    items = [CalendarOut.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=cursor(items[-1].id) if len(items) == limit else None)


@router.delete("/{calendar}", operation_id="revoke_calendar")
async def revoke_calendar(services: Needs, calendar: CalendarId, once: OnceOperate) -> CalendarOut:
    """Revoke a calendar: its address is of no use from now on."""

    async def revoke(_: str) -> CalendarOut:
        async with services.database.write() as connection:
            await calendars.revoke(connection, calendar)
            row = await calendars.find(connection, calendar)
        if row is None:
            raise not_found(f"calendar {calendar}")
        return CalendarOut.model_validate(row)

    return await once.do(revoke)  # type: ignore[return-value]


@public.get(
    "/calendars/{token}.ics",
    operation_id="read_calendar",
    response_class=Response,
    responses=_ANSWERS,
)
async def read_calendar(
    services: Needs, token: Token, if_none_match: Annotated[str | None, Header(max_length=200)] = None
) -> Response:
    """Deadlines to come. Days are all-day events of the contract's own calendar; instants are in UTC."""
    async with services.database.read() as connection:
        row = await calendars.of_token(connection, token)
    if row is None:
        raise not_found("such a calendar")
    selection = Selection.model_validate(row["selection"])
    now = await _now(services, selection)
    tag = await _tag(services, row, selection, now)
    headers = {"ETag": tag, "Cache-Control": "private, max-age=3600"}
    if if_none_match and tag in {part.strip() for part in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    items = await agenda.upcoming(services.database, selection, now=now, days=row["days"], most=MOST)
    shown = [item for item in items if row["scope"] == "desk" or _is_theirs(item)]
    stamp = now.replace(microsecond=0)
    headers["Last-Modified"] = format_datetime(stamp.astimezone(UTC), usegmt=True)
    return Response(feed(shown, language=row["language"], stamp=stamp), media_type=MEDIA_TYPE, headers=headers)


def _is_theirs(item: Deadline) -> bool:
    """Whether a deadline concerns the customer: what they answer, and what becomes of their service."""
    return item.role == "customer" or item.kind in {"obligation", "onboarding"}


async def _now(services: Services, selection: Selection) -> datetime:
    if selection.clock is None:
        return services.now()
    async with services.database.read() as connection:
        row = await clocks.find(connection, selection.clock)
    return row["now"] if row else services.now()


async def _tag(services: Services, row: dict[str, Any], selection: Selection, now: datetime) -> str:
    """What the feed depends on, without making it: the calendar, the day, and what has happened to its contracts."""
    async with services.database.read() as connection:
        stand = await states.stand(connection, selection)
    named = f"{_FORMAT}/{row['id']}/{now:%Y-%m-%d}/{stand}"
    return f'"{sha256(named.encode()).hexdigest()[:24]}"'
