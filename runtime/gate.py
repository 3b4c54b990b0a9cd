"""The gate before a deploy: whether this build would have done, on a kept history, what was done.

Temporal itself compares which commands a build gives: another activity, another timer, another order. It does not look
inside them. A build that would bill another amount, or would sleep until another day, replays well and then holds a
contract that is not the one of its trail. So the gate compares what each command says, too.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    Replayer,
    UnsandboxedWorkflowRunner,
    WorkflowInboundInterceptor,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowInterceptorClassInput,
    WorkflowRunner,
)

from runtime.payloads import DATA_CONVERTER
from runtime.within import Within

_SHOWN = 3
_TEMPORALS_WORDS = re.compile(r'message: "(\[TMPRL\d+\] [^"]*)"')


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one history: a build is fit for it where it neither breaks nor decides otherwise.

    ``breaks`` is why this build cannot go on with it at all; ``otherwise`` is what it would have said in other words.
    """

    workflow: str
    run: str
    breaks: str | None = None
    otherwise: tuple[str, ...] = ()

    @property
    def wrong(self) -> tuple[str, ...]:
        """Everything that stands against a deploy."""
        return (self.breaks,) if self.breaks else self.otherwise


def kept(folder: Path) -> list[Path]:
    """The files of a folder of kept histories, in order."""
    return sorted([*folder.glob("*.json"), *folder.glob("*.json.gz")])


