"""A campaign before it is begun: whom it would reach, and what each quote would be. Nothing of it happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from activities.campaigns import campaign_day
from api.campaign_requests import AmountOut, PreviewRequest
from api.campaigns import check_clock
from api.fields import Cursor, Limit, Page, after, cursor
from api.offering import Programme
from api.problems import RESPONSES
from api.security import MayRead
from api.services import Needs, Services
from domain.campaign import Selection, supposed
from domain.refusal import Refusal
from domain.renewal_request import Asked
from domain.retrace import resumed
from domain.simulator import EndlessLifeError, PriceListWorld
from domain.state import Contract
from domain.terms import Terms
from domain.view import Entry
from storage import clocks, programmes, selection, trails
from storage.trails import Versions

router = APIRouter(prefix="/campaigns/preview", tags=["campaigns"], responses=RESPONSES)
_PAGE = 200
_BROKEN = "failed"


class PreviewLine(BaseModel):
    """What one contract would answer, and what its next term would cost, net."""

    contract: str
    customer: str
    outcome: str
    reason: str
    term: int | None = None
    net: Decimal | None = None
    term_net: Decimal | None = None
    currency: str | None = None
    deadline: date | None = None


class PreviewTotals(BaseModel):
    """Whom a campaign would reach in all: ``selected`` is the sum of ``outcomes``."""

    selected: int
    outcomes: dict[str, int]
    amounts: list[AmountOut] = Field(description="The sums of what would be quoted.")


@dataclass(frozen=True, slots=True)
class _Basis:
    """What every contract of a preview is thought through with."""

    selection: Selection
    now: datetime
    versions: Versions
    worlds: Mapping[str, PriceListWorld]


@router.post("", operation_id="preview_campaign")
async def preview_campaign(
    services: Needs, wanted: PreviewRequest, _: MayRead, page: Cursor = None, limit: Limit = 50
) -> Page[PreviewLine]:
    """The contracts that a campaign would reach, by number, and what each would answer if it were asked now."""
    basis = await _basis(services, wanted)
    lines = await _lines(services, basis, after=after(page), limit=limit)
    return Page(items=lines, next_cursor=cursor(lines[-1].contract) if len(lines) == limit else None)


@router.post("/totals", operation_id="preview_campaign_totals")
async def preview_campaign_totals(services: Needs, wanted: PreviewRequest, _: MayRead) -> PreviewTotals:
    """How many contracts a campaign would reach, what they would answer, and what the quotes would come to."""
    basis = await _basis(services, wanted)
    outcomes: Counter[str] = Counter()
    sums: dict[str, AmountOut] = {}
    async for line in _all(services, basis):
        outcomes[line.outcome] += 1
        if line.outcome == Asked.QUOTED and line.currency:
            _add(sums, line.currency, line)
    amounts = [sums[currency] for currency in sorted(sums)]
    return PreviewTotals(selected=outcomes.total(), outcomes=dict(sorted(outcomes.items())), amounts=amounts)


def _add(sums: dict[str, AmountOut], currency: str, line: PreviewLine) -> None:
    known = sums.get(currency) or AmountOut(currency=currency, quotes=0, net=Decimal(0), term_net=Decimal(0))
    sums[currency] = AmountOut(
        currency=currency,
        quotes=known.quotes + 1,
        net=known.net + (line.net or 0),
        term_net=known.term_net + (line.term_net or 0),
    )


async def _basis(services: Services, wanted: PreviewRequest) -> _Basis:
    meant = wanted.selection.selection()
    await check_clock(services, meant)
    async with services.database.read() as connection:
        day = await campaign_day(connection, meant.clock, services.now(), wanted.zone)
        clock = await clocks.find(connection, meant.clock) if meant.clock else None
        versions = await trails.versions(connection)
        rows = [await programmes.latest(connection, code) for code in versions]
    worlds = {row["code"]: Programme(row).world() for row in rows if row}
    return _Basis(meant.on(day), clock["now"] if clock else services.now(), versions, worlds)


async def _all(services: Services, basis: _Basis) -> AsyncIterator[PreviewLine]:
    last: str | None = None
    while lines := await _lines(services, basis, after=last, limit=_PAGE):
        for line in lines:
            yield line
        last = lines[-1].contract


async def _lines(services: Services, basis: _Basis, *, after: str | None, limit: int) -> list[PreviewLine]:
    async with services.database.read() as connection:
        picked = await selection.page(connection, basis.selection, after=after, limit=limit)
        found = await trails.trails(connection, [number for number, _ in picked])
    return await asyncio.to_thread(
        lambda: [
            _line(number, customer, programme, entries, basis)
            for (number, customer), (programme, entries) in zip(picked, found, strict=True)
        ]
    )


def _line(number: str, customer: str, programme: str, entries: list[Entry], basis: _Basis) -> PreviewLine:
    """What a contract would answer; one that cannot be thought through says why, and stops nobody else's."""
    try:
        contract = _rebuilt(entries, basis.versions[programme])
        told = supposed(contract, basis.worlds[programme], max(basis.now, contract.at))
    except (ValueError, ArithmeticError, KeyError, Refusal, EndlessLifeError) as error:
        return PreviewLine(contract=number, customer=customer, outcome=_BROKEN, reason=f"cannot be foreseen: {error}")
    return PreviewLine(
        contract=number,
        customer=customer,
        outcome=told.outcome,
        reason=told.reason,
        term=told.term,
        net=told.net,
        term_net=told.term_net,
        currency=told.currency,
        deadline=told.deadline,
    )


def _rebuilt(entries: list[Entry], versions: dict[int, Terms]) -> Contract:
    contract = resumed(None, entries, versions)
    if contract is None:
        raise ValueError("its trail is empty")
    return contract
