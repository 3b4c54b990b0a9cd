"""Housekeeping: what the house does by itself, day by day, whatever its contracts do."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey

with workflow.unsafe.imports_passed_through():
    from domain.calendar import DAY
    from workflows.catalogue import CLOSE_BOOKS
    from workflows.messages import BooksClosed, BooksClosing

_SCHEDULED_AT = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
_BATCHES_OF_A_RUN = 200
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=10))


@workflow.defn(name="CloseBooks")
class CloseBooksWorkflow:
    """Earns revenue to the end of a day, contract by contract; on a schedule, of the day before the run's."""

    @workflow.run
    async def run(self, wanted: BooksClosing) -> BooksClosed:
        """Close the books in batches; the answer is how many postings were made."""
        at = workflow.info().typed_search_attributes.get(_SCHEDULED_AT) or workflow.now()
        wanted = wanted.model_copy(update={"on": wanted.on or at.date() - DAY})
        for _ in range(_BATCHES_OF_A_RUN):
            workflow.set_current_details(f"Earning to the end of {wanted.on}: {wanted.moved} postings so far.")
            closed = await self._close(wanted)
            wanted = wanted.model_copy(update={"after": closed.last, "moved": wanted.moved + closed.moved})
            if closed.last is None:
                return BooksClosed(moved=wanted.moved)
        return workflow.continue_as_new(wanted)

    async def _close(self, wanted: BooksClosing) -> BooksClosed:
        closed: BooksClosed = await workflow.execute_activity(
            CLOSE_BOOKS,
            wanted,
            result_type=BooksClosed,
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=timedelta(minutes=1),
            retry_policy=_RETRY,
            summary=f"close the books of {wanted.on} after {wanted.after or 'the beginning'}",
        )
        return closed
