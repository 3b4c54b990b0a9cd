"""Ticketing: cases at whatever desk works on them, one per cause."""

from __future__ import annotations

from typing import Protocol

from temporalio import activity

from activities.errors import mapped
from domain.effects import CloseCase, MoveCase, OpenCaseEffect, Outcome
from storage import records
from storage.database import Database
from workflows.catalogue import Job


class DeskPort(Protocol):
    """Who works on cases. Every call is made once per key, however often it is repeated."""

    async def open(
        self, *, case: str, contract: str, subject: str, serial: str | None, line: str | None, stage: str
    ) -> str:
        """Open a case, and answer with the desk's own number. Raises Refused or Unreachable."""

    async def move(self, *, key: str, case: str, stage: str, note: str | None) -> None:
        """Note that a case is in another stage. Raises Refused or Unreachable."""

    async def close(self, *, key: str, case: str, note: str | None) -> None:
        """Close a case. Raises Refused or Unreachable."""


class TicketingActivities:
    """Opens, moves and closes cases."""

    def __init__(self, database: Database, desk: DeskPort) -> None:
        self._database = database
        self._desk = desk

    @activity.defn(name="ticketing.open_case")
    async def open_case(self, job: Job) -> Outcome:
        """Open a case; a repeat finds the one that is there."""
        effect = job.effect
        assert isinstance(effect, OpenCaseEffect)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("ticketing"):
            number = await self._desk.open(
                case=effect.case,
                contract=job.contract.number,
                subject=effect.subject,
                serial=effect.serial,
                line=effect.line,
                stage=effect.stage,
            )
            await self._record(job)
        return Outcome(reference=number)

    @activity.defn(name="ticketing.move_case")
    async def move_case(self, job: Job) -> Outcome:
        """Note a case's next stage."""
        effect = job.effect
        assert isinstance(effect, MoveCase)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("ticketing"):
            await self._desk.move(key=effect.key, case=effect.case, stage=effect.stage, note=effect.note)
            await self._record(job)
        return Outcome()

    @activity.defn(name="ticketing.close_case")
    async def close_case(self, job: Job) -> Outcome:
        """Close a case."""
        effect = job.effect
        assert isinstance(effect, CloseCase)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("ticketing"):
            await self._desk.close(key=effect.key, case=effect.case, note=effect.note)
            await self._record(job)
        return Outcome()

    async def _record(self, job: Job) -> None:
        if job.record:
            async with self._database.write() as connection:
                await records.write(connection, job.record)
