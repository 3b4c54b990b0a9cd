"""Many effects in one go, for a contract that has much to catch up with: each as if it had been asked for alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.effects import Outcome
from workflows.catalogue import ACTIVITY, CARRY_OUT, Batch, CarriedOut, Job, Part

_ENOUGH = 10.0
"""Seconds after which no further effect is begun: what is left comes with the next batch."""


class BatchActivities:
    """Carries effects out by the activities of their concerns, given by the name of their lane; none may be missing."""

    def __init__(self, concerns: Mapping[str, Sequence[object]]) -> None:
        self._acts = {name: _act(concerns, name) for name in set(ACTIVITY.values())}

    @activity.defn(name=CARRY_OUT)
    async def carry_out(self, batch: Batch) -> CarriedOut:
        """Carry effects out in their order, up to the first that is not answered as expected, or not at all.

        One that fails is left to the contract, which asks for it alone: it can wait for it, or set it aside.
        """
        outcomes: list[Outcome] = []
        ends = monotonic() + _ENOUGH
        for part in batch.parts:
            try:
                outcome = await self._carry(batch, part)
            except ApplicationError:
                break
            outcomes.append(outcome)
            if not part.goes_on(outcome) or monotonic() > ends:
                break
        return CarriedOut(outcomes=tuple(outcomes))

    async def _carry(self, batch: Batch, part: Part) -> Outcome:
        act = self._acts[ACTIVITY[type(part.effect)]]
        contract = batch.contract.model_copy(update={"lines": part.lines}) if part.lines else batch.contract
        outcome: Outcome = await act(Job(contract=contract, effect=part.effect, record=part.record))
        return outcome


def _act(concerns: Mapping[str, Sequence[object]], name: str) -> Callable[..., Any]:
    """Who carries out what is asked for under a name. Raises ValueError where nobody does."""
    lane, _, what = name.partition(".")
    found: Callable[..., Any] | None = next(
        (getattr(item, what) for item in concerns[lane] if hasattr(item, what)), None
    )
    if found is None:
        raise ValueError(f"nobody carries out {name}")
    return found
