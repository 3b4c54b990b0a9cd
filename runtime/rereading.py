"""A workflow that a query let live ahead of its history is read again before it goes on.

A query that comes without a workflow task brings the history along, up to events whose workflow task has not begun.
Temporal's SDK (1.35) lets the workflow live through them for the answer, keeps it so, and gives it only the rest when
the task comes. An update that comes with the task is then taken after those events; whoever reads the history later
has it taken with them, before what they cause. The history could never be read again (`TMPRL1100`), and the workflow
would stand still for good. `docs/faults.md` tells how it was found.
"""

from __future__ import annotations

from collections.abc import Callable

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import (
    UnsandboxedWorkflowRunner,
    Worker,
    WorkflowInstance,
    WorkflowInstanceDetails,
)

from runtime.within import Within

_ON_ITS_OWN = "legacy_query"
"""What the SDK calls a query that comes without a workflow task."""


class Rereading(UnsandboxedWorkflowRunner):
    """Runs workflows without a sandbox; its worker forgets one that is ahead of its history with the query's answer."""

    def __init__(self) -> None:
        self._forget: Callable[[str], None] = _not_serving

    def serve(self, worker: Worker) -> Worker:
        """Run the workflows of this worker, from which they are forgotten."""
        # The SDK has no public way to make a worker forget a run.
        self._forget = worker._bridge_worker.request_workflow_eviction  # noqa: SLF001
        return worker

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """A run that is forgotten where it is ahead of its history."""
        return _Watched(super().create_instance(det), self._forgotten)

    def _forgotten(self, run_id: str) -> None:
        self._forget(run_id)


class _Watched(Within):
    def __init__(self, run: WorkflowInstance, forgotten: Callable[[str], None]) -> None:
        super().__init__(run)
        self._forgotten = forgotten
        self._length, self._began, self._ahead = 0, 0, False

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        asked = [job.query_workflow.query_id for job in act.jobs if job.HasField("query_workflow")]
        if not asked:
            # Each task begins later than the one before: with more events, and no later, none has begun for them.
            began = act.timestamp.ToNanoseconds()
            self._ahead = act.history_length > self._length > 0 and began == self._began
            self._length, self._began = act.history_length, began
        elif self._ahead and _ON_ITS_OWN in asked:
            # Before the answer: what comes for the run from now on waits until it is forgotten.
            self._forgotten(act.run_id)
        return super().activate(act)


def _not_serving(run_id: str) -> None:
    raise RuntimeError(f"run {run_id} was asked a query before its runner served a worker")
