"""What the measurements count: timers that are reckoned are there, and a bent line is no straight one."""

from __future__ import annotations

import asyncio
import gzip
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from bench.api import timed
from bench.growth import line
from bench.histories import Place, Walk, counted
from tests.replay.kept import HISTORIES

SLEEPERS = sorted(path.name for path in HISTORIES.glob("v2-asleep-*.json.gz"))
BEGAN = datetime(2027, 1, 1, tzinfo=UTC)


def _events(name: str) -> list[HistoryEvent]:
    text = gzip.decompress((HISTORIES / name).read_bytes()).decode()
    return list(WorkflowHistory.from_json(name, text).events)


@pytest.mark.parametrize("name", SLEEPERS)
def test_as_many_timers_are_reckoned_as_there_are(name: str) -> None:
    """A life on real time has its timers in its history: those that are reckoned from its next due instants."""
    events = _events(name)
    there = sum(event.event_type is EventType.EVENT_TYPE_TIMER_STARTED for event in events)
    walk = Walk([Place(BEGAN, "run", len(events)), Place(BEGAN + timedelta(days=365), "run", len(events))])
    assert counted(walk, {"run": events}).actions["timers"] == there


def test_moves_on_which_nothing_falls_due_are_left_out() -> None:
    """What an idle move wrote is neither an event, nor an action, nor a byte."""
    events = _events(SLEEPERS[0])
    here, there = Place(BEGAN, "run", 4), Place(BEGAN + timedelta(days=365), "run", len(events))
    whole, without = Walk([here, there]), Walk([here, there], idle=[(here, there)])
    kept = counted(without, {"run": events})
    assert kept.events == 4 + 2 * kept.actions["timers"]
    assert kept.written == sum(event.ByteSize() for event in events[:4])
    assert counted(whole, {"run": events}).written > kept.written


def test_a_bent_line_is_told_from_a_straight_one() -> None:
    """What grows with the square of the number is far from every straight line."""
    sizes = [1, 2, 3, 4]
    assert line(sizes, [10 + 5 * size for size in sizes]) == {"each": 5.0, "start": 10.0, "furthest_percent": 0.0}
    assert line(sizes, [size**2 for size in sizes])["furthest_percent"] > 5


async def test_answers_are_taken_the_time_of() -> None:
    """So many clients ask at once, each one after the other, and every answer is counted."""
    busy, most = 0, 0

    async def ask() -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.002)
        busy -= 1

    took = (await timed(3, [ask] * 10)) + (await timed(2, [ask] * 5))
    assert (len(took.each), most) == (15, 3)
    assert took.figures()["p99_ms"] >= took.figures()["p50_ms"] >= 2
