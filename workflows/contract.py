"""The contract: a thin, durable interpreter of the decider.

It applies events, carries out their effects, sleeps until the next one is due, and takes commands as updates. It holds
no rule of its own: what is due, allowed or owed is the decider's answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain import decider, narrative, renewal_request
    from domain.commands import OfferRenewal
    from domain.effects import Effect, Outcome
    from domain.envelope import Command, Event
    from domain.permissions import LIFE_RULE, permissions
    from domain.pipeline import MOVES
    from domain.refusal import Refusal
    from domain.renewal_request import RenewalAnswer
    from domain.state import RULES_VERSION, Contract
    from domain.tasks import Task, tasks
    from domain.view import NAMES_DEVICES, Entry, Record, View, attention, view
    from workflows import ahead, catalogue
    from workflows.attention import operators_tasks
    from workflows.commands import TakesCommands
    from workflows.messages import (
        Advance,
        Answer,
        Baton,
        ContractStart,
        DismissEffect,
        RetryEffect,
        Taken,
        Trouble,
    )
    from workflows.publication import all_search_attributes, details, search_attributes
    from workflows.refusals import as_error, moved_on

ANSWERS_KEPT = 50
NEED_A_VIEW = NAMES_DEVICES | MOVES
"""Kinds of entry that the read model follows only with the whole contract as it stands after them."""


@workflow.defn(name="Contract")
class ContractWorkflow(TakesCommands):
    """One contract, from its quote to its end; every term is a run of its own."""

    @workflow.init
    def __init__(self, start: ContractStart) -> None:
        self._start = start
        self._outbox: list[Effect] = []
        self._delayed: dict[str, list[Effect]] = {}
        self._couriers: dict[str, asyncio.Task[None]] = {}
        self._troubles: dict[str, Trouble] = {}
        self._tasks_told: tuple[Task, ...] = ()
        self._unrecorded: list[Entry] = []
        self._answered: dict[str, Answer] = {}
        self._published: dict[str, str] = {}
        self._seq = 0
        self._clock_now = start.now if start.clock else None
        self._idle = self._changed = self._run_over = self._leaving = False
        self._alarm: asyncio.Task[None] | None = None
        self._armed_for: datetime | None = None
        self._rang = self._view_late = self._ahead = False
        self._notes: list[tuple[str, str, str]] = []
        if start.baton:
            self._take_over(start.baton)
        else:
            self._open(start)

    def _take_over(self, baton: Baton) -> None:
        self._contract = baton.contract.model_copy(update={"rules": RULES_VERSION})
        self._outbox = list(baton.outbox)
        self._delayed = {lane: list(effects) for lane, effects in baton.delayed.items()}
        self._troubles = {trouble.effect.key: trouble for trouble in baton.troubles}
        self._unrecorded = list(baton.unrecorded)
        self._answered = {answer.id: answer for answer in baton.answered}
        self._published = dict(baton.published)
        self._seq = baton.seq
        self._clock_now = baton.clock_now

    def _open(self, start: ContractStart) -> None:
        opening = start.opening
        if opening is None:
            raise ApplicationError("a contract's first run needs a quote, or to be taken over", non_retryable=True)
        try:
            self._contract, events = decider.open_contract(opening, start.now)
        except Refusal as refusal:
            raise as_error(refusal) from refusal
        self._note(self._contract, events[0], command=opening.id)

    @workflow.run
    async def run(self, start: ContractStart) -> str:
        """Live until the contract has ended and the world knows; answers with the status it ended in."""
        for lane in list(self._delayed):
            self._send_courier(lane)
        while True:
            await self._catch_up()
            await self._work_off()
            if self._run_over or workflow.info().is_continue_as_new_suggested():
                await self._go_over(start)
            due = decider.next_due(self._contract)
            if due and due.at <= self._now():
                self._apply(due.events)
            elif self._unrecorded or self._view_late:
                await self._record()
            elif due is None and decider.is_closed(self._contract) and not self._delayed:
                return await self._finish()
            else:
                await self._rest(due.at if due else None, due.what if due else "")

    # What happens by itself

    def _now(self) -> datetime:
        return self._clock_now or workflow.now()

    def _apply(self, events: Iterable[Event], command: str | None = None) -> None:
        for event in events:
            self._contract = decider.evolve(self._contract, event)
            self._note(self._contract, event, command=command)
            self._run_over = self._run_over or isinstance(event, ahead.RUN_ENDS)
        self._idle, self._changed = False, True

    def _note(self, contract: Contract, event: Event, *, command: str | None = None) -> None:
        self._seq += 1
        self._unrecorded.append(narrative.entry(contract, event, seq=self._seq, command=command))
        self._outbox.extend(decider.effects(contract, event))

    def _note_operation(self, kind: str, summary: str, rule: str) -> None:
        """An entry of the interpreter's own, so that the trail also says what went wrong on the wire."""
        if self._ahead:
            self._notes.append((kind, summary, rule))
            return
        self._seq += 1
        now = self._now()
        on = self._contract.date_of(now)
        self._unrecorded.append(
            Entry(
                seq=self._seq,
                at=now,
                on=on,
                kind=f"operations.{kind}",
                rule=rule,
                by="tenure",
                summary=summary,
                data={},
            )
        )
        self._changed = True

    async def _rest(self, until: datetime | None, what: str) -> None:
        """Sleep until the next thing is due or something has changed; one timer, re-armed only when its time moves."""
        self._publish()
        self._idle, self._changed = True, False
        self._arm(None if self._clock_now else until, what)
        await workflow.wait_condition(lambda: self._changed or self._rang)
        self._idle = self._rang = False

    def _arm(self, until: datetime | None, what: str) -> None:
        if until == self._armed_for:
            return
        if self._alarm:
            self._alarm.cancel()
        self._alarm, self._armed_for = None, until
        if until:
            self._alarm = asyncio.create_task(self._ring(until - workflow.now(), f"{what} ({until:%Y-%m-%d})"))

    async def _ring(self, after: timedelta, summary: str) -> None:
        await workflow.sleep(after, summary=summary[:200])
        self._alarm = self._armed_for = None
        self._rang = True

    # What the world is told

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
            self._hear(asked.effect, outcome, max(asked.effect.at, self._contract.at))
            if not part.goes_on(outcome):
                return
        left = plan.asked[len(outcomes) :]
        self._let_happen(left[0].happened if left else plan.happened)

    def _let_happen(self, happened: Iterable[ahead.Happening]) -> None:
        for happening in happened:
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

    # What is shown and kept

    def _take_record(self) -> Record | None:
        if not self._unrecorded and not self._view_late:
            return None
        return Record(view=self._view(), entries=tuple(self._unrecorded), tasks=self._waiting(self._contract))

    def _waiting(self, contract: Contract) -> tuple[Task, ...] | None:
        """What waits for people, where it is not what was told last."""
        waiting = (*tasks(contract), *operators_tasks(contract, self._troubles.values(), self._delayed))
        return waiting if waiting != self._tasks_told else None

    def _recorded(self, record: Record | None) -> None:
        if record is None:
            return
        last = record.entries[-1].seq if record.entries else 0
        self._unrecorded = [item for item in self._unrecorded if item.seq > last]
        self._tasks_told = self._tasks_told if record.tasks is None else record.tasks
        self._view_late = False

    async def _record(self) -> None:
        """Write what no effect has carried along; our own database is waited for."""
        record = self._take_record()
        await workflow.execute_activity(
            catalogue.RECORD,
            record,
            start_to_close_timeout=catalogue.START_TO_CLOSE,
            retry_policy=catalogue.PROMPT,
            summary=f"record up to entry {self._seq}",
        )
        self._recorded(record)

    def _view(self, contract: Contract | None = None, version: int | None = None) -> View:
        contract = contract or self._contract
        return view(
            contract,
            now=self._now(),
            step=decider.step(contract),
            allowed=permissions(contract),
            attention=self._attention(contract),
            clock=self._start.clock,
            version=version or self._seq,
            closed=decider.is_closed(contract),
        )

    def _attention(self, contract: Contract) -> tuple[str, ...]:
        waiting = (f"{lane}: {len(effects)} waiting" for lane, effects in self._delayed.items())
        refused = (f"{trouble.what}: {trouble.reason}" for trouble in self._troubles.values())
        return (*waiting, *attention(contract), *refused)

    def _publish(self) -> None:
        shown = self._view()
        workflow.set_current_details(details(shown, self._unread()))
        pairs = search_attributes(shown, self._published)
        if pairs:
            workflow.upsert_search_attributes(pairs)

    def _unread(self) -> str:
        return (
            ""
            if not self._clock_now
            else f"It lives on test clock `{self._start.clock}`, at {self._clock_now:%Y-%m-%d}."
        )

    # What people ask

    async def _take(self, command: Command) -> Taken:
        """Take a command once everything that was due before it has happened; a repeat gets the first answer."""
        if answer := self._answer_to(command):
            return self._taken(answer)
        self._changed = True
        await workflow.wait_condition(lambda: self._leaving or self._is_settled())
        if answer := self._answer_to(command):
            return self._taken(answer)
        if self._leaving:
            raise moved_on()
        try:
            events = decider.check(self._contract, command, self._now())
        except Refusal as refusal:
            raise as_error(refusal, self._contract) from refusal
        self._apply(events, command=command.id)
        return self._taken(self._keep_answer(command, events))

    def _would_take(self, command: Command) -> None:
        """Refuse before anything is written, where it is certain already."""
        if self._answer_to(command) or not self._is_settled():
            return
        try:
            decider.check(self._contract, command, self._now())
        except Refusal as refusal:
            raise as_error(refusal, self._contract) from refusal

    def _is_settled(self) -> bool:
        if not self._idle:
            return False
        due = decider.next_due(self._contract)
        return due is None or due.at > self._now()

    def _answer_to(self, command: Command) -> Answer | None:
        answer = self._answered.get(command.id)
        if answer and answer.fingerprint != _fingerprint(command):
            raise as_error(
                Refusal("COM-1", "this idempotency key was used for another command", field="Idempotency-Key"),
                self._contract,
            )
        return answer

    def _keep_answer(self, command: Command, events: tuple[Event, ...]) -> Answer:
        kinds = tuple(str(getattr(event, "kind", "")) for event in events)
        answer = Answer(id=command.id, fingerprint=_fingerprint(command), version=self._seq, events=kinds)
        self._answered[command.id] = answer
        for oldest in list(self._answered)[:-ANSWERS_KEPT]:
            del self._answered[oldest]
        return answer

    def _taken(self, answer: Answer) -> Taken:
        return Taken(version=answer.version, events=answer.events, view=self._view())

    @workflow.update(name="offer_renewal", description="Ask for the renewal quote; the answer is what became of it.")
    async def offer_renewal(self, command: OfferRenewal) -> RenewalAnswer:
        """Ask for the renewal quote, and answer when it is made, or why the contract is left alone."""
        await self._take(command)
        await workflow.wait_condition(lambda: self._leaving or self._is_settled())
        if self._leaving:
            raise moved_on()
        return renewal_request.answer(self._contract, command, self._now())

    @workflow.update(name="retry_effect", description="Try again what the world refused for good.")
    async def retry_effect(self, command: RetryEffect) -> Taken:
        """Carry a refused effect out again; its key is the same, so that it still happens once."""
        return self._see_to(command, "retried", f"{command.by} lets it be tried again")

    @workflow.update(name="dismiss_effect", description="Leave what was refused as it is, and say why.")
    async def dismiss_effect(self, command: DismissEffect) -> Taken:
        """Take a refusal off what needs attention."""
        return self._see_to(command, "dismissed", f"{command.by}: {command.reason}")

    def _see_to(self, command: RetryEffect | DismissEffect, kind: str, said: str) -> Taken:
        if answer := self._answer_to(command):
            return self._taken(answer)
        trouble = self._troubles.get(command.effect)
        if trouble is None or (kind == "retried" and not trouble.retryable):
            known = ", ".join(self._troubles) or "none"
            reason = f"`{command.effect}` is nothing that was refused"
            refusal = Refusal(LIFE_RULE, reason, allowed_when=f"it is one of: {known}", field="effect")
            raise as_error(refusal, self._contract)
        del self._troubles[command.effect]
        if kind == "retried":
            self._outbox.append(trouble.effect)
        self._note_operation(kind, f"{trouble.what}: {said}", trouble.effect.rule)
        return self._taken(self._keep_answer(command, ()))

    @workflow.update(name="advance", description="Move the contract's own test clock forward to an instant.")
    async def advance(self, move: Advance) -> View:
        """Move the contract's clock forward; what falls due until then happens at once, dated as due."""
        if self._clock_now and move.to > self._clock_now:
            self._clock_now = move.to
            self._note_operation("clock", f"Test clock moved to {move.to:%Y-%m-%d %H:%M} UTC", "COM-1")
        return self._view()

    @advance.validator
    def _may_advance(self, move: Advance) -> None:
        if self._clock_now is None:
            raise as_error(Refusal("COM-1", "the contract lives on real time, which cannot be moved"), self._contract)
        if move.to < self._clock_now:
            raise as_error(
                Refusal("COM-1", "a test clock only goes forward", allowed_from=self._clock_now), self._contract
            )

    @workflow.query(name="contract", description="The whole state of the contract.")
    def contract(self) -> Contract:
        """The whole state of the contract."""
        return self._contract

    @workflow.query(name="view", description="The contract as its read model shows it.")
    def view(self) -> View:
        """The contract as its read model shows it."""
        return self._view()

    @workflow.query(name="settled", description="Whether it has done, and written down, all that is due.")
    def settled(self) -> bool:
        """Whether it has done, and written down, all that is due; what is set aside does not count."""
        return self._is_settled() and not self._unrecorded

    # From one run to the next, and the end

    async def _go_over(self, start: ContractStart) -> None:
        """Hand everything over to the contract's next run."""
        self._leaving = True
        await workflow.wait_condition(workflow.all_handlers_finished)
        shown = self._view()
        search_attributes(shown, self._published)
        workflow.continue_as_new(
            start.model_copy(
                update={"quote": None, "batch": catalogue.BATCH, "takeover": None, "baton": self._baton()}
            ),
            search_attributes=all_search_attributes(shown),
        )

    def _baton(self) -> Baton:
        return Baton(
            contract=self._contract,
            seq=self._seq,
            clock_now=self._clock_now,
            outbox=tuple(self._outbox),
            delayed={lane: tuple(effects) for lane, effects in self._delayed.items()},
            troubles=tuple(self._troubles.values()),
            unrecorded=tuple(self._unrecorded),
            answered=tuple(self._answered.values()),
            published=self._published,
        )

    async def _finish(self) -> str:
        self._publish()
        self._idle = True
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._contract.status.value


def _refusal(error: ActivityError) -> Outcome | None:
    """The world's final no, where that is what the error says; a broken wire is none."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.non_retryable:
        return Outcome(kind="refused", reason=cause.message)
    return None


def _fingerprint(command: Command) -> str:
    return sha256(command.model_dump_json().encode()).hexdigest()[:16]
