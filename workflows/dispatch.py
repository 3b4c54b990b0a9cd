"""The dispatcher: one for a house, it sees to it that events go out for as long as there are workers."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.catalogue import DELIVER_EVENTS, HEARTBEAT

_SHIFTS = 100
_SHIFT = timedelta(minutes=12)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


@workflow.defn(name="EventDispatcher")
class EventDispatcherWorkflow:
    """Shift after shift, without an end."""

    @workflow.run
    async def run(self) -> None:
        """Begin a shift whenever the last one is over."""
        workflow.set_current_details("### Events out\nDelivers what contracts do to the endpoints that asked for it.")
        for _ in range(_SHIFTS):
            await workflow.execute_activity(
                DELIVER_EVENTS,
                start_to_close_timeout=_SHIFT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=_RETRY,
                summary="deliver events",
            )
        workflow.continue_as_new()
