"""A campaign: picks its contracts, asks them batch by batch for their renewal quotes, and can be steered on the way.

It decides nothing about a contract: it asks, the contract answers, and the answer is kept. What it has done is in the
database, so that a run, a worker or a server that ends in the middle costs nothing but the time to go on.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from domain.campaign import RETRIED, Selection, Standing
    from domain.refusal import Refusal
    from domain.values import Carried
    from workflows import attributes
    from workflows.catalogue import ASK_CONTRACTS, OPEN_CAMPAIGN, PICK_CONTRACTS, STAND_CAMPAIGN
    from workflows.messages import (
        CampaignAsked,
        CampaignBatch,
        CampaignBaton,
        CampaignOpen,
        CampaignOpened,
        CampaignPick,
        CampaignPicked,
        CampaignProgress,
        CampaignStand,
        CampaignStart,
        Steer,
    )
    from workflows.refusals import as_error

Answer = TypeVar("Answer", bound=Carried)
PREFIX = "campaign:"
_PAGE = 500
_TOLD = 20
_HEARTBEAT = timedelta(seconds=20)
_LONGEST, _SHORT = timedelta(hours=1), timedelta(minutes=2)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
_SCHEDULED_AT = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
_OVER = (Standing.CANCELLED, Standing.DONE)


@workflow.defn(name="Campaign")
class CampaignWorkflow:
    """One round of a campaign, from its selection until every contract has answered."""

    @workflow.init
    def __init__(self, start: CampaignStart) -> None:
        self._start = start
        self._id = start.id or workflow.info().workflow_id.removeprefix(PREFIX)
        self._at = start.baton
        self._standing = Standing.RUNNING
        self._paused = start.baton.paused
        self._cancelled = start.baton.cancelled
        self._told = list(start.baton.told)
        self._shown: list[tuple[SearchAttributeKey[Any], Any]] = []
        self._batches = 0

    @workflow.run
    async def run(self, start: CampaignStart) -> CampaignProgress:  # noqa: ARG002 - as in `__init__`
        """Ask every contract of the selection once; the answer is what they came to."""
        try:
            return await self._work()
        except (asyncio.CancelledError, ActivityError) as error:
            if not is_cancelled_exception(error):
                raise
            # Somebody cancelled the workflow itself, in the Temporal UI: the same as the word `cancel`.
            self._cancelled = True
            return await self._finish(Standing.CANCELLED)

    async def _work(self) -> CampaignProgress:
        opened = await self._open()
        self._go(outcomes=opened.outcomes)
        if opened.over:
            self._standing = Standing.DONE
            return self.progress()
        await self._pick(opened.selection)
        while True:
            if self._batches >= self._start.batches or workflow.info().is_continue_as_new_suggested():
                await self._go_over()
            if not await self._may_go_on():
                return await self._finish(Standing.CANCELLED)
            if not await self._ask():
                return await self._finish(Standing.DONE)

    # The steps

    async def _open(self) -> CampaignOpened:
        at = workflow.info().typed_search_attributes.get(_SCHEDULED_AT) or workflow.now()
        start = self._start.model_copy(update={"baton": CampaignBaton()})
        return await self._act(
            OPEN_CAMPAIGN,
            CampaignOpen(campaign=self._id, at=at, start=start),
            CampaignOpened,
            "write the campaign down",
        )

    async def _pick(self, selection: Selection) -> None:
        """Write down whom the campaign will ask, before it asks anybody: the sum is known from the beginning."""
        picked = self._start.round > 1 or self._at.picked
        while not picked:
            wanted = CampaignPick(campaign=self._id, selection=selection, after=self._at.cursor, limit=_PAGE)
            found = await self._act(PICK_CONTRACTS, wanted, CampaignPicked, f"pick contracts after {wanted.after}")
            picked = found.last is None
            waiting = self._at.outcomes.get("waiting", 0) + found.picked
            self._go(picked=picked, cursor=found.last or self._at.cursor, outcomes={"waiting": waiting})
        self._go(picked=True)

    async def _may_go_on(self) -> bool:
        """Whether the campaign goes on: while it is paused that is not yet known."""
        if workflow.cancellation_reason() is not None:
            return False  # it came while a batch was being asked, which was heard to its end
        if self._paused and not self._cancelled:
            await self._stand(Standing.PAUSED)
            await workflow.wait_condition(lambda: self._cancelled or not self._paused)
            if not self._cancelled:
                await self._stand(Standing.RUNNING)
        return not self._cancelled

    async def _ask(self) -> bool:
        batch = CampaignBatch(campaign=self._id, by=self._start.by, after=self._at.asked_until, pace=self._start.pace)
        self._batches += 1
        asked = await self._act(ASK_CONTRACTS, batch, CampaignAsked, f"ask contracts after {batch.after}")
        self._go(asked_until=asked.last or self._at.asked_until, outcomes=asked.outcomes)
        return asked.last is not None

    async def _finish(self, standing: Standing) -> CampaignProgress:
        await self._stand(standing)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.progress()

    async def _stand(self, standing: Standing) -> None:
        self._standing = standing
        note = CampaignStand(campaign=self._id, standing=standing)
        asked = await self._act(STAND_CAMPAIGN, note, CampaignAsked, f"it is {standing}")
        self._go(outcomes=asked.outcomes)

    async def _act(self, name: str, given: Carried, answers: type[Answer], summary: str) -> Answer:
        answer: Answer = await workflow.execute_activity(
            name,
            given,
            result_type=answers,
            start_to_close_timeout=_LONGEST if name == ASK_CONTRACTS else _SHORT,
            # A batch says how far it is every few seconds; the other steps are short.
            heartbeat_timeout=_HEARTBEAT if name == ASK_CONTRACTS else None,
            retry_policy=_RETRY,
            # Who is being asked when the campaign is cancelled still gets a hearing.
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=summary[:200],
        )
        return answer

    def _go(self, **to: object) -> None:
        self._at = self._at.model_copy(update=to)
        self._show()

    async def _go_over(self) -> None:
        """Hand everything over to the campaign's next run."""
        await workflow.wait_condition(workflow.all_handlers_finished)
        told = {"paused": self._paused, "cancelled": self._cancelled, "told": tuple(self._told)}
        start = self._start.model_copy(update={"baton": self._at.model_copy(update=told)})
        shown = TypedSearchAttributes([SearchAttributePair(key, value) for key, value in self._attributes()])
        workflow.continue_as_new(start, search_attributes=shown)

    # What is shown

    def _attributes(self) -> list[tuple[SearchAttributeKey[Any], Any]]:
        broken = any(self._at.outcomes.get(outcome) for outcome in RETRIED)
        return [(attributes.CAMPAIGN_STATUS, self._stands().value), (attributes.NEEDS_ATTENTION, broken)]

    def _show(self) -> None:
        workflow.set_current_details(_details(self._start, self.progress()))
        pairs = self._attributes()
        if pairs != self._shown:
            self._shown = pairs
            workflow.upsert_search_attributes([key.value_set(value) for key, value in pairs])

    @workflow.query(name="progress", description="How far the campaign has come.")
    def progress(self) -> CampaignProgress:
        """How far the campaign has come."""
        return CampaignProgress(
            campaign=self._id,
            standing=self._stands(),
            round=self._start.round,
            picked=sum(self._at.outcomes.values()),
            outcomes=self._at.outcomes,
            told=tuple(self._told),
        )

    def _stands(self) -> Standing:
        if self._standing in _OVER:
            return self._standing
        return Standing.PAUSED if self._paused else Standing.RUNNING

    # What an operator says

    @workflow.update(name="pause", description="Pause the campaign after the batch that it is on.")
    def pause(self, word: Steer) -> CampaignProgress:
        """Pause the campaign after the batch that it is on."""
        return self._steer("paused", word, paused=True)

    @workflow.update(name="resume", description="Let a paused campaign go on where it stopped.")
    def resume(self, word: Steer) -> CampaignProgress:
        """Let a paused campaign go on where it stopped."""
        return self._steer("resumed", word, paused=False)

    @workflow.update(name="cancel", description="End the campaign: who has not been asked is left out.")
    def cancel(self, word: Steer) -> CampaignProgress:
        """End the campaign after the batch that it is on: who has not been asked is left out."""
        self._cancelled = True
        return self._steer("cancelled", word, paused=self._paused)

    @pause.validator
    def _may_pause(self, word: Steer) -> None:  # noqa: ARG002 - the update's signature
        self._refuse_over()

    @resume.validator
    def _may_resume(self, word: Steer) -> None:  # noqa: ARG002 - the update's signature
        self._refuse_over()

    @cancel.validator
    def _may_cancel(self, word: Steer) -> None:  # noqa: ARG002 - the update's signature
        self._refuse_over()

    def _refuse_over(self) -> None:
        if self._cancelled or self._standing in _OVER:
            raise as_error(Refusal("COM-3", "the campaign is over", allowed_when="it is retried"))

    def _steer(self, what: str, word: Steer, *, paused: bool) -> CampaignProgress:
        self._paused = paused
        why = f": {word.reason}" if word.reason else ""
        self._told = [*self._told, f"{_when(workflow.now())} {what} by {word.by}{why}"][-_TOLD:]
        self._show()
        return self.progress()


def _when(now: datetime) -> str:
    return f"{now:%Y-%m-%d %H:%M} UTC"


def _details(start: CampaignStart, shown: CampaignProgress) -> str:
    """Where the campaign stands and what may be done, for an operator who reads no code."""
    asked = shown.picked - shown.outcomes.get("waiting", 0)
    lines = [
        f"### {start.name} is {shown.standing}",
        f"{asked} of {shown.picked} contracts have answered; round {shown.round}, for {start.by}.",
        "",
        *(f"- {outcome.replace('_', ' ')}: {count}" for outcome, count in sorted(shown.outcomes.items())),
    ]
    if shown.standing not in _OVER:
        lines += ["", "**May be done:**", *(f"- `{word}`" for word in ("pause", "resume", "cancel"))]
    if shown.told:
        lines += ["", "**Said to it:**", *(f"- {word}" for word in shown.told)]
    return "\n".join(lines)
