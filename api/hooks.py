"""Endpoints that hear what contracts do: made, changed, their deliveries looked at and sent again."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StringConstraints, field_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from api.fields import Body, Code, Cursor, Limit, Moment, Page, Word, after, cursor
from api.once import OnceOperate
from api.problems import RESPONSES, ProblemError, not_found
from api.security import MayRead
from api.services import Needs
from storage import hooks

router = APIRouter(prefix="/event-endpoints", tags=["events"], responses=RESPONSES)
HookId = Annotated[str, Path(pattern=r"^hook-[a-f0-9]{12}$", description="The endpoint's id.")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#@]+([/?#]\S*)?$", max_length=2000)]
Customer = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
ContractNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,9}-\d{4}-\d{6}$")]


class EndpointRequest(Body):
    """Where events go, and which."""

    url: Url = Field(examples=["https://erp.example/tenure"])
    kinds: tuple[Word, ...] = Field(
        default=(), max_length=100, description="Kinds of event, such as `period_billed`; none: all.", examples=[[]]
    )
    programme: Code | None = None
    customer: Customer | None = None
    trial: bool = Field(default=False, description="What lives on test clocks, instead of what is real.")

    @field_validator("url")
    @classmethod
    def _one_address(cls, url: str) -> str:
        if any(ord(character) < 33 or ord(character) > 126 for character in url):
            raise ValueError("write the address in ASCII: an internationalised name in its `xn--` form")
        return url


class EndpointOut(BaseModel):
    """An endpoint; without its secret, which is shown once."""

    id: str
    url: str
    kinds: list[str]
    programme: str | None
    customer: str | None
    trial: bool
    waiting: int = Field(description="Events that it has not taken yet.")
    failures: int = Field(description="How often in a row it did not answer, or answered 5xx.")
    retry_at: datetime | None
    disabled_at: datetime | None
    disabled_why: str | None
    created_at: datetime


class SecretOut(EndpointOut):
    """The endpoint with its secret, `whsec_` and base64, as Standard Webhooks has it."""

    secret: str
    former_until: datetime | None = Field(default=None, description="Until when the former secret signs too.")


class RotateRequest(Body):
    """How long the former secret signs beside the new one, in hours."""

    keep_hours: Annotated[int, Field(ge=0, le=24 * 30)] = 24


class ReplayRequest(Body):
    """Since when events are sent again, of one contract or all."""

    since: Moment
    contract: ContractNumber | None = None


class ReplayOut(BaseModel):
    """How many events were queued again; ``more`` where there are more than one replay takes."""

    queued: int
    more: bool


class DeliveryOut(BaseModel):
    """One event on its way to an endpoint, and how its last attempt ended."""

    contract: str
    seq: int
    event_id: str
    state: Literal["waiting", "delivered", "given_up"]
    attempts: int
    next_at: datetime
    status: int | None
    error: str | None
    queued_at: datetime
    tried_at: datetime | None
    delivered_at: datetime | None


@router.post("", operation_id="create_event_endpoint", status_code=201)
async def create_event_endpoint(services: Needs, wanted: EndpointRequest, once: OnceOperate) -> SecretOut:
    """A new endpoint: it hears what happens from now on, each contract's events in order. Keep the secret."""

    async def act(_: str) -> SecretOut:
        made = wanted.model_dump(mode="json") | {
            "id": f"hook-{secrets.token_hex(6)}",
            "secret": _secret(),
            "failures": 0,
            "created_at": services.now(),
        }
        async with services.database.write() as connection:
            await hooks.create(connection, made)
            return SecretOut.model_validate(await _known(connection, str(made["id"])))

    return await once.do(act, status=201)  # type: ignore[return-value]


def _secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


@router.get("", operation_id="list_event_endpoints")
async def list_event_endpoints(services: Needs, _: MayRead) -> list[EndpointOut]:
    """Every endpoint, and how it is doing."""
    async with services.database.read() as connection:
        return [EndpointOut.model_validate(row) for row in await hooks.listed(connection)]


