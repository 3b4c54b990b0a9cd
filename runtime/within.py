"""A workflow's run within another: what is watched or written down around it is all that the outer one adds."""

from __future__ import annotations

from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance
from temporalio.workflow import Info


class Within(WorkflowInstance):
    """Leaves everything to the run that it has within."""

    def __init__(self, inner: WorkflowInstance) -> None:
        self._inner = inner

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Let the run go on."""
        return self._inner.activate(act)

    def get_serialization_context(self, command_info: Any) -> Any:
        """The run's own."""
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        """The run's own."""
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> Info:
        """The run's own."""
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        """The run's own."""
        return self._inner.get_thread_id()
