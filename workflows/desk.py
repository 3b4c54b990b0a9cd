"""The watch at the desk: one for a house, it sees to it that contracts hear what people do there."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.catalogue import HEAR_DESK

LOOK = "look"
_LOOKS = 200
_ONE = timedelta(minutes=5)
_HEARTBEAT = timedelta(seconds=60)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=10))


def watch_id(task_queue: str) -> str:
    """The workflow id of a house's watch."""
    return f"desk:{task_queue}"


@workflow.defn(name="DeskWatch")
class DeskWatchWorkflow:
    """Looks whenever it is rung for, and by itself when it has been quiet for so long."""

    @workflow.init
    def __init__(self) -> None:
        self._rung = False

    @workflow.run
    async def run(self) -> None:
        """Look, wait, look again."""
        workflow.set_current_details("### The desk\nTells contracts what people do to their cases.")
        for _ in range(_LOOKS):
            self._rung = False
            again_after = await workflow.execute_activity(
                HEAR_DESK,
                result_type=float,
                start_to_close_timeout=_ONE,
                heartbeat_timeout=_HEARTBEAT,
                retry_policy=_RETRY,
                summary="hear the desk",
            )
            if again_after:
                await self._wait(timedelta(seconds=again_after))
        workflow.continue_as_new()

    async def _wait(self, longest: timedelta) -> None:
        try:
            await workflow.wait_condition(lambda: self._rung, timeout=longest, timeout_summary="look at the desk")
        except TimeoutError:
            return

    @workflow.signal(name=LOOK, description="Look at the desk now.")
    def look(self) -> None:
        """Look now."""
        self._rung = True