@router.get("/{hook}", operation_id="read_event_endpoint")
async def read_event_endpoint(services: Needs, hook: HookId, _: MayRead) -> EndpointOut:
    """One endpoint."""
    async with services.database.read() as connection:
        return EndpointOut.model_validate(await _known(connection, hook))


@router.post("/{hook}/rotate", operation_id="rotate_event_secret")
async def rotate_event_secret(services: Needs, hook: HookId, wanted: RotateRequest, once: OnceOperate) -> SecretOut:
    """A new secret; for a while everything is signed with both, so that the receiver can change in peace."""

    async def act(_: str) -> SecretOut:
        async with services.database.write() as connection:
            known = await _known(connection, hook)
            until = services.now() + timedelta(hours=wanted.keep_hours)
            former = {"former_secret": known["secret"], "former_until": until}
            await hooks.change(connection, hook, secret=_secret(), **former)
            return SecretOut.model_validate(await _known(connection, hook))

    return await once.do(act)  # type: ignore[return-value]


@router.post("/{hook}/disable", operation_id="disable_event_endpoint")
async def disable_event_endpoint(services: Needs, hook: HookId, once: OnceOperate) -> EndpointOut:
    """Send nothing more, and queue nothing more; what waits stays."""
    return await _switched(services, hook, once, disabled_at=services.now(), disabled_why=f"by {once.by}")


@router.post("/{hook}/enable", operation_id="enable_event_endpoint")
async def enable_event_endpoint(services: Needs, hook: HookId, once: OnceOperate) -> EndpointOut:
    """Send again; what happened meanwhile can be replayed."""
    return await _switched(services, hook, once, disabled_at=None, disabled_why=None, failures=0, retry_at=None)


async def _switched(services: Needs, hook: str, once: OnceOperate, **values: Any) -> EndpointOut:
    async def act(_: str) -> EndpointOut:
        async with services.database.write() as connection:
            await _known(connection, hook)
            await hooks.change(connection, hook, **values)
            return EndpointOut.model_validate(await _known(connection, hook))

    return await once.do(act)  # type: ignore[return-value]


@router.get("/{hook}/deliveries", operation_id="list_deliveries")
async def list_deliveries(
    services: Needs,
    hook: HookId,
    _: MayRead,
    *,
    state: Literal["waiting", "delivered", "given_up"] | None = None,
    page: Cursor = None,
    limit: Limit = 50,
) -> Page[DeliveryOut]:
    """What was sent to an endpoint, and what waits to be, in the order in which it happened."""
    async with services.database.read() as connection:
        await _known(connection, hook)
        rows = await hooks.log(connection, hook, state=state, after=_place(page), limit=limit + 1)
    shown = [DeliveryOut.model_validate(row | {"event_id": f"{row['contract']}.{row['seq']}"}) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    after_it = cursor(f"{last['queued_at'].isoformat()}|{last['contract']}|{last['seq']}") if last else None
    return Page(items=shown, next_cursor=after_it)


def _place(given: str | None) -> tuple[datetime, str, int] | None:
    key = after(given)
    if key is None:
        return None
    try:
        at, number, seq = key.split("|")
        return datetime.fromisoformat(at), number, int(seq)
    except ValueError:
        raise ProblemError(422, "invalid", "page: this is not a cursor of ours", field="page") from None


@router.post("/{hook}/replay", operation_id="replay_events")
async def replay_events(services: Needs, hook: HookId, wanted: ReplayRequest, once: OnceOperate) -> ReplayOut:
    """Send again what happened since an instant, delivered or not, with the ids that it had."""

    async def act(_: str) -> ReplayOut:
        async with services.database.write() as connection:
            known = await _known(connection, hook)
            queued, more = await hooks.replay(connection, known, since=wanted.since, number=wanted.contract)
        return ReplayOut(queued=queued, more=more)

    return await once.do(act)  # type: ignore[return-value]


async def _known(connection: AsyncConnection, hook: str) -> dict[str, Any]:
    row = await hooks.find(connection, hook)
    if row is None:
        raise not_found(f"endpoint {hook}")
    return row
