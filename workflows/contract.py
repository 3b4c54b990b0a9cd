"""The contract: a thin, durable interpreter of the decider.

It applies events, carries out their effects, sleeps until the next one is due, and takes commands as updates. It holds
no rule of its own: what is due, allowed or owed is the decider's answer.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from hashlib import sha256

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain import decider, renewal_request
    from domain.commands import OfferRenewal
    from domain.due import Due
    from domain.envelope import Command, Event
    from domain.permissions import LIFE_RULE
    from domain.refusal import Refusal
    from domain.renewal_request import RenewalAnswer
    from domain.state import Contract
    from domain.view import Record, View
    from workflows import catalogue
    from workflows.carrying import CarriesOut
    from workflows.commands import TakesCommands
    from workflows.messages import (
        Advance,
        Answer,
        Baton,
        ContractStart,
        DismissEffect,
        RetryEffect,
        Taken,
    )
    from workflows.publication import all_search_attributes, search_attributes
    from workflows.refusals import as_error, moved_on

ANSWERS_KEPT = 50


@workflow.defn(name="Contract")
class ContractWorkflow(CarriesOut, TakesCommands):
    """One contract, from its quote to its end; every term is a run of its own."""

    @workflow.init
    def __init__(self, start: ContractStart) -> None:
        super().__init__(start)

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
            elif self._must_record():
                await self._record()
            elif due is None and decider.is_closed(self._contract) and not self._delayed:
                return await self._finish()
            else:
                await self._rest(due)

    async def _rest(self, due: Due | None) -> None:
        """Sleep until the next thing is due or something has changed; one timer, re-armed only when its time moves."""
        self._publish()
        self._idle, self._changed = True, False
        self._arm(None if self._clock_now else due)
        await workflow.wait_condition(lambda: self._changed or self._rang)
        self._idle = self._rang = False

    def _arm(self, due: Due | None) -> None:
        until = due.at if due else None
        if until == self._armed_for:
            return
        if self._alarm:
            self._alarm.cancel()
        self._alarm, self._armed_for = None, until
        if due:
            after = due.at - workflow.now() + (self._own_place() if due.can_wait else timedelta())
            self._alarm = asyncio.create_task(self._ring(after, f"{due.what} ({due.at:%Y-%m-%d})"))

    def _own_place(self) -> timedelta:
        """How long after the instant its bill is made, where many are due: always the same; a command makes it sooner.

        Thousands that woke up in one instant would stand before whatever people ask for meanwhile.
        """
        place = int.from_bytes(sha256(self._contract.number.encode()).digest()[:4]) / 2**32
        return timedelta(seconds=self._start.spread_seconds * place)

    async def _ring(self, after: timedelta, summary: str) -> None:
        await workflow.sleep(after, summary=summary[:200])
        self._alarm = self._armed_for = None
        self._rang = True

    # What people ask

    async def _take(self, command: Command) -> Taken:
        """Take a command once everything that was due before it has happened; a repeat gets the first answer."""
        if answer := self._answer_to(command):
            return self._taken_before(answer)
        self._changed = True
        await workflow.wait_condition(lambda: self._leaving or self._is_settled())
        if answer := self._answer_to(command):
            return self._taken_before(answer)
        if self._leaving:
            raise moved_on()
        try:
            events = decider.check(self._contract, command, self._now())
        except Refusal as refusal:
            raise as_error(refusal, self._contract) from refusal
        self._apply(events, command=command.id)
        taken = self._taken(self._keep_answer(command, events))
        if self._outbox or self._run_over:
            return taken  # what is to be written down goes along with an effect, or into the next run
        if command.writes_down and self._start.callers_write:
            # Whether it is written down, and with it the tasks, is not known from here on.
            self._left_to_caller, self._tasks_told = self._seq, None
        return taken.model_copy(update={"told": self._told()})

    def _told(self) -> Record:
        """What is to be written down; the view is in the answer already."""
        tasks = self._waiting(self._contract)
        return Record(contract=self._contract.number, entries=tuple(self._unrecorded), tasks=tasks)

    def _taken_before(self, answer: Answer) -> Taken:
        """The answer to a repeat; what was left to whoever asked first is left to whoever asks now."""
        taken = self._taken(answer)
        return taken.model_copy(update={"told": self._told()}) if self._is_left_to_callers() else taken

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
        if move.settles:
            await workflow.wait_condition(lambda: self._leaving or self.settled())
            if self._leaving:
                raise moved_on()
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
        return self._is_settled() and not self._must_record()

    @workflow.signal(name="write_down", description="Write down what was left to a caller who may not have done it.")
    def write_down(self) -> None:
        """Write down everything that is not known to be written down."""
        if self._is_left_to_callers():
            self._left_to_caller, self._changed = 0, True

    # From one run to the next, and the end

    async def _go_over(self, start: ContractStart) -> None:
        """Hand everything over to the contract's next run."""
        self._leaving = True
        await workflow.wait_condition(workflow.all_handlers_finished)
        shown = self._view()
        search_attributes(shown, self._published, staged=True)
        workflow.continue_as_new(
            start.model_copy(
                update={
                    "quote": None,
                    "batch": catalogue.BATCH,
                    "staged": True,
                    "takeover": None,
                    "baton": self._baton(),
                }
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
            tasks_told=self._tasks_told,
        )

    async def _finish(self) -> str:
        self._publish()
        self._idle = True
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._contract.status.value


def _fingerprint(command: Command) -> str:
    return sha256(command.model_dump_json(exclude={"writes_down"}).encode()).hexdigest()[:16]
