"""Campaigns: begun, watched, steered, retried, and told about afterwards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Query
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import Priority, WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from activities.campaigns import opened
from api.campaign_requests import (
    CampaignContractOut,
    CampaignDetail,
    CampaignId,
    CampaignOut,
    CampaignRequest,
    SteerRequest,
    shown,
    shown_amount,
    shown_contract,
)
from api.commands import as_problem
from api.fields import Cursor, Limit, Page, Word, after, cursor
from api.once import OnceOperate
from api.problems import RESPONSES, ProblemError, not_found, refused, unavailable
from api.security import MayRead
from api.services import Needs, Services
from domain.campaign import RETRIED, Pace, Selection, Standing
from domain.refusal import Refusal
from storage import campaigns, clocks
from workflows.messages import CampaignOpen, CampaignProgress, CampaignStart, Steer

router = APIRouter(prefix="/campaigns", tags=["campaigns"], responses=RESPONSES)
LEAST_URGENT = Priority(priority_key=5)
_RULE = "COM-3"
_ENDS_WITHIN = 20.0


@router.post("", status_code=202, operation_id="create_campaign")
async def create_campaign(services: Needs, wanted: CampaignRequest, once: OnceOperate) -> CampaignDetail:
    """Begin a campaign: every contract of the selection is asked for its renewal quote, and decides itself.

    A contract that is quoted, answered, in notice or not running is left alone and says why.
    """

    async def create(command: str) -> CampaignDetail:
        # The id comes from the command: a repeat after a failure in between finds what is there.
        id_ = f"c{services.now():%Y%m%d}-{sha256(command.encode()).hexdigest()[:10]}"
        start = CampaignStart(
            id=id_,
            name=wanted.name,
            selection=wanted.selection.selection(),
            pace=wanted.pace.pace(),
            by=f"campaign {id_} of {once.by}"[:500],
            reason=wanted.reason,
            zone=wanted.zone,
        )
        await check_clock(services, start.selection)
        async with services.database.write() as connection:
            await opened(connection, CampaignOpen(campaign=id_, at=services.now(), start=start))
        await _begin(services, start)
        return await _detail(services, id_)

    return await once.do(create, status=202)  # type: ignore[return-value]


async def check_clock(services: Services, selection: Selection) -> None:
    """Refuse a selection on a test clock that is not there. Raises a problem (404)."""
    if selection.clock is None:
        return
    async with services.database.read() as connection:
        row = await clocks.find(connection, selection.clock)
    if row is None or row["deleted"]:
        raise not_found(f"test clock {selection.clock}")


async def _begin(services: Services, start: CampaignStart) -> None:
    await services.client.start_workflow(
        "Campaign",
        start,
        id=f"campaign:{start.id}",
        task_queue=services.settings.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=start.name[:200],
        priority=LEAST_URGENT,
    )


async def _over(services: Services, campaign: str) -> None:
    """Wait for the end of the round before, for which a new one would be taken: it says that it is done a moment early.

    Raises a problem (503) where it does not end.
    """
    handle = services.client.get_workflow_handle(f"campaign:{campaign}")
    try:
        async with asyncio.timeout(_ENDS_WITHIN):
            await handle.result()
    except WorkflowFailureError:
        return
    except TimeoutError as error:
        raise unavailable("the round before has not ended yet; send the same command again") from error
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


@router.get("", operation_id="list_campaigns")
async def list_campaigns(
    services: Needs,
    _: MayRead,
    *,
    schedule: Annotated[str | None, Query(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")] = None,
    page: Cursor = None,
    limit: Limit = 50,
) -> Page[CampaignOut]:
    """Campaigns, the newest first; those that a schedule began, where it is named."""
    async with services.database.read() as connection:
        rows = await campaigns.page(connection, before=_before(page), schedule=schedule, limit=limit)
        known = await campaigns.outcomes(connection, [row["id"] for row in rows])
    items = [CampaignOut.model_validate(shown(row, known[row["id"]])) for row in rows]
    last = f"{rows[-1]['created_at'].isoformat()} {rows[-1]['id']}" if len(rows) == limit else None
    return Page(items=items, next_cursor=cursor(last) if last else None)


def _before(page: str | None) -> tuple[datetime, str] | None:
    key = after(page)
    if key is None:
        return None
    at, _, id_ = key.partition(" ")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), id_
    except (ValueError, OverflowError):
        raise ProblemError(422, "invalid", "cursor: this is not a cursor of ours", field="cursor") from None


@router.get("/{campaign}", operation_id="read_campaign")
async def read_campaign(services: Needs, campaign: CampaignId, _: MayRead) -> CampaignDetail:
    """A campaign, how far it is, and what its quotes come to."""
    return await _detail(services, campaign)


async def _row(services: Services, campaign: str) -> dict[str, Any]:
    async with services.database.read() as connection:
        row = await campaigns.find(connection, campaign)
    if row is None:
        raise not_found(f"campaign {campaign}")
    return row


async def _detail(services: Services, campaign: str) -> CampaignDetail:
    row = await _row(services, campaign)
    async with services.database.read() as connection:
        known = await campaigns.outcomes(connection, [campaign])
        sums = await campaigns.amounts(connection, campaign)
    amounts = [shown_amount(item) for item in sums]
    return CampaignDetail.model_validate(shown(row, known[campaign]) | {"amounts": amounts})


@router.get("/{campaign}/contracts", operation_id="list_campaign_contracts")
async def list_campaign_contracts(
    services: Needs,
    campaign: CampaignId,
    _: MayRead,
    *,
    outcome: Annotated[
        Word | None, Query(description="Those that came to this; `waiting` are still to be asked.")
    ] = None,
    page: Cursor = None,
    limit: Limit = 100,
) -> Page[CampaignContractOut]:
    """The contracts of a campaign by number, each with what it answered and why."""
    await _row(services, campaign)
    async with services.database.read() as connection:
        rows = await campaigns.contracts(connection, campaign, outcome=outcome, after=after(page), limit=limit)
    items = [shown_contract(row) for row in rows]
    return Page(items=items, next_cursor=cursor(items[-1].contract) if len(items) == limit else None)


@router.post("/{campaign}/pause", operation_id="pause_campaign")
async def pause_campaign(
    services: Needs, campaign: CampaignId, wanted: SteerRequest, once: OnceOperate
) -> CampaignDetail:
    """Pause a campaign after the batch that it is on; paused twice, it stays paused."""
    return await _steer(services, campaign, "pause", wanted, once)


@router.post("/{campaign}/resume", operation_id="resume_campaign")
async def resume_campaign(
    services: Needs, campaign: CampaignId, wanted: SteerRequest, once: OnceOperate
) -> CampaignDetail:
    """Let a paused campaign go on where it stopped."""
    return await _steer(services, campaign, "resume", wanted, once)


@router.post("/{campaign}/cancel", operation_id="cancel_campaign")
async def cancel_campaign(
    services: Needs, campaign: CampaignId, wanted: SteerRequest, once: OnceOperate
) -> CampaignDetail:
    """End a campaign after the batch that it is on; who has not been asked is left out. What is quoted stays quoted."""
    return await _steer(services, campaign, "cancel", wanted, once)


async def _steer(
    services: Services, campaign: str, what: str, wanted: SteerRequest, once: OnceOperate
) -> CampaignDetail:
    await _row(services, campaign)

    async def steer(_command: str) -> CampaignDetail:
        handle = services.client.get_workflow_handle(f"campaign:{campaign}")
        word = Steer(by=once.by, reason=wanted.reason)
        try:
            progress = await handle.execute_update(what, word, result_type=CampaignProgress)
        except WorkflowUpdateFailedError as error:
            raise as_problem(error) or unavailable("send the same request again") from error
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            raise refused(Refusal(_RULE, "the campaign is over", allowed_when="it is retried")) from error
        return (await _detail(services, campaign)).model_copy(update={"status": progress.standing})

    return await once.do(steer)  # type: ignore[return-value]


@router.post("/{campaign}/retry", status_code=202, operation_id="retry_campaign")
async def retry_campaign(services: Needs, campaign: CampaignId, once: OnceOperate) -> CampaignDetail:
    """Ask again those contracts that failed, were hindered or were under way; the others keep their answers."""

    async def retry(_command: str) -> CampaignDetail:
        row = await _row(services, campaign)
        _refuse_retry(row, (await _detail(services, campaign)).outcomes)
        start = CampaignStart(
            id=campaign,
            name=row["name"],
            selection=Selection.model_validate(row["selection"]),
            pace=Pace.model_validate(row["pace"]),
            by=row["by"],
            reason=row["reason"],
            schedule=row["schedule"],
            round=row["round"] + 1,
        )
        await _over(services, campaign)
        async with services.database.write() as connection:
            await campaigns.reopen(connection, campaign, start.round)
        await _begin(services, start)
        return await _detail(services, campaign)

    return await once.do(retry, status=202)  # type: ignore[return-value]


def _refuse_retry(row: dict[str, Any], outcomes: dict[str, int]) -> None:
    if row["status"] in {Standing.RUNNING, Standing.PAUSED}:
        raise Refusal(_RULE, f"the campaign is {row['status']}", allowed_when="it is done or cancelled")
    if not any(outcomes.get(outcome) for outcome in RETRIED):
        raise Refusal(_RULE, "no contract failed, was hindered or is under way: there is nothing to retry")
