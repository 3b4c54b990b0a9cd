"""What the interpreter itself needs a person for: what the world refused for good, and what it does not answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.effects import Effect
    from domain.permissions import LIFE_RULE
    from domain.state import Contract
    from domain.tasks import Task, task
    from workflows.messages import Trouble


def operators_tasks(
    contract: Contract, troubles: Iterable[Trouble], delayed: Mapping[str, list[Effect]]
) -> Iterator[Task]:
    """A task for each refusal, which is tried again or dismissed, and for each lane that waits for its system."""
    for trouble in troubles:
        key, rule = trouble.effect.key, trouble.effect.rule
        answers = ("retry_effect", "dismiss_effect") if trouble.retryable else ("dismiss_effect",)
        what = f"{trouble.what}: {trouble.reason}"
        yield task(contract, "refused", key, what, role="operator", rule=rule, answers=answers, effect=key)
    for lane in delayed:
        what = f"mend {lane}: it does not answer, and what is meant for it waits"
        yield task(contract, "lane", lane, what, role="operator", rule=LIFE_RULE, answers=())
