"""Ticketing: cases at whatever desk works on them, one per cause."""

from __future__ import annotations

from dataclasses import asdict

from temporalio import activity

from activities.desk import EMBEDDED, DeskPort, NewCase, Update
from activities.errors import Refused, mapped
from domain.effects import (
    CloseCase,
    CommentCase,
    EscalateCase,
    MoveCase,
    OpenCaseEffect,
    Outcome,
    ReopenCase,
)
from storage import cases, records
from storage.database import Database
from workflows.catalogue import Job


class TicketingActivities:
    """Opens cases, and brings them to where the contract has them; ``public_url`` is where people look it up."""

    def __init__(self, database: Database, desk: DeskPort, public_url: str) -> None:
        self._database = database
        self._desk = desk
        self._public_url = public_url

    @activity.defn(name="ticketing.open_case")
    async def open_case(self, job: Job) -> Outcome:
        """Open a case; a repeat finds the one that is there."""
        effect = job.effect
        assert isinstance(effect, OpenCaseEffect)  # noqa: S101 - the catalogue pairs names and effects
        new = NewCase(
            case=effect.case,
            contract=job.contract.number,
            subject=effect.subject,
            description=effect.description,
            stage=effect.stage,
            serial=effect.serial,
            line=effect.line,
            answer_by=effect.answer_by,
            urgency=effect.urgency,
            requestor=effect.requestor or job.contract.customer.email,
            link=f"{self._public_url}/v1/contracts/{job.contract.number}",
        )
        with mapped("ticketing"):
            number = await self._desk.open(new)
            if self._desk.name != EMBEDDED:
                async with self._database.write() as connection:
                    await cases.remember(connection, _kept(new, number))
            await self._record(job)
        return Outcome(reference=number)

    @activity.defn(name="ticketing.move_case")
    async def move_case(self, job: Job) -> Outcome:
        """Note a case's next stage."""
        effect = job.effect
        assert isinstance(effect, MoveCase)  # noqa: S101 - the catalogue pairs names and effects
        return await self._update(job, Update(effect.key, effect.case, stage=effect.stage, note=effect.note))

    @activity.defn(name="ticketing.close_case")
    async def close_case(self, job: Job) -> Outcome:
        """Close a case."""
        effect = job.effect
        assert isinstance(effect, CloseCase)  # noqa: S101 - the catalogue pairs names and effects
        update = Update(effect.key, effect.case, closed=True, note=effect.note)
        return await self._update(job, update, perhaps=effect.perhaps)

    @activity.defn(name="ticketing.comment_case")
    async def comment_case(self, job: Job) -> Outcome:
        """Say something about a case."""
        effect = job.effect
        assert isinstance(effect, CommentCase)  # noqa: S101 - the catalogue pairs names and effects
        return await self._update(job, Update(effect.key, effect.case, note=effect.note))

    @activity.defn(name="ticketing.reopen_case")
    async def reopen_case(self, job: Job) -> Outcome:
        """Open a case again."""
        effect = job.effect
        assert isinstance(effect, ReopenCase)  # noqa: S101 - the catalogue pairs names and effects
        return await self._update(
            job, Update(effect.key, effect.case, stage=effect.stage, closed=False, note=effect.note)
        )

    @activity.defn(name="ticketing.escalate_case")
    async def escalate_case(self, job: Job) -> Outcome:
        """Say that a case presses."""
        effect = job.effect
        assert isinstance(effect, EscalateCase)  # noqa: S101 - the catalogue pairs names and effects
        return await self._update(job, Update(effect.key, effect.case, urgency=effect.urgency, note=effect.note))

    async def _update(self, job: Job, update: Update, *, perhaps: bool = False) -> Outcome:
        with mapped("ticketing"):
            try:
                await self._desk.update(update)
            except Refused:
                if not perhaps:
                    raise
            if self._desk.name != EMBEDDED:
                told = {"stage": update.stage, "urgency": update.urgency}
                async with self._database.write() as connection:
                    await cases.bring(connection, update.case, closed=update.closed, **told)
            await self._record(job)
        return Outcome()

    async def _record(self, job: Job) -> None:
        if job.record:
            async with self._database.write() as connection:
                await records.write(connection, job.record)


def _kept(new: NewCase, number: str) -> dict[str, object]:
    """What is kept of a case whichever desk it is at: what finds its contract, and what the API shows."""
    return {name: value for name, value in asdict(new).items() if name != "link"} | {"number": number}
