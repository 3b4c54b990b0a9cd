"""The floor: the least that Temporal itself costs for as many waits and activities, or for an answer."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow

PERIODS = 12
QUEUE = "floor"


@activity.defn(name="floor.nothing")
async def nothing(period: int) -> int:
    """Do nothing, and say so."""
    return period


@workflow.defn(name="Floor")
class Floor:
    """A bare workflow: it waits once, then asks for one trivial activity per period."""

    def __init__(self) -> None:
        self._go = False

    @workflow.run
    async def run(self) -> int:
        """Wait, and do nothing twelve times."""
        await workflow.wait_condition(lambda: self._go)
        done = 0
        for period in range(PERIODS):
            done += bool(
                await workflow.execute_activity(nothing, period + 1, start_to_close_timeout=timedelta(seconds=30))
            )
        return done

    @workflow.update(name="go")
    def go(self) -> None:
        """Begin."""
        self._go = True


@workflow.defn(name="Bare")
class Bare:
    """A bare workflow that answers."""

    def __init__(self) -> None:
        self._touched = 0

    @workflow.run
    async def run(self) -> int:
        """Wait until it has been asked twice, which nobody does."""
        await workflow.wait_condition(lambda: self._touched > 1)
        return self._touched

    @workflow.update(name="touch")
    def touch(self) -> int:
        """Answer how often it was asked."""
        self._touched += 1
        return self._touched
