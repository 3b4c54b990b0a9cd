"""Campaigns that begin by themselves: schedules on Temporal, which keeps and fires them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StringConstraints, model_validator
from temporalio.client import (
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleBackfill,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from api.campaign_requests import PaceIn, SelectionIn, Zone
from api.campaigns import LEAST_URGENT, check_clock
from api.fields import Body, Line, Moment
from api.once import Once, OnceOperate
from api.problems import RESPONSES, ProblemError, not_found, unavailable
from api.security import MayRead
from api.services import Needs, Services
from domain.campaign import Pace, Selection
from workflows.messages import CampaignStart

router = APIRouter(prefix="/campaign-schedules", tags=["campaigns"], responses=RESPONSES)
ScheduleId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$", description="The schedule's id.")]
Cron = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9*/,@ -]{1,60}$", strip_whitespace=True)]
Overlap = Literal["skip", "buffer_one", "buffer_all", "allow_all"]
_PREFIX = "campaign-schedule:"
_LONGEST_BACKFILL = timedelta(days=100)
_ASKED_AGAIN, _ASKED_EVERY = 50, 10
"""How often it is looked, a tenth of a second apart, whether a pause is seen; and after how many it is sent again."""
_LOG = structlog.get_logger()


class ScheduleRequest(Body):
    """A campaign that begins again and again: when, for whom, how fast, and why.

    The window of its selection is counted in days from each run's own day, in `zone`.
    """

    name: Line = Field(examples=["Renewals of the week"])
    selection: SelectionIn = Field(examples=[{"ends_in_from": 85, "ends_in_until": 95}])
    pace: PaceIn = PaceIn()
    zone: Zone = Field(default="UTC", description="The time zone of `cron`, and of each run's own day.")
    cron: Annotated[list[Cron], Field(max_length=10)] = Field(
        default_factory=list,
        description="Minute, hour, day of month, month, day of week. Avoid the hours in which clocks change.",
        examples=[["0 10 * * 1"]],
    )
    every_hours: Annotated[int, Field(ge=1, le=8784)] | None = Field(
        default=None, description="Instead of `cron`: every so many hours, which know no time zone."
    )
    jitter_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(default=0, description="Spread over so much time.")
    overlap: Overlap = Field(default="skip", description="What becomes of a run whose predecessor still goes on.")
    catch_up_hours: Annotated[int, Field(ge=1, le=168)] = Field(
        default=6, description="How late a run may begin after an outage; older ones are missed, and counted."
    )
    pause_on_failure: bool = Field(default=True, description="Pause the schedule when a run fails.")
    paused: bool = False
    reason: Line = Field(description="Why there is this schedule.", examples=["the desk quotes on Mondays"])

    @model_validator(mode="after")
    def _sensible(self) -> ScheduleRequest:
        if bool(self.cron) == (self.every_hours is not None):
            raise ValueError("say when: either `cron` or `every_hours`")
        if self.selection.ends_in_until is None:
            raise ValueError("the window of a schedule is counted from each run's day: give `ends_in_until`")
        return self


class ChangeOfSchedule(Body):
    """Why."""

    reason: Line


class BackfillRequest(ChangeOfSchedule):
    """The times between which the runs that were missed, or never planned, are made up for, one after another."""

    since: Moment
    until: Moment

    @model_validator(mode="after")
    def _bounded(self) -> BackfillRequest:
        if not timedelta(0) < self.until - self.since <= _LONGEST_BACKFILL:
            raise ValueError(f"`until` lies after `since`, by {_LONGEST_BACKFILL.days} days at most")
        return self


class ScheduledRun(BaseModel):
    """One run: when it was planned, when it began, and the campaign that it is."""

    planned_at: datetime
    begun_at: datetime
    campaign: str | None


class ScheduleOut(BaseModel):
    """A schedule, its latest runs and its next ones; ``note`` says who did what to it last, and why."""

    id: str
    name: str
    selection: Selection
    pace: Pace
    zone: str
    cron: list[str]
    every_hours: int | None
    jitter_seconds: int
    overlap: str
    catch_up_hours: int
    pause_on_failure: bool
    paused: bool
    note: str | None
    runs: int = Field(description="How often it has begun a campaign.")
    missed: int = Field(description="Runs that were too late to be caught up with.")
    skipped: int = Field(description="Runs that were skipped because their predecessor still went on.")
    recent: list[ScheduledRun]
    upcoming: list[datetime]


@router.put("/{schedule}", operation_id="put_campaign_schedule")
async def put_campaign_schedule(
    services: Needs, schedule: ScheduleId, wanted: ScheduleRequest, once: OnceOperate
) -> ScheduleOut:
    """Make a schedule, or change the one that is there; each of its times has one campaign, however often it fires."""

    async def put(_command: str) -> ScheduleOut:
        await check_clock(services, wanted.selection.selection())
        made = _schedule(services, schedule, wanted, once)
        try:
            await services.client.create_schedule(f"{_PREFIX}{schedule}", made)
        except ScheduleAlreadyRunningError:
            await _handle(services, schedule).update(lambda _: ScheduleUpdate(schedule=made))
        return await _shown(services, schedule)

    async with _checked(schedule):
        return await once.do(put)  # type: ignore[return-value]


def _schedule(services: Services, schedule: str, wanted: ScheduleRequest, once: Once) -> Schedule:
    start = CampaignStart(
        name=wanted.name,
        selection=wanted.selection.selection(),
        pace=wanted.pace.pace(),
        by=f"campaign schedule {schedule} of {once.by}"[:500],
        reason=wanted.reason,
        schedule=schedule,
        zone=wanted.zone,
    )
    every = [ScheduleIntervalSpec(every=timedelta(hours=wanted.every_hours))] if wanted.every_hours else []
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "Campaign",
            start,
            # Temporal adds the planned time: a time that fires again finds its campaign, which is over.
            id=f"campaign:{schedule}",
            task_queue=services.settings.task_queue,
            static_summary=wanted.name[:200],
            priority=LEAST_URGENT,
        ),
        spec=ScheduleSpec(
            # The server keeps a cron line as a calendar; what follows the hash stays as it was written.
            cron_expressions=[f"{line} #{line}" for line in wanted.cron],
            intervals=every,
            jitter=timedelta(seconds=wanted.jitter_seconds),
            time_zone_name=wanted.zone,
        ),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy[wanted.overlap.upper()],
            catchup_window=timedelta(hours=wanted.catch_up_hours),
            pause_on_failure=wanted.pause_on_failure,
        ),
        state=ScheduleState(note=_note(once, "set", wanted.reason), paused=wanted.paused),
    )


@router.get("", operation_id="list_campaign_schedules")
async def list_campaign_schedules(services: Needs, _: MayRead) -> list[ScheduleOut]:
    """Every schedule of campaigns, by its id."""
    listed = await services.client.list_schedules()
    ids = [item.id.removeprefix(_PREFIX) async for item in listed if item.id.startswith(_PREFIX)]
    found = []
    for schedule in sorted(ids):
        try:
            found.append(await _shown(services, schedule))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # the list follows a deletion by a moment
                raise
    return found


@router.get("/{schedule}", operation_id="read_campaign_schedule")
async def read_campaign_schedule(services: Needs, schedule: ScheduleId, _: MayRead) -> ScheduleOut:
    """A schedule, with its latest runs and its next ones."""
    async with _checked(schedule):
        return await _shown(services, schedule)


@router.post("/{schedule}/pause", operation_id="pause_campaign_schedule")
async def pause_campaign_schedule(
    services: Needs, schedule: ScheduleId, wanted: ChangeOfSchedule, once: OnceOperate
) -> ScheduleOut:
    """Let nothing begin until the schedule is resumed; campaigns that go on already are not touched."""
    return await _change(services, schedule, once, _set_paused(True, _note(once, "paused", wanted.reason)))


@router.post("/{schedule}/resume", operation_id="resume_campaign_schedule")
async def resume_campaign_schedule(
    services: Needs, schedule: ScheduleId, wanted: ChangeOfSchedule, once: OnceOperate
) -> ScheduleOut:
    """Let campaigns begin again, from the next time on."""
    return await _change(services, schedule, once, _set_paused(False, _note(once, "resumed", wanted.reason)))


@router.post("/{schedule}/trigger", operation_id="trigger_campaign_schedule")
async def trigger_campaign_schedule(
    services: Needs, schedule: ScheduleId, wanted: ChangeOfSchedule, once: OnceOperate
) -> ScheduleOut:
    """Begin a campaign now, beside the planned times; the overlap policy holds for it too."""

    async def trigger(handle: ScheduleHandle) -> None:
        await _write_note(handle, _note(once, "triggered", wanted.reason))
        await handle.trigger()

    return await _change(services, schedule, once, trigger)


@router.post("/{schedule}/backfill", operation_id="backfill_campaign_schedule")
async def backfill_campaign_schedule(
    services: Needs, schedule: ScheduleId, wanted: BackfillRequest, once: OnceOperate
) -> ScheduleOut:
    """Make up for the times between two instants, one after another; a time that had its campaign keeps it."""

    async def backfill(handle: ScheduleHandle) -> None:
        await _write_note(handle, _note(once, "backfilled", wanted.reason))
        overlap = ScheduleOverlapPolicy.BUFFER_ALL
        await handle.backfill(ScheduleBackfill(start_at=wanted.since, end_at=wanted.until, overlap=overlap))

    return await _change(services, schedule, once, backfill)


@router.delete("/{schedule}", operation_id="delete_campaign_schedule")
async def delete_campaign_schedule(services: Needs, schedule: ScheduleId, once: OnceOperate) -> ScheduleOut:
    """Delete a schedule; its campaigns stay, those that go on too."""

    async def delete(_command: str) -> ScheduleOut:
        shown = await _shown(services, schedule)
        await _handle(services, schedule).delete()
        _LOG.info("campaign_schedule.deleted", schedule=schedule, by=once.by)
        return shown

    async with _checked(schedule):
        return await once.do(delete)  # type: ignore[return-value]


Act = Callable[[ScheduleHandle], Awaitable[None]]


def _set_paused(paused: bool, note: str) -> Act:
    """Pause or resume, and answer once the server shows it.

    It answers before it has taken the request, and loses it where a change of the schedule is under way.
    """

    async def act(handle: ScheduleHandle) -> None:
        for attempt in range(_ASKED_AGAIN):
            if attempt % _ASKED_EVERY == 0:
                await (handle.pause(note=note) if paused else handle.unpause(note=note))
            state = (await handle.describe()).schedule.state
            if (state.paused, state.note) == (paused, note):
                return
            await asyncio.sleep(0.1)
        raise unavailable("the schedule has not taken it yet; send the same command again")

    return act


async def _change(services: Services, schedule: str, once: Once, act: Act) -> ScheduleOut:
    async def change(_command: str) -> ScheduleOut:
        await act(_handle(services, schedule))
        return await _shown(services, schedule)

    async with _checked(schedule):
        return await once.do(change)  # type: ignore[return-value]


def _handle(services: Services, schedule: str) -> ScheduleHandle:
    return services.client.get_schedule_handle(f"{_PREFIX}{schedule}")


def _note(once: Once, what: str, reason: str) -> str:
    return f"{what} by {once.by}: {reason}"[:400]


async def _write_note(handle: ScheduleHandle, note: str) -> None:
    def noted(given: ScheduleUpdateInput) -> ScheduleUpdate:
        given.description.schedule.state.note = note
        return ScheduleUpdate(schedule=given.description.schedule)

    await handle.update(noted)


@asynccontextmanager
async def _checked(schedule: str) -> AsyncIterator[None]:
    """Turn what Temporal says of a schedule into problems: 404 without it, 422 for times that cannot be."""
    try:
        yield
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise not_found(f"campaign schedule {schedule}") from error
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            raise ProblemError(422, "invalid", f"cron: {error.message}", field="body.cron") from error
        raise


async def _shown(services: Services, schedule: str) -> ScheduleOut:
    found = await _handle(services, schedule).describe()
    start = await _start(services, found)
    spec, policy, info = found.schedule.spec, found.schedule.policy, found.info
    every = spec.intervals[0].every if spec.intervals else None
    return ScheduleOut(
        id=schedule,
        name=start.name,
        selection=start.selection,
        pace=start.pace,
        zone=start.zone,
        cron=[calendar.comment or "" for calendar in spec.calendars],
        every_hours=every // timedelta(hours=1) if every else None,
        jitter_seconds=int((spec.jitter or timedelta(0)).total_seconds()),
        overlap=policy.overlap.name.lower(),
        catch_up_hours=(policy.catchup_window or timedelta(0)) // timedelta(hours=1),
        pause_on_failure=policy.pause_on_failure,
        paused=found.schedule.state.paused,
        note=found.schedule.state.note,
        runs=info.num_actions,
        missed=info.num_actions_missed_catchup_window,
        skipped=info.num_actions_skipped_overlap,
        recent=[
            ScheduledRun(planned_at=run.scheduled_at, begun_at=run.started_at, campaign=_campaign(run.action))
            for run in info.recent_actions
        ],
        upcoming=list(info.next_action_times),
    )


async def _start(services: Services, found: ScheduleDescription) -> CampaignStart:
    action = found.schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)  # noqa: S101 - every schedule of ours starts a workflow
    (start,) = await services.client.data_converter.decode(list(action.args), [CampaignStart])
    return CampaignStart.model_validate(start)


def _campaign(action: object) -> str | None:
    if not isinstance(action, ScheduleActionExecutionStartWorkflow):
        return None
    return action.workflow_id.removeprefix("campaign:")
