"""What a contract costs at Temporal, counted from the histories of its runs on a test clock as if time had been real.

On a test clock a move takes the place of a timer: the move's update is written down with two events, and so is a timer
(started, then fired or cancelled). A timer is started whenever the next due instant changes, which a history shows as
the search attribute of that name, and once more in each further run. Moves on which nothing falls due are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from workflows.attributes import NEXT_DUE_AT

TIMER_BYTES = 200
"""Of a timer's two events, with the summary that the operator reads."""
_YEAR = timedelta(days=365.25)
_UNSET = (b"", b"null")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a contract's history had come at an instant of its clock."""

    at: datetime
    run: str
    events: int


@dataclass(slots=True)
class Walk:
    """A life on a test clock, move by move; ``idle`` are the moves on which nothing fell due."""

    places: list[Place] = field(default_factory=list)
    idle: list[tuple[Place, Place]] = field(default_factory=list)

    @property
    def years(self) -> float:
        """How long it was."""
        return (self.places[-1].at - self.places[0].at) / _YEAR


@dataclass(slots=True)
class Counted:
    """What one life took: billable actions by kind, events, and bytes."""

    years: float
    actions: Counter[str] = field(default_factory=Counter)
    events: int = 0
    written: int = 0
    """Bytes of all runs together."""
    closed: int = 0
    """Bytes of the runs that were over at the end."""
    held: float = 0.0
    """Bytes of the open run, on the average of the time."""


async def place(client: Client, number: str, at: datetime) -> Place:
    """How far a contract's history has come."""
    shown = await client.get_workflow_handle(f"contract:{number}").describe()
    return Place(at, str(shown.run_id), shown.raw_description.workflow_execution_info.history_length)


async def runs(client: Client, number: str) -> dict[str, list[HistoryEvent]]:
    """The histories of a contract's runs, by their ids, the first one first."""
    found: dict[str, list[HistoryEvent]] = {}
    wanted = (await client.get_workflow_handle(f"contract:{number}").describe()).run_id
    while wanted:
        history = await client.get_workflow_handle(f"contract:{number}", run_id=wanted).fetch_history()
        found[wanted] = list(history.events)
        wanted = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    return dict(reversed(found.items()))


def counted(walk: Walk, histories: Mapping[str, list[HistoryEvent]], refusals: int = 0) -> Counted:
    """The actions, events and bytes of a life that was lived move by move."""
    made = Counted(walk.years)
    made.actions["commands"] += refusals
    sizes: dict[str, list[int]] = {}
    for run, events in histories.items():
        idle = [range(before.events, after.events) for before, after in walk.idle if before.run == run]
        kept = [event for event in events if not any(event.event_id - 1 in some for some in idle)]
        found = _actions(kept)
        moves = found.pop("moves", 0)
        made.actions += found
        made.events += len(kept) + 2 * (found["timers"] - moves)
        sizes[run] = _sizes(events, {event.event_id for event in kept})
    finished = [size[-1] for run, size in sizes.items() if run != walk.places[-1].run]
    made.closed, made.written = sum(finished), sum(size[-1] for size in sizes.values())
    made.held = _held(walk, sizes)
    return made


def _actions(events: Iterable[HistoryEvent]) -> Counter[str]:
    """Billable actions by kind, and the moves of the test clock."""
    found, later, told = Counter[str](), False, False
    for event in events:
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                start = event.workflow_execution_started_event_attributes
                later = bool(start.continued_execution_run_id)
                found["starts" if not later else "continued as new"] += 1
            case EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
                found["activities"] += event.activity_task_started_event_attributes.attempt
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                found["commands"] += 1
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
                # A further run arms its timer before anything else: anew, where the due instant is still the same.
                found["timers"] += later and not told
                later = False
                found["moves" if _is_move(event) else "commands"] += 1
            case EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
                told = told or _moves_timer(event)
                found["search attributes"] += 1
                found["timers"] += _moves_timer(event)
            case _:
                continue
    return found


def _is_move(event: HistoryEvent) -> bool:
    asked = event.workflow_execution_update_accepted_event_attributes.accepted_request
    return bool(asked.input.name == "advance")


def _moves_timer(event: HistoryEvent) -> bool:
    """Whether the next due instant changed, to another one."""
    fields = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
    return NEXT_DUE_AT.name in fields and fields[NEXT_DUE_AT.name].data not in _UNSET


def _sizes(events: list[HistoryEvent], kept: set[int]) -> list[int]:
    """The bytes of a run's history up to each of its events; a move weighs as much as the timer in its place."""
    sizes, moves = [0], set[int]()
    for event in events:
        size = event.ByteSize() if event.event_id in kept else 0
        if event.event_type is EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED and _is_move(event):
            moves.add(event.event_id)
            size = TIMER_BYTES if size else 0
        done = event.workflow_execution_update_completed_event_attributes.accepted_event_id
        sizes.append(sizes[-1] + (0 if done in moves else size))
    return sizes


def _held(walk: Walk, sizes: Mapping[str, list[int]]) -> float:
    """The bytes of the open run, each weighed with the time for which they lay there."""
    held = 0.0
    for here, there in zip(walk.places, walk.places[1:], strict=False):
        held += sizes[here.run][here.events] * ((there.at - here.at) / _YEAR)
    return held / walk.years
