"""Many effects in one go, for a contract that has much to catch up with: each as if it had been asked for alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import takewhile
from time import monotonic
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.effects import Outcome
from workflows.catalogue import ACTIVITY, CARRY_OUT, Batch, CarriedOut, Job, Part

GoesOn = Callable[[int, Outcome], bool]
"""Whether the next of several jobs may be asked for after the answer to the one at a position."""

Together = Callable[[Sequence[Job], GoesOn], Awaitable[list[Outcome]]]
"""Carries out the first of some jobs, and as many after it as go on; answers for those."""

_ENOUGH = 10.0
"""Seconds after which no further effect is begun: what is left comes with the next batch."""


class BatchActivities:
    """Carries effects out by the activities of their concerns, given by the name of their lane; none may be missing.

    Those of an activity that is in ``together`` are carried out in one go where they follow on each other.
    """

    def __init__(
        self, concerns: Mapping[str, Sequence[object]], together: Mapping[str, Together] | None = None
    ) -> None:
        alone = {name: _alone(_act(concerns, name)) for name in set(ACTIVITY.values())}
        self._acts: dict[str, Together] = {**alone, **(together or {})}

    @activity.defn(name=CARRY_OUT)
    async def carry_out(self, batch: Batch) -> CarriedOut:
        """Carry effects out in their order, up to the first that is not answered as expected, or not at all.

        One that fails is left to the contract, which asks for it alone: it can wait for it, or set it aside.
        """
        outcomes: list[Outcome] = []
        ends = monotonic() + _ENOUGH
        while left := batch.parts[len(outcomes) :]:
            try:
                answers = await self._carry(batch, left, ends)
            except ApplicationError:
                break
            outcomes += answers
            if not left[len(answers) - 1].goes_on(answers[-1]) or monotonic() > ends:
                break
        return CarriedOut(outcomes=tuple(outcomes))

    async def _carry(self, batch: Batch, parts: tuple[Part, ...], ends: float) -> list[Outcome]:
        """The answers to the first of these parts, and to those after it that go out with it."""
        name = ACTIVITY[type(parts[0].effect)]
        alike = tuple(takewhile(lambda part: ACTIVITY[type(part.effect)] == name, parts))

        def goes_on(position: int, outcome: Outcome) -> bool:
            return alike[position].goes_on(outcome) and monotonic() <= ends

        return await self._acts[name]([_job(batch, part) for part in alike], goes_on)


def _job(batch: Batch, part: Part) -> Job:
    contract = batch.contract.model_copy(update={"lines": part.lines}) if part.lines else batch.contract
    return Job(contract=contract, effect=part.effect, record=part.record)


def _alone(act: Callable[[Job], Awaitable[Outcome]]) -> Together:
    """An activity that takes one job at a time."""

    async def first(jobs: Sequence[Job], _goes_on: GoesOn) -> list[Outcome]:
        return [await act(jobs[0])]

    return first


def _act(concerns: Mapping[str, Sequence[object]], name: str) -> Callable[..., Any]:
    """Who carries out what is asked for under a name. Raises ValueError where nobody does."""
    lane, _, what = name.partition(".")
    found: Callable[..., Any] | None = next(
        (getattr(item, what) for item in concerns[lane] if hasattr(item, what)), None
    )
    if found is None:
        raise ValueError(f"nobody carries out {name}")
    return found
