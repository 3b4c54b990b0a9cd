"""Carrying out: what the world is told, in order and once; what it does not take is set aside, or a person's task."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain import decider, narrative
    from domain.effects import Effect, Outcome
    from domain.refusal import Refusal
    from domain.view import Record
    from workflows import ahead, catalogue
    from workflows.messages import (
        Trouble,
    )
    from workflows.standing import NEED_A_VIEW, Standing


class CarriesOut(Standing):
    """A contract that tells the world what its events ask for, and hears the answers."""

    async def _catch_up(self) -> None:
        """Ask for much at once while there is much to ask for; what is left is done one by one."""
        while self._start.batch > 1 and not self._delayed and not self._run_over:
            plan = ahead.plan(self._contract, self._outbox, self._unrecorded, self._now(), self._seq)
            if len(plan.asked) < 2:
                return
            # What is on its way has its place in the trail already: whatever else there is to note comes after it.
            self._ahead = True
            parts = self._parts(plan)
            done = await self._carry_out(parts)
            self._ahead = False
            self._follow(plan, parts, done.outcomes)
            for kind, summary, rule in self._notes:
                self._note_operation(kind, summary, rule)
            self._notes.clear()
            if not done.outcomes:
                return

    def _parts(self, plan: ahead.Plan) -> tuple[catalogue.Part, ...]:
        last = len(plan.asked) - 1
        return tuple(self._part(asked, whole=position == last) for position, asked in enumerate(plan.asked))

    async def _carry_out(self, parts: tuple[catalogue.Part, ...]) -> catalogue.CarriedOut:
        done: catalogue.CarriedOut = await workflow.execute_activity(
            catalogue.CARRY_OUT,
            catalogue.Batch(contract=self._header(), parts=parts),
            result_type=catalogue.CarriedOut,
            start_to_close_timeout=catalogue.BATCH_WITHIN,
            heartbeat_timeout=catalogue.HEARTBEAT,
            retry_policy=catalogue.PROMPT,
            summary=f"{len(parts)} at once, from {narrative.line(parts[0].effect)}"[:200],
        )
        return done

    def _part(self, asked: ahead.Asked, *, whole: bool) -> catalogue.Part:
        """One effect as it travels; only the last one's record, or one with new devices, shows the whole contract."""
        record = None
        if asked.entries:
            shown = whole or any(entry.kind in NEED_A_VIEW for entry in asked.entries)
            record = Record(
                contract=self._contract.number,
                view=self._view(asked.contract, asked.entries[-1].seq) if shown else None,
                entries=asked.entries,
                tasks=self._waiting(asked.contract) if whole else None,
            )
        lines = asked.contract.lines if isinstance(asked.effect, catalogue.SPEAKS_OF_LINES) else ()
        return catalogue.Part(effect=asked.effect, expects=asked.expects, lines=lines, record=record)

    def _follow(self, plan: ahead.Plan, parts: tuple[catalogue.Part, ...], outcomes: tuple[Outcome, ...]) -> None:
        """Let happen what was carried out, and hear the answers; after one that was not expected, all is open again."""
        for asked, part, outcome in zip(plan.asked, parts, outcomes, strict=False):
            self._let_happen(asked.happened)
            self._outbox = [effect for effect in self._outbox if effect.key != asked.effect.key]
            if asked.entries:
                last = asked.entries[-1].seq
                self._unrecorded = [item for item in self._unrecorded if item.seq > last]
                self._view_late = part is not parts[-1]
                if part.record and part.record.tasks is not None:
                    self._tasks_told = part.record.tasks
            self._hear(asked.effect, outcome, max(asked.effect.at, self._contract.at))
            if not part.goes_on(outcome):
                return
        left = plan.asked[len(outcomes) :]
        self._let_happen(left[0].happened if left else plan.happened)

    def _let_happen(self, happened: Iterable[ahead.Happening]) -> None:
        """What was thought ahead is so, where the contract stands as it was thought to; else it is found anew."""
        for happening in happened:
            if happening.of is self._contract and happening.entries[0].seq == self._seq + 1:
                self._take_on(happening)
            else:
                self._apply(happening.events)

    async def _work_off(self) -> None:
        while self._outbox:
            effect = self._outbox.pop(0)
            lane = catalogue.lane(effect)
            if lane in self._delayed:
                self._delayed[lane].append(effect)
            else:
                await self._perform(effect, lane)

    async def _perform(self, effect: Effect, lane: str) -> None:
        """Carry an effect out; one that the world does not take in time is set aside and flagged, and life goes on."""
        record = None if self._outbox else self._take_record()
        try:
            outcome = await self._execute(effect, record, patience=timedelta(seconds=self._start.patience_seconds))
        except ActivityError as error:
            refusal = _refusal(error)
            if refusal is None:
                self._set_aside(effect, lane, error)
                return
            outcome = refusal
        else:
            self._recorded(record)
        self._hear(effect, outcome, max(effect.at, self._contract.at))

    async def _execute(self, effect: Effect, record: Record | None, *, patience: timedelta | None) -> Outcome:
        outcome: Outcome = await workflow.execute_activity(
            catalogue.ACTIVITY[type(effect)],
            catalogue.Job(contract=self._header(effect), effect=effect, record=record),
            result_type=Outcome,
            start_to_close_timeout=catalogue.START_TO_CLOSE,
            schedule_to_close_timeout=patience,
            heartbeat_timeout=catalogue.HEARTBEAT,
            retry_policy=catalogue.PROMPT if patience else catalogue.ENDLESS,
            summary=narrative.line(effect)[:200],
        )
        return outcome

    def _hear(self, effect: Effect, outcome: Outcome, at: datetime) -> None:
        if outcome.kind == "refused":
            self._trouble(effect, "refused", str(outcome.reason), retryable=True)
        answer = decider.report(effect, outcome)
        if answer is None:
            return
        try:
            events = decider.check(self._contract, answer, at)
        except Refusal as refusal:
            self._trouble(effect, "unexpected", str(refusal), retryable=False)
        else:
            if outcome.kind == "bounced" and not events:
                self._trouble(effect, "refused", str(outcome.reason), retryable=False)
            self._apply(events)

    def _trouble(self, effect: Effect, kind: str, reason: str, *, retryable: bool) -> None:
        what = narrative.line(effect)
        self._troubles[effect.key] = Trouble(effect=effect, what=what, reason=reason, retryable=retryable)
        said = "Refused" if retryable else "Not expected"
        self._note_operation(kind, f"{said}: {what}: {reason}", effect.rule)

    def _set_aside(self, effect: Effect, lane: str, error: ActivityError) -> None:
        reason = str(error.cause or error)
        self._note_operation(
            "delayed", f"{lane} does not answer, {narrative.line(effect)} waits: {reason}", effect.rule
        )
        self._delayed[lane] = [effect]
        self._send_courier(lane)

    def _send_courier(self, lane: str) -> None:
        self._couriers[lane] = asyncio.create_task(self._deliver(lane))

    async def _deliver(self, lane: str) -> None:
        """Deliver in order what was set aside, however long it takes; then the lane is mended."""
        queue = self._delayed[lane]
        while queue:
            effect = queue[0]
            try:
                outcome = await self._execute(effect, None, patience=None)
            except ActivityError as error:
                outcome = _refusal(error) or Outcome(kind="refused", reason=str(error.cause or error))
            queue.pop(0)
            self._hear(effect, outcome, max(self._now(), self._contract.at))
        del self._delayed[lane], self._couriers[lane]
        self._note_operation("mended", f"{lane} answers again, everything set aside is delivered", "COM-1")

    def _header(self, effect: Effect | None = None) -> catalogue.Header:
        contract = self._contract
        return catalogue.Header(
            number=contract.number,
            programme=contract.terms.code,
            issuer=contract.terms.issuer.code,
            terms_version=contract.terms.version,
            customer=contract.customer,
            lines=contract.lines if isinstance(effect, catalogue.SPEAKS_OF_LINES) else (),
            currency=contract.terms.currency,
            zone=contract.zone,
            clock=self._start.clock,
            now=self._now(),
        )


def _refusal(error: ActivityError) -> Outcome | None:
    """The world's final no, where that is what the error says; a broken wire is none."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.non_retryable:
        return Outcome(kind="refused", reason=cause.message)
    return None
