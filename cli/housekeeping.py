"""What the house does by itself on Temporal's schedules, in one place; brought up to date at every start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import Priority
from temporalio.service import RPCError, RPCStatusCode

from domain.values import Carried
from runtime.settings import Settings
from workflows.messages import BooksClosing

PREFIX = "housekeeping:"
_TRIES = 5
_BUSY = (RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class Chore:
    """One thing that is done every day at an hour and minute, in UTC."""

    name: str
    workflow: str
    given: Carried
    hour: int
    minute: int
    note: str


CHORES = (
    Chore(
        name="close-books",
        workflow="CloseBooks",
        given=BooksClosing(),
        hour=2,
        minute=10,
        note="every night the revenue that was earned by the end of the day before is posted",
    ),
)


async def apply_housekeeping(client: Client, settings: Settings) -> list[str]:
    """Every chore has its schedule as it stands here; one that an operator paused stays paused. Their ids."""
    return [await _patiently(client, chore, settings.task_queue) for chore in CHORES]


async def _patiently(client: Client, chore: Chore, task_queue: str) -> str:
    """Apply a chore; a server that has just started takes its time until it answers for schedules."""
    for _ in range(_TRIES):
        try:
            return await _applied(client, chore, task_queue)
        except RPCError as error:
            if error.status not in _BUSY:
                raise
    return await _applied(client, chore, task_queue)


async def _applied(client: Client, chore: Chore, task_queue: str) -> str:
    id_, wanted = f"{PREFIX}{chore.name}", _schedule(chore, task_queue)

    def updated(given: ScheduleUpdateInput) -> ScheduleUpdate:
        wanted.state = given.description.schedule.state
        return ScheduleUpdate(schedule=wanted)

    try:
        await client.create_schedule(id_, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(id_).update(updated)
    return id_


def _schedule(chore: Chore, task_queue: str) -> Schedule:
    at = ScheduleCalendarSpec(hour=[ScheduleRange(chore.hour)], minute=[ScheduleRange(chore.minute)])
    return Schedule(
        action=ScheduleActionStartWorkflow(
            chore.workflow,
            chore.given,
            id=f"{PREFIX}{chore.name}",
            task_queue=task_queue,
            static_summary=chore.note[:200],
            priority=Priority(priority_key=5),
        ),
        spec=ScheduleSpec(calendars=[at], time_zone_name="UTC"),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(hours=24), pause_on_failure=False
        ),
        state=ScheduleState(note=chore.note),
    )
