"""Test clocks: time as you need it, for any number of contracts, on the ordinary server."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, StringConstraints, model_validator
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy

from api.commands import as_problem, view_of
from api.fields import Body, Cursor, Limit, Line, Moment, Number, Page, after, cursor
from api.once import OnceOperate
from api.problems import RESPONSES, ProblemError, not_found, unavailable
from api.security import MayRead
from api.services import Needs, Services
from domain.calendar import months_after
from storage import clocks
from workflows.messages import Advance, ClockStart, ClockState

router = APIRouter(tags=["test clocks"], responses=RESPONSES)
ClockId = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,60}$")]
Wait = Annotated[float, Query(ge=0, le=60, description="Seconds to wait for the clock to arrive.")]
_DURATION = re.compile(
    r"^P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?)?$"
)
Duration = Annotated[str, StringConstraints(pattern=_DURATION.pattern, max_length=40)]


class ClockRequest(Body):
    """A clock to make; it begins now where no instant is given."""

    name: Line = Field(examples=["a whole life"])
    now: Moment | None = Field(default=None, examples=["2027-01-10T09:00:00Z"])


class AdvanceRequest(Body):
    """Where to: an instant, a duration (ISO 8601, such as P1M), or the next thing that happens."""

    to: Moment | None = None
    by: Duration | None = Field(default=None, examples=["P1M"])
    next: bool = False

    @model_validator(mode="after")
    def _one_of_them(self) -> AdvanceRequest:
        if sum((self.to is not None, self.by is not None, self.next)) != 1:
            raise ValueError("give one of `to`, `by` and `next`")
        return self


class ClockOut(BaseModel):
    """A clock; while it is ``advancing``, its contracts are doing what falls due until ``target``."""

    id: str
    name: str
    now: datetime
    target: datetime | None
    status: str = Field(examples=["ready", "advancing", "deleted"])
    next_happening: datetime | None = None


@router.post("/test-clocks", status_code=201, operation_id="create_clock")
async def create_clock(services: Needs, wanted: ClockRequest, once: OnceOperate) -> ClockOut:
    """Make a test clock; contracts are put on it when they are quoted."""

    async def create(command: str) -> ClockOut:
        # The id comes from the command: a repeat after a failure in between finds what is there.
        clock = f"clock-{sha256(command.encode()).hexdigest()[:10]}"
        async with services.database.write() as connection:
            now = await clocks.add(connection, clock, wanted.name, wanted.now or services.now())
        await services.client.start_workflow(
            "TestClock",
            ClockStart(id=clock, now=now),
            id=f"clock:{clock}",
            task_queue=services.settings.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"test clock {wanted.name}"[:200],
        )
        return await _clock(services, clock)

    return await once.do(create, status=201)  # type: ignore[return-value]


@router.get("/test-clocks", operation_id="list_clocks")
async def list_clocks(services: Needs, _: MayRead, page: Cursor = None, limit: Limit = 50) -> Page[ClockOut]:
    """Test clocks that are not deleted."""
    async with services.database.read() as connection:
        rows = await clocks.page(connection, after=after(page), limit=limit)
    items = [_shown(row) for row in rows]
    return Page(items=items, next_cursor=cursor(items[-1].id) if len(items) == limit else None)


@router.get("/test-clocks/{clock}", operation_id="read_clock")
async def read_clock(services: Needs, clock: ClockId, _: MayRead, wait: Wait = 0) -> ClockOut:
    """A test clock, once it has arrived or the waiting is over."""
    return await _arrived(services, clock, wait)


async def _arrived(services: Services, clock: str, seconds: float) -> ClockOut:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    shown = await _clock(services, clock)
    while shown.status == "advancing" and loop.time() < until:
        await asyncio.sleep(0.05)
        shown = await _clock(services, clock)
    return shown


async def _clock(services: Services, clock: str) -> ClockOut:
    async with services.database.read() as connection:
        row = await clocks.find(connection, clock)
        upcoming = await clocks.next_happening(connection, clock)
    if row is None:
        raise not_found(f"test clock {clock}")
    return _shown(row).model_copy(update={"next_happening": upcoming})


def _shown(row: dict[str, Any]) -> ClockOut:
    status = "deleted" if row["deleted"] else "advancing" if row["target"] else "ready"
    return ClockOut(id=row["id"], name=row["name"], now=row["now"], target=row["target"], status=status)


@router.post("/test-clocks/{clock}/advance", status_code=202, operation_id="advance_clock")
async def advance_clock(
    services: Needs, clock: ClockId, wanted: AdvanceRequest, once: OnceOperate, wait: Wait = 0
) -> ClockOut:
    """Move a clock forward with all its contracts; everything that falls due on the way really happens."""

    async def advance(command: str) -> ClockOut:
        shown = await _clock(services, clock)
        target = _target(shown, wanted)
        await _aim(services, shown, target)
        await _update(services, clock, "advance", Advance(id=command, to=target))
        return await _arrived(services, clock, wait)

    return await once.do(advance, status=202)  # type: ignore[return-value]


def _target(clock: ClockOut, wanted: AdvanceRequest) -> datetime:
    if clock.status == "deleted":
        raise not_found(f"test clock {clock.id}")
    if wanted.next and clock.next_happening is None:
        raise ProblemError(409, "refused", "nothing will happen by itself on this clock", field="next")
    target = wanted.to or (clock.next_happening if wanted.next else _after(clock.now, wanted.by or "P0D"))
    if clock.status == "advancing" and target != clock.target:
        raise ProblemError(409, "refused", "the test clock is on its way", allowed_when="it has arrived")
    if target is None or target < clock.now:
        raise ProblemError(
            409, "refused", "a test clock only goes forward", field="to", allowed_from=clock.now.isoformat()
        )
    if target.year > 2150:
        raise ProblemError(409, "refused", "a test clock goes to the year 2150 at most", field="by")
    return target


def _after(now: datetime, duration: str) -> datetime:
    found = _DURATION.match(duration)
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0,) * 6
    try:
        day = months_after(now.date(), years * 12 + months)
        moved = datetime.combine(day, now.timetz()) + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    except (OverflowError, ValueError):
        raise ProblemError(409, "refused", "a test clock goes to the year 2150 at most", field="by") from None
    return moved.astimezone(UTC)


async def _aim(services: Services, clock: ClockOut, target: datetime) -> None:
    if target > clock.now:
        async with services.database.write() as connection:
            await clocks.aim(connection, clock.id, target)


async def _update(services: Services, clock: str, name: str, *arguments: Any) -> ClockState:
    handle = services.client.get_workflow_handle(f"clock:{clock}")
    try:
        state: ClockState = await handle.execute_update(name, *arguments, result_type=ClockState)
    except WorkflowUpdateFailedError as error:
        raise as_problem(error) or unavailable("send the same request again") from error
    return state


@router.delete("/test-clocks/{clock}", status_code=202, operation_id="delete_clock")
async def delete_clock(services: Needs, clock: ClockId, once: OnceOperate) -> ClockOut:
    """Delete a clock; contracts that still live on it end as void."""

    async def delete(_: str) -> ClockOut:
        shown = await _clock(services, clock)
        if shown.status == "deleted":
            return shown
        await _update(services, clock, "delete")
        for _attempt in range(200):
            shown = await _clock(services, clock)
            if shown.status == "deleted":
                break
            await asyncio.sleep(0.05)
        return shown

    return await once.do(delete, status=202)  # type: ignore[return-value]


@router.get("/contracts/{number}/test-clock", operation_id="read_contract_clock")
async def read_contract_clock(services: Needs, number: Number, _: MayRead) -> ClockOut:
    """The test clock on which a contract lives."""
    return await _clock(services, await _of(services, number))


@router.post("/contracts/{number}/test-clock/advance", status_code=202, operation_id="advance_contract_clock")
async def advance_contract_clock(
    services: Needs, number: Number, wanted: AdvanceRequest, once: OnceOperate, wait: Wait = 0
) -> ClockOut:
    """Move the clock on which a contract lives."""
    return await advance_clock(services, await _of(services, number), wanted, once, wait)


async def _of(services: Services, number: str) -> str:
    shown = await view_of(services, number)
    if shown.clock is None:
        raise ProblemError(409, "refused", "the contract lives on real time; it has no test clock")
    return shown.clock
