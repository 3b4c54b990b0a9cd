"""A world in memory: every activity that a contract asks for, with switches by which it breaks and refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.effects import Effect, Outcome
from domain.simulator import PriceListWorld
from domain.tasks import Task
from domain.view import Entry, Record, View
from workflows.catalogue import ACTIVITY, CARRY_OUT, RECORD, Batch, CarriedOut, Job, lane


@dataclass
class MemoryWorld:
    """What contracts told the world, by effect key, and the trail that they recorded."""

    told: dict[str, Effect] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    trail: dict[str, dict[int, Entry]] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    tasks: dict[str, tuple[Task, ...]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    declining: set[str] = field(default_factory=set)
    batches: list[int] = field(default_factory=list)
    prices: PriceListWorld = field(default_factory=PriceListWorld)

    def activities(self) -> list[Callable[..., Any]]:
        """All of them, under the names of the catalogue."""
        names = sorted(set(ACTIVITY.values()))
        return [self._performing(name) for name in names] + [self._recording(), self._batching()]

    def _batching(self) -> Callable[..., Any]:
        @activity.defn(name=CARRY_OUT)
        async def carry_out(batch: Batch) -> CarriedOut:
            self.batches.append(len(batch.parts))
            outcomes: list[Outcome] = []
            for part in batch.parts:
                try:
                    contract = batch.contract.model_copy(update={"lines": part.lines})
                    outcome = self._perform(Job(contract=contract, effect=part.effect, record=part.record))
                except ApplicationError:
                    break
                outcomes.append(outcome)
                if not part.goes_on(outcome):
                    break
            return CarriedOut(outcomes=tuple(outcomes))

        return carry_out

    def _performing(self, name: str) -> Callable[..., Any]:
        async def perform(job: Job) -> Outcome:
            return self._perform(job)

        return activity.defn(name=name)(perform)

    def _recording(self) -> Callable[..., Any]:
        @activity.defn(name=RECORD)
        async def record(given: Record) -> None:
            self._record(given)

        return record

    def _perform(self, job: Job) -> Outcome:
        concern = lane(job.effect)
        if concern in self.broken:
            raise ApplicationError(f"{concern} is down", type=f"{concern}.unreachable")
        if concern in self.refusing:
            raise ApplicationError(f"{concern} says no", type=f"{concern}.refused", non_retryable=True)
        key = job.effect.key
        self.times[key] = self.times.get(key, 0) + 1
        if key not in self.told:
            self.told[key] = job.effect
            self.order.append(key)
        if job.record:
            self._record(job.record)
        return self._answer(job)

    def _answer(self, job: Job) -> Outcome:
        method = getattr(job.effect, "method", None) or "pm_ok"
        if job.effect.kind == "requote":
            listed = {(price.service, price.model): price.prices for price in self.prices.prices}
            found = {
                line.id: listed[line.service, line.model]
                for line in job.contract.lines
                if (line.service, line.model) in listed
            }
            return Outcome(prices=found, terms=self.prices.terms)
        if any(part in job.effect.key for part in self.declining):
            return Outcome(kind="declined", reason="insufficient_funds")
        if job.effect.kind in {"issue_invoice", "collect"}:
            kind = (
                "declined"
                if method.startswith("pm_declined")
                else "pending"
                if method.startswith("pm_slow")
                else "paid"
            )
            return Outcome.model_validate({"kind": kind})
        return Outcome()

    def _record(self, record: Record) -> None:
        number = record.number
        for entry in record.entries:
            self.trail.setdefault(number, {}).setdefault(entry.seq, entry)
        if record.view and (number not in self.views or self.views[number].version <= record.view.version):
            self.views[number] = record.view
            self.tasks[number] = self.tasks.get(number, ()) if record.tasks is None else record.tasks

    def entries(self, number: str) -> list[Entry]:
        """A contract's recorded trail, in order."""
        return [entry for _, entry in sorted(self.trail.get(number, {}).items())]
