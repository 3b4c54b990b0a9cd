"""The desk: work on cases where it is the embedded one, and the bell that any other rings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from temporalio.service import RPCError

from api.cases import CaseId, CaseOut
from api.fields import Body, Cursor, Limit, Line, Page, Word, after, cursor
from api.once import OnceOperate
from api.problems import RESPONSES, ProblemError, not_found, unavailable
from api.security import MayRead
from api.services import Needs, Services
from storage import cases, desk_changes
from workflows.desk import LOOK, watch_id

router = APIRouter(prefix="/desk", tags=["desk"], responses=RESPONSES)
hooks = APIRouter(prefix="/webhooks", tags=["desk"], responses=RESPONSES)
_LONGEST = 10_000


class Work(Body):
    """What somebody does to a case; what is left out stays as it is."""

    answer: Line | None = Field(default=None, description="What the customer was answered.")
    note: Line | None = Field(default=None, description="What is said among colleagues.")
    minutes: Annotated[int, Field(ge=0, le=10_000)] = 0
    stage: Word | None = None
    status: Literal["closed", "open"] | None = None
    result: Word | None = Field(default=None, description="With what it is closed, where its description asks for it.")


class Heard(BaseModel):
    """Something that was done to a case at the desk, and what the contract said: `taken`, `refused` or `waiting`."""

    id: str
    case: str
    what: str
    by: str
    state: str
    reason: str | None


@router.get("/cases", operation_id="list_desk_cases")
async def list_desk_cases(
    services: Needs,
    _: MayRead,
    status: Annotated[Literal["open", "closed"] | None, Query()] = None,
    limit: Limit = 50,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Page[CaseOut]:
    """Every contract's cases, by their own number."""
    async with services.database.read() as connection:
        rows = await cases.listed(connection, status=status, after=after(cursor_), limit=limit + 1)
    items = [CaseOut.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].case) if len(rows) > limit else None)


@router.post("/cases/{case}/work", operation_id="work_on_case")
async def work_on_case(services: Needs, case: CaseId, wanted: Work, once: OnceOperate) -> CaseOut:
    """Work on a case at the embedded desk; the contract hears of it at once."""

    async def act(_: str) -> CaseOut:
        if services.settings.desk != "embedded":
            raise ProblemError(409, "another-desk", f"people work on cases at {services.settings.desk_url}")
        async with services.database.write() as connection:
            if not await cases.work(connection, case, once.caller.name, list(_done(wanted))):
                raise not_found(f"case {case}")
            row = await cases.find(connection, case)
        with suppress(ProblemError):  # it is done, and heard of by itself in a while
            await _ring(services)
        return CaseOut.model_validate(row)

    return await once.do(act)  # type: ignore[return-value]


@router.get("/changes", operation_id="list_desk_changes")
async def list_desk_changes(
    services: Needs,
    _: MayRead,
    state: Annotated[Literal["waiting", "taken", "refused"] | None, Query()] = None,
    limit: Limit = 50,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Page[Heard]:
    """What was heard from the desk, the latest first; what a contract did not take stays `refused`, with its reason."""
    given = after(cursor_)
    before = int(given) if given and given.isdecimal() and len(given) < 10 else None
    async with services.database.read() as connection:
        rows = await desk_changes.listed(connection, state=state, before=before, limit=limit + 1)
    items = [Heard.model_validate(row["change"] | row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(str(rows[limit - 1]["seq"])) if len(rows) > limit else None)


@hooks.post("/desk", operation_id="ring_desk", status_code=202)
async def ring_desk(services: Needs, request: Request) -> dict[str, str]:
    """Hear that something happened at the desk, and look there. Signed as Standard Webhooks are."""
    secret = services.settings.desk_webhook_secret
    if secret is None:
        raise not_found("a webhook of the desk: TENURE_DESK_WEBHOOK_SECRET is not set")
    body = await request.body()
    if len(body) > _LONGEST:
        raise ProblemError(413, "too-large", f"a ring has {_LONGEST} bytes at most")
    try:
        Webhook(secret.get_secret_value()).verify(body, dict(request.headers))
    except (WebhookVerificationError, ValueError) as error:
        raise ProblemError(401, "wrong-signature", f"the signature does not fit: {error}") from error
    await _ring(services)
    return {"status": "heard"}


async def _ring(services: Services) -> None:
    try:
        await services.client.get_workflow_handle(watch_id(services.settings.task_queue)).signal(LOOK)
    except RPCError as error:
        raise unavailable("nobody listens to the desk yet; it is looked at as soon as a worker runs") from error


def _done(wanted: Work) -> Iterator[dict[str, Any]]:
    """Each thing that is done, in the order in which people do it."""
    said = wanted.answer or wanted.note
    if wanted.answer:
        yield {"what": "answered", "note": wanted.answer}
    if wanted.note:
        yield {"what": "noted", "note": wanted.note}
    if wanted.minutes:
        yield {"what": "worked", "minutes": wanted.minutes}
    if wanted.stage:
        yield {"what": "moved", "stage": wanted.stage}
    if wanted.status == "closed":
        yield {"what": "closed", "result": wanted.result, "note": said}
    if wanted.status == "open":
        yield {"what": "reopened", "note": said}
