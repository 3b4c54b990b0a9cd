"""Where a contract stands: its state, the trail of what happened, and what is written down and shown of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain import decider, narrative
    from domain.effects import Effect
    from domain.envelope import Event
    from domain.permissions import permissions
    from domain.pipeline import MOVES
    from domain.refusal import Refusal
    from domain.state import Contract
    from domain.tasks import Task, tasks
    from domain.view import NAMES_DEVICES, Entry, Record, View, attention, view
    from workflows import ahead, catalogue
    from workflows.attention import operators_tasks
    from workflows.messages import (
        Answer,
        Baton,
        ContractStart,
        Trouble,
    )
    from workflows.publication import details, search_attributes
    from workflows.refusals import as_error

LEFT_AT_MOST = 20
"""Entries that callers have written down, and which the contract has not written itself yet."""
NEED_A_VIEW = NAMES_DEVICES | MOVES
"""Kinds of entry that the read model follows only with the whole contract as it stands after them."""


class Standing:
    """The state of one contract's workflow, brought forward by events alone."""

    def __init__(self, start: ContractStart) -> None:
        self._start = start
        self._outbox: list[Effect] = []
        self._delayed: dict[str, list[Effect]] = {}
        self._couriers: dict[str, asyncio.Task[None]] = {}
        self._troubles: dict[str, Trouble] = {}
        self._tasks_told: tuple[Task, ...] | None = ()
        self._left_to_caller = 0
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
        self._seen: tuple[Contract, tuple[int, datetime, tuple[str, ...]], View] | None = None
        if start.baton:
            self._take_over(start.baton)
        else:
            self._open(start)

    def _take_over(self, baton: Baton) -> None:
        self._contract = baton.contract
        self._outbox = list(baton.outbox)
        self._delayed = {lane: list(effects) for lane, effects in baton.delayed.items()}
        self._troubles = {trouble.effect.key: trouble for trouble in baton.troubles}
        self._unrecorded = list(baton.unrecorded)
        self._answered = {answer.id: answer for answer in baton.answered}
        self._published = dict(baton.published)
        self._tasks_told = baton.tasks_told
        self._seq = baton.seq
        self._clock_now = baton.clock_now

    def _open(self, start: ContractStart) -> None:
        opening = start.opening
        if opening is None:
            raise ApplicationError("a contract's first run needs a quote, or to be taken over", non_retryable=True)
        try:
            self._contract, events = decider.open_contract(opening, start.now, start.rules)
        except Refusal as refusal:
            raise as_error(refusal) from refusal
        self._seq = 1
        self._unrecorded = [narrative.entry(self._contract, events[0], seq=self._seq, command=opening.id)]
        self._outbox = list(decider.effects(self._contract, events[0]))

    def _now(self) -> datetime:
        return self._clock_now or workflow.now()

    def _apply(self, events: Iterable[Event], command: str | None = None) -> None:
        self._take_on(ahead.happening(self._contract, events, self._seq, command))

    def _take_on(self, happening: ahead.Happening) -> None:
        """Let happen what is known to its end: of this very state, and noted from the trail's next entry on."""
        self._contract = happening.after
        self._seq += len(happening.entries)
        self._unrecorded.extend(happening.entries)
        self._outbox.extend(happening.effects)
        self._run_over = self._run_over or happening.ends_run
        self._idle, self._changed = False, True

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

    def _must_record(self) -> bool:
        """Whether the contract has to write down itself; what a caller writes down is written with what comes next."""
        if self._view_late or not self._unrecorded:
            return self._view_late
        if decider.is_closed(self._contract) or len(self._unrecorded) > LEFT_AT_MOST:
            return True
        return self._unrecorded[-1].seq > self._left_to_caller

    def _is_left_to_callers(self) -> bool:
        """Whether there is something to write down that the contract does not write by itself now."""
        return bool(self._unrecorded) and not self._must_record()

    def told(self) -> tuple[int, int]:
        """Up to which entry of its trail the contract knows that it is written down, and up to which it has come."""
        return (self._unrecorded[0].seq - 1 if self._unrecorded else self._seq), self._seq

    async def _record(self) -> None:
        """Write what no effect has carried along; our own database is waited for."""
        record = self._take_record()
        await workflow.execute_activity(
            catalogue.RECORD,
            record,
            start_to_close_timeout=catalogue.START_TO_CLOSE,
            heartbeat_timeout=catalogue.HEARTBEAT,
            retry_policy=catalogue.PROMPT,
            summary=f"record up to entry {self._seq}",
        )
        self._recorded(record)

    def _view(self, contract: Contract | None = None, version: int | None = None) -> View:
        """How a contract is shown: one state is shown to who asked, to what is written down, and in the UI."""
        of = contract or self._contract
        key = (version or self._seq, self._now(), self._attention(of))
        if not (self._seen and self._seen[0] is of and self._seen[1] == key):
            self._seen = of, key, self._made(of, *key)
        return self._seen[2]

    def _made(self, contract: Contract, version: int, now: datetime, attention: tuple[str, ...]) -> View:
        return view(
            contract,
            now=now,
            step=decider.step(contract),
            allowed=permissions(contract),
            attention=attention,
            clock=self._start.clock,
            version=version,
            closed=decider.is_closed(contract),
        )

    def _attention(self, contract: Contract) -> tuple[str, ...]:
        waiting = (f"{lane}: {len(effects)} waiting" for lane, effects in self._delayed.items())
        refused = (f"{trouble.what}: {trouble.reason}" for trouble in self._troubles.values())
        return (*waiting, *attention(contract), *refused)

    def _publish(self) -> None:
        shown = self._view()
        self._seen = None  # it rests now, and is one of hundreds that a worker keeps
        workflow.set_current_details(details(shown, self._unread()))
        pairs = search_attributes(shown, self._published, staged=self._start.staged)
        if pairs:
            workflow.upsert_search_attributes(pairs)

    def _unread(self) -> str:
        return (
            ""
            if not self._clock_now
            else f"It lives on test clock `{self._start.clock}`, at {self._clock_now:%Y-%m-%d}."
        )