def read(path: Path) -> WorkflowHistory:
    """A kept history, plain or compressed; its workflow is named after the file."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    return WorkflowHistory.from_json(path.name.partition(".")[0], text)


class Gate:
    """Judges histories by the workflows of a build; ``shown_only`` are fields that tell, and decide nothing."""

    def __init__(
        self, workflows: Sequence[type], shown_only: Collection[str], runner: WorkflowRunner | None = None
    ) -> None:
        self._shown_only = frozenset(shown_only)
        self._listener = _Listener(runner or UnsandboxedWorkflowRunner())
        self._replayer = Replayer(
            workflows=workflows,
            data_converter=DATA_CONVERTER,
            workflow_runner=self._listener,
            unsandboxed_workflow_runner=self._listener,
            runtime=_silent(),
            interceptors=[_Watcher(self._listener)],
        )

    @property
    def last(self) -> object:
        """The workflow that was judged last, as it stands at the end of its history; none where it did not begin."""
        return self._listener.instance

    async def judge(self, history: WorkflowHistory) -> Verdict:
        """Whether this build gives the same commands, and says the same in them."""
        self._listener.said, self._listener.instance = [], None
        try:
            failed = (await self._replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure
        except (RuntimeError, ValueError) as error:
            failed = error
        otherwise = () if failed else tuple(self._otherwise(history))
        return Verdict(history.workflow_id, history.run_id, _why(failed) if failed else None, otherwise)

    def _otherwise(self, history: WorkflowHistory) -> Iterator[str]:
        said = _by_event(self._listener.said)
        for event in history.events:
            told = _told(event)
            if told is None:
                continue
            key, what = told
            found = [*differences(what, said.get(key), self._shown_only)]
            if found:
                more = f" (and {len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
                yield f"event {event.event_id}{_summary(event)}: {'; '.join(found[:_SHOWN])}{more}"


def asked_and_unanswered(history: WorkflowHistory) -> Iterator[Any]:
    """What activities were asked for, and have not answered when a history ends: they may be done all the same."""
    open_: dict[int, Any] = {}
    for event in history.events:
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            open_[event.event_id] = event.activity_task_scheduled_event_attributes.input.payloads
        for name in _ANSWERS:
            if event.HasField(name):
                open_.pop(getattr(event, name).scheduled_event_id, None)
    for payloads in open_.values():
        yield from _values(payloads)


_ANSWERS: tuple[Any, ...] = tuple(
    f"activity_task_{end}_event_attributes" for end in ("completed", "failed", "timed_out", "canceled")
)


def differences(told: Any, now: Any, shown_only: Collection[str] = (), place: str = "") -> Iterator[str]:
    """Every place in which something that was said is said otherwise now; what is said in addition is no difference."""
    if isinstance(told, dict) and isinstance(now, dict):
        for name in (name for name in told if name not in shown_only):
            where = f"{place}.{name}".lstrip(".")
            if name in now:
                yield from differences(told[name], now[name], shown_only, where)
            elif told[name] is not None:
                yield f"{where} was {_brief(told[name])}, this build says nothing"
    elif isinstance(told, list) and isinstance(now, list) and len(told) == len(now):
        for position, (before, after) in enumerate(zip(told, now, strict=True)):
            yield from differences(before, after, shown_only, f"{place}[{position}]")
    elif told != now:
        yield f"{place} was {_brief(told)}, this build says {_brief(now)}"


@cache
def _silent() -> Runtime:
    """A runtime that does not tell a failed replay once more by itself, in its own words."""
    return Runtime(telemetry=TelemetryConfig(logging=None))


def _why(failed: Exception) -> str:
    """What Temporal says of a failed replay, without what it wraps it in."""
    found = _TEMPORALS_WORDS.search(str(failed))
    return found[1] if found else str(failed)


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


Key = tuple[str, str]


def _told(event: HistoryEvent) -> tuple[Key, Any] | None:
    """What an event says that the workflow asked for, if it did."""
    match event.event_type:
        case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            asked = event.activity_task_scheduled_event_attributes
            return ("activity", asked.activity_id), {"asks": _values(asked.input.payloads)}
        case EventType.EVENT_TYPE_TIMER_STARTED:
            timer = event.timer_started_event_attributes
            return ("timer", timer.timer_id), {"sleeps": timer.start_to_fire_timeout.ToTimedelta().total_seconds()}
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
            over = event.workflow_execution_continued_as_new_event_attributes
            return ("next run", ""), {"hands over": _values(over.input.payloads)}
        case _:
            return None


def _by_event(said: list[WorkflowCommand]) -> dict[Key, Any]:
    """What the build asks for, under the names by which the events know it."""
    found: dict[Key, Any] = {}
    for command in said:
        if command.HasField("schedule_activity"):
            activity = command.schedule_activity
            found["activity", activity.activity_id] = {"asks": _values(activity.arguments)}
        elif command.HasField("start_timer"):
            timer = command.start_timer
            seconds = timer.start_to_fire_timeout.ToTimedelta().total_seconds()
            found["timer", str(timer.seq)] = {"sleeps": seconds}
        elif command.HasField("continue_as_new_workflow_execution"):
            over = command.continue_as_new_workflow_execution
            found["next run", ""] = {"hands over": _values(over.arguments)}
    return found


def _values(payloads: Sequence[Payload]) -> list[Any]:
    return [json.loads(payload.data) if payload.data else None for payload in payloads]


def _summary(event: HistoryEvent) -> str:
    summary = event.user_metadata.summary
    return f" ({json.loads(summary.data)})" if summary.data else ""


class _Listener(WorkflowRunner):
    """A runner that remembers every command of the workflow that was run last."""

    def __init__(self, inner: WorkflowRunner) -> None:
        self.said: list[WorkflowCommand] = []
        self.instance: object = None
        self._inner = inner

    def prepare_workflow(self, defn: Any) -> None:
        self._inner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        self._inner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Heard(self._inner.create_instance(det), self.said)


class _Watcher(Interceptor):
    """Shows the listener which workflow runs."""

    def __init__(self, listener: _Listener) -> None:
        self._listener = listener

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002, ARG002 - its name
        listener = self._listener

        class Shows(WorkflowInboundInterceptor):
            async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - its name
                listener.instance = workflow.instance()
                return await super().execute_workflow(input)

        return Shows


class _Heard(Within):
    """A workflow whose commands are remembered as it gives them."""

    def __init__(self, inner: WorkflowInstance, said: list[WorkflowCommand]) -> None:
        super().__init__(inner)
        self._said = said

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        completion = super().activate(act)
        self._said.extend(completion.successful.commands)
        return completion
