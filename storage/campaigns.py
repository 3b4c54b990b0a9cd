"""Campaigns as rows: whom each picked, what every contract answered, and sums that add up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.campaign import LEFT_OUT, RETRIED, Selection, Standing
from domain.renewal_request import Asked
from storage import selection as selections
from storage.database import Database, insert
from storage.tables import campaign, campaign_contract

_REPORT_PAGE = 500


class Amount(NamedTuple):
    """What the quotes of one currency come to, net: for one period of each contract, and for its whole next term."""

    currency: str
    quotes: int
    net: Decimal
    term_net: Decimal


async def begin(connection: AsyncConnection, values: dict[str, Any]) -> dict[str, Any]:
    """Write down a campaign unless it is there; answers with what is there."""
    row = {"status": Standing.RUNNING.value, "round": 1, "created_at": datetime.now(UTC)} | values
    await connection.execute(insert(connection, campaign).on_conflict_do_nothing(), row)
    found = await find(connection, values["id"])
    assert found is not None  # noqa: S101 - it was just written
    return found


async def find(connection: AsyncConnection, id_: str) -> dict[str, Any] | None:
    """A campaign."""
    row = (await connection.execute(select(campaign).where(campaign.c.id == id_))).mappings().first()
    return dict(row) if row else None


async def page(
    connection: AsyncConnection, *, before: tuple[datetime, str] | None, schedule: str | None, limit: int
) -> list[dict[str, Any]]:
    """One page of campaigns, the newest first, those before an instant and id."""
    query = select(campaign).order_by(campaign.c.created_at.desc(), campaign.c.id.desc()).limit(limit)
    if schedule is not None:
        query = query.where(campaign.c.schedule == schedule)
    if before is not None:
        at, id_ = before
        earlier = or_(campaign.c.created_at < at, (campaign.c.created_at == at) & (campaign.c.id < id_))
        query = query.where(earlier)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def pick(
    connection: AsyncConnection, id_: str, selection: Selection, *, after: str | None, limit: int
) -> list[str]:
    """Write down the next contracts that the selection means; answers with their numbers."""
    found = await selections.page(connection, selection, after=after, limit=limit)
    rows = [{"campaign": id_, "contract": number, "customer": customer, "attempt": 1} for number, customer in found]
    if rows:
        await connection.execute(insert(connection, campaign_contract).on_conflict_do_nothing(), rows)
    return [number for number, _ in found]


async def waiting(connection: AsyncConnection, id_: str, *, after: str | None, limit: int) -> list[tuple[str, int]]:
    """The next contracts that have not answered, with the attempt that they are at."""
    table = campaign_contract
    query = select(table.c.contract, table.c.attempt).where(table.c.campaign == id_, table.c.outcome.is_(None))
    if after is not None:
        query = query.where(table.c.contract > after)
    found = await connection.execute(query.order_by(table.c.contract).limit(limit))
    return [(row.contract, row.attempt) for row in found]


async def answered(connection: AsyncConnection, id_: str, contract: str, values: dict[str, Any]) -> None:
    """Keep what a contract answered; what it has answered once stays."""
    table = campaign_contract
    here = table.update().where(table.c.campaign == id_, table.c.contract == contract, table.c.outcome.is_(None))
    await connection.execute(here, values | {"asked_at": datetime.now(UTC)})


async def stand(connection: AsyncConnection, id_: str, status: Standing) -> None:
    """Say where a campaign stands; one that is cancelled leaves out who has not been asked."""
    table = campaign_contract
    over = status in {Standing.CANCELLED, Standing.DONE}
    if status is Standing.CANCELLED:
        rest = table.update().where(table.c.campaign == id_, table.c.outcome.is_(None))
        await connection.execute(rest, {"outcome": LEFT_OUT, "reason": "the campaign was cancelled"})
    values = {"status": status.value, "finished_at": datetime.now(UTC) if over else None}
    await connection.execute(campaign.update().where(campaign.c.id == id_), values)


async def reopen(connection: AsyncConnection, id_: str, round_: int) -> None:
    """Begin another round, once, for the contracts that could not be asked or could not quote."""
    begun = campaign.update().where(campaign.c.id == id_, campaign.c.round < round_)
    values = {"round": round_, "status": Standing.RUNNING.value, "finished_at": None}
    if not (await connection.execute(begun, values)).rowcount:
        return
    table = campaign_contract
    again = table.update().where(table.c.campaign == id_, table.c.outcome.in_(RETRIED))
    # One that was hindered is asked anew; for one that did not answer the same question stands.
    hindered = again.where(table.c.outcome == Asked.HINDERED.value)
    await connection.execute(hindered.values(attempt=table.c.attempt + 1))
    await connection.execute(again, {"outcome": None, "reason": None})


async def outcomes(connection: AsyncConnection, ids: list[str]) -> dict[str, dict[str, int]]:
    """How many contracts of each campaign came to what; those that have not been asked are `waiting`."""
    table = campaign_contract
    query = (
        select(table.c.campaign, table.c.outcome, func.count())
        .where(table.c.campaign.in_(ids))
        .group_by(table.c.campaign, table.c.outcome)
        .order_by(table.c.outcome)
    )
    found: dict[str, dict[str, int]] = {id_: {} for id_ in ids}
    for id_, outcome, count in await connection.execute(query):
        found[id_][outcome or "waiting"] = count
    return found


async def amounts(connection: AsyncConnection, id_: str) -> list[Amount]:
    """What the quotes that the campaign brought come to, by currency."""
    table = campaign_contract
    query = (
        select(table.c.currency, func.count(), func.sum(table.c.net), func.sum(table.c.term_net))
        .where(table.c.campaign == id_, table.c.outcome == "quoted")
        .group_by(table.c.currency)
        .order_by(table.c.currency)
    )
    return [Amount(*row) for row in await connection.execute(query)]


async def contracts(
    connection: AsyncConnection, id_: str, *, outcome: str | None, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """One page of a campaign's contracts by number, all or those of one outcome."""
    table = campaign_contract
    query = select(table).where(table.c.campaign == id_).order_by(table.c.contract).limit(limit)
    if outcome is not None:
        query = query.where(table.c.outcome.is_(None) if outcome == "waiting" else table.c.outcome == outcome)
    if after is not None:
        query = query.where(table.c.contract > after)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def report(database: Database, id_: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Every contract of a campaign by number, in pages that are read when they are wanted."""
    after: str | None = None
    while True:
        async with database.read() as connection:
            rows = await contracts(connection, id_, outcome=None, after=after, limit=_REPORT_PAGE)
        if not rows:
            return
        yield rows
        after = rows[-1]["contract"]
