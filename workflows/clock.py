"""The test clock: moved forward as far as you like, it takes its contracts along and waits for each of them."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from domain.refusal import Refusal
    from workflows.catalogue import ADVANCE_CONTRACTS, DISCARD_CONTRACTS, HEARTBEAT, ClockMove
    from workflows.messages import Advance, ClockStart, ClockState
    from workflows.refusals import as_error

_LONGEST = timedelta(hours=24)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


@workflow.defn(name="TestClock")
class TestClockWorkflow:
    """One test clock, from its creation until it is deleted."""

    __test__ = False  # its name begins like a test's, and it is none

    @workflow.init
    def __init__(self, start: ClockStart) -> None:
        self._id = start.id
        self._now = start.now
        self._target = start.now
        self._deleted = False

    @workflow.run
    async def run(self, start: ClockStart) -> ClockState:
        """Move on whenever asked; the answer is where the clock stood when it was deleted."""
        while True:
            workflow.set_current_details(f"### Test clock {self._id}\nIt stands at {self._now:%Y-%m-%d %H:%M} UTC.")
            await workflow.wait_condition(lambda: self._deleted or self._target > self._now)
            if self._target > self._now:
                await self._move()
            elif self._deleted:
                await self._act(DISCARD_CONTRACTS, self._id, "end its contracts")
                return self.state()
            if workflow.info().is_continue_as_new_suggested() and self._target == self._now:
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(start.model_copy(update={"now": self._now}))

    async def _move(self) -> None:
        to = self._target
        await self._act(ADVANCE_CONTRACTS, ClockMove(clock=self._id, to=to), f"advance to {to:%Y-%m-%d %H:%M} UTC")
        self._now = to

    async def _act(self, name: str, argument: object, summary: str) -> None:
        await workflow.execute_activity(
            name,
            argument,
            start_to_close_timeout=_LONGEST,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=_RETRY,
            summary=summary,
        )

    @workflow.update(name="advance", description="Move the clock forward to an instant, with all its contracts.")
    def advance(self, move: Advance) -> ClockState:
        """Begin to move, after a move that it is on; the clock has arrived when its ``now`` is the target."""
        self._target = move.to
        return self.state()

    @advance.validator
    def _may_advance(self, move: Advance) -> None:
        if self._deleted:
            raise as_error(Refusal("COM-1", "the test clock is deleted"))
        # The world may see it arrived a moment before it hears so itself: a later target is always taken.
        if move.to < self._target:
            raise as_error(Refusal("COM-1", "a test clock only goes forward", allowed_from=self._target, field="to"))

    @workflow.update(name="delete", description="Delete the clock; the contracts that live on it end as void.")
    def delete(self) -> ClockState:
        """Delete the clock, after the move that it is on."""
        self._deleted = True
        return self.state()

    @workflow.query(name="clock", description="Where the clock stands.")
    def state(self) -> ClockState:
        """Where the clock stands, and where it is going."""
        target = self._target if self._target > self._now else None
        return ClockState(id=self._id, now=self._now, target=target, deleted=self._deleted)
