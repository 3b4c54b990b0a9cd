"""Campaigns: the contracts of one are picked, and asked for their renewal quotes; whatever breaks, the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from activities.errors import Unreachable, mapped
from domain.calendar import local_date
from domain.campaign import FAILED, Standing
from domain.commands import OfferRenewal
from domain.renewal_request import Asked, RenewalAnswer
from storage import campaigns, clocks, contracts
from storage.database import Database
from workflows.catalogue import ASK_CONTRACTS, OPEN_CAMPAIGN, PICK_CONTRACTS, STAND_CAMPAIGN
from workflows.messages import (
    CampaignAsked,
    CampaignBatch,
    CampaignOpen,
    CampaignOpened,
    CampaignPick,
    CampaignPicked,
    CampaignStand,
)

ANSWER_WITHIN_SECONDS = 90.0
"""A contract that waits for our own records answers within its patience (60 s); one that takes longer is broken."""

_PULSE_SECONDS = 3.0
_MOVED_ON = "moved_on"
_BETWEEN_RUNS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)


async def opened(connection: AsyncConnection, wanted: CampaignOpen) -> dict[str, Any]:
    """The campaign's row, written down where it is not there: its window in dates, from its own day."""
    start = wanted.start
    selection = start.selection.on(await campaign_day(connection, start.selection.clock, wanted.at, start.zone))
    values = {
        "id": wanted.campaign,
        "name": start.name,
        "selection": selection.model_dump(mode="json"),
        "pace": start.pace.model_dump(mode="json"),
        "by": start.by,
        "reason": start.reason,
        "schedule": start.schedule,
    }
    return await campaigns.begin(connection, values)


async def campaign_day(connection: AsyncConnection, clock: str | None, at: datetime, zone: str) -> Any:
    """The local day from which a campaign's window is counted: that of its test clock, where it has one."""
    row = await clocks.find(connection, clock) if clock else None
    return local_date(row["now"] if row else at, zone)


class CampaignActivities:
    """Picks contracts, asks them, and keeps what they answer."""

    def __init__(
        self, database: Database, client: Client, *, answer_within_seconds: float = ANSWER_WITHIN_SECONDS
    ) -> None:
        self._database = database
        self._client = client
        self._within = answer_within_seconds

    @activity.defn(name=OPEN_CAMPAIGN)
    async def open(self, wanted: CampaignOpen) -> CampaignOpened:
        """Write the campaign down, or begin its next round; a repeat finds what is there."""
        with mapped("campaigns"):
            async with self._database.write() as connection:
                row = await opened(connection, wanted)
                if wanted.start.round > 1:
                    await campaigns.reopen(connection, wanted.campaign, wanted.start.round)
                    row = await campaigns.find(connection, wanted.campaign) or row
                known = await campaigns.outcomes(connection, [wanted.campaign])
        over = row["status"] in {Standing.DONE.value, Standing.CANCELLED.value}
        return CampaignOpened(selection=row["selection"], outcomes=known[wanted.campaign], over=over)

    @activity.defn(name=PICK_CONTRACTS)
    async def pick(self, wanted: CampaignPick) -> CampaignPicked:
        """Write down the next contracts that the selection means."""
        with mapped("campaigns"):
            async with self._database.write() as connection:
                numbers = await campaigns.pick(
                    connection, wanted.campaign, wanted.selection, after=wanted.after, limit=wanted.limit
                )
        return CampaignPicked(last=numbers[-1] if numbers else None, picked=len(numbers))

    @activity.defn(name=ASK_CONTRACTS)
    async def ask(self, batch: CampaignBatch) -> CampaignAsked:
        """Ask the next contracts, so many at once and so many per second; each answer is kept as it comes."""
        with mapped("campaigns"):
            async with self._database.read() as connection:
                rows = await campaigns.waiting(connection, batch.campaign, after=batch.after, limit=batch.pace.size)
            async with _pulse({"done": 0, "of": len(rows)}) as progress:
                async for number in self._each(batch, rows):
                    progress.update(done=progress["done"] + 1, contract=number)
            return CampaignAsked(last=rows[-1][0] if rows else None, outcomes=await self._outcomes(batch.campaign))

    @activity.defn(name=STAND_CAMPAIGN)
    async def stand(self, note: CampaignStand) -> CampaignAsked:
        """Say where the campaign stands; cancelled, it leaves out who has not been asked."""
        with mapped("campaigns"):
            async with self._database.write() as connection:
                await campaigns.stand(connection, note.campaign, note.standing)
            return CampaignAsked(outcomes=await self._outcomes(note.campaign))

    async def _outcomes(self, campaign: str) -> dict[str, int]:
        async with self._database.read() as connection:
            return (await campaigns.outcomes(connection, [campaign]))[campaign]

    async def _each(self, batch: CampaignBatch, rows: list[tuple[str, int]]) -> AsyncIterator[str]:
        """Ask each, and give its number when it has answered; every failure but our own is the contract's answer."""
        gate = asyncio.Semaphore(batch.pace.at_once)
        loop = asyncio.get_running_loop()
        begun = loop.time()

        async def one(place: int, number: str, attempt: int) -> str:
            await asyncio.sleep(max(0.0, begun + place / batch.pace.per_second - loop.time()))
            async with gate:
                _refuse_stopping()
                command = OfferRenewal(id=f"campaign:{batch.campaign}:{attempt}", by=batch.by)
                values = await self._answer_of(number, command)
            async with self._database.write() as connection:
                await campaigns.answered(connection, batch.campaign, number, values)
            return number

        tasks = [asyncio.create_task(one(place, *row)) for place, row in enumerate(rows)]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
            # The pace holds from batch to batch.
            await asyncio.sleep(max(0.0, begun + len(rows) / batch.pace.per_second - loop.time()))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer_of(self, number: str, command: OfferRenewal) -> dict[str, Any]:
        """What a contract answers, as columns."""
        try:
            async with asyncio.timeout(self._within):
                answer = await self._asked(number, command)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return await self._gone(number)
        except WorkflowUpdateFailedError as error:
            return _failed(str(error.cause))
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            _refuse_stopping()
            return _failed(f"the contract did not answer within {self._within:g} seconds")
        return answer.model_dump(
            mode="python", include={"reason", "term", "net", "term_net", "currency", "quoted_on", "deadline"}
        ) | {"outcome": answer.outcome.value, "reason": answer.reason[:500]}

    async def _asked(self, number: str, command: OfferRenewal) -> RenewalAnswer:
        handle = self._client.get_workflow_handle(f"contract:{number}")
        for pause in _BETWEEN_RUNS:
            try:
                answer: RenewalAnswer = await handle.execute_update("offer_renewal", command, result_type=RenewalAnswer)
            except WorkflowUpdateFailedError as failed:
                if getattr(failed.cause, "type", None) != _MOVED_ON:
                    raise
                await asyncio.sleep(pause)
            else:
                return answer
        raise TimeoutError

    async def _gone(self, number: str) -> dict[str, Any]:
        """The answer of a contract whose workflow is not there: it is over, or somebody ended it behind our back."""
        async with self._database.read() as connection:
            view = await contracts.read(connection, number)
        if view is not None and view.closed:
            reason = f"the contract ended on {view.ended_on} ({view.status.value})"
            return {"outcome": Asked.NOT_RUNNING.value, "reason": reason}
        return _failed(f"no workflow contract:{number} is running, though the contract has not ended")


@asynccontextmanager
async def _pulse(progress: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Say every few seconds how far the batch is, also while it waits for slow contracts."""

    async def beat() -> None:
        while True:
            activity.heartbeat(progress)
            await asyncio.sleep(_PULSE_SECONDS)

    beating = asyncio.create_task(beat())
    try:
        yield progress
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


def _failed(reason: str) -> dict[str, Any]:
    return {"outcome": FAILED, "reason": reason[:500]}


def _refuse_stopping() -> None:
    if activity.is_worker_shutdown() or activity.is_cancelled():
        raise Unreachable("this worker is stopping; the next one goes on")
