"""What a contract will do, and what it would do if: thought through on a copy, nothing of it happens."""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.commands import state_of, view_of
from api.fields import Body, Day, Limit, Moment, Number
from api.offering import programme
from api.problems import RESPONSES, ProblemError
from api.security import MayRead
from api.services import Needs, Services
from domain import commands
from domain.calendar import DAY, instant
from domain.commands import At
from domain.simulator import Life, PriceListWorld, agenda, forecast
from domain.state import Contract, Status
from domain.view import Entry

router = APIRouter(prefix="/contracts/{number}", tags=["contracts"], responses=RESPONSES)
_YEARS_AHEAD = 20

SupposedCommand = Annotated[
    commands.Accept
    | commands.Reject
    | commands.Checkout
    | commands.Pay
    | commands.ReportPayment
    | commands.ReportInspection
    | commands.MoveCover
    | commands.Change
    | commands.Suspend
    | commands.Resume
    | commands.Cancel
    | commands.Undo
    | commands.OfferRenewal
    | commands.Renew
    | commands.DeclineRenewal
    | commands.OpenCase
    | commands.AdvanceCase,
    Field(discriminator="kind"),
]


class Supposed(Body):
    """A command, and when somebody would give it; what lies in the past is given now."""

    at: Moment
    command: SupposedCommand = Field(examples=[{"kind": "cancel", "id": "what-if", "reason": "moving out"}])


class ForecastRequest(Body):
    """Until when to look, at most twenty years ahead, and what to suppose that people will ask on the way."""

    until: Day
    suppose: Annotated[list[Supposed], Field(max_length=50)] = Field(default_factory=list)


class Month(BaseModel):
    """What a month would be billed, less credits. Gross."""

    month: str
    amount: Decimal


class SupposedRefusal(BaseModel):
    """A supposed command that would be refused."""

    at: datetime
    command: str
    rule: str
    reason: str


class ForecastOut(BaseModel):
    """A future that was only thought: nothing of it has happened."""

    status: Status
    currency: str
    months: list[Month]
    entries: list[Entry]
    refusals: list[SupposedRefusal]


@router.get("/agenda", operation_id="read_agenda")
async def read_agenda(services: Needs, number: Number, _: MayRead, limit: Limit = 20) -> list[Entry]:
    """What the contract will do by itself, if nobody says anything."""
    if (await view_of(services, number)).closed:
        return []
    contract = await state_of(services, number)
    world = await world_of(services, contract)
    return await asyncio.to_thread(lambda: list(agenda(contract, world, limit=limit)))


async def world_of(services: Services, contract: Contract) -> PriceListWorld:
    """The world as a contract's programme has it today: its price list and its newest terms."""
    async with services.database.read() as connection:
        return (await programme(connection, contract.terms.code)).world()


@router.get("/forecast", operation_id="read_forecast")
async def read_forecast(services: Needs, number: Number, until: Day, _: MayRead) -> ForecastOut:
    """What the contract would do and bill until a day, if nobody says anything."""
    return await _forecast(services, number, ForecastRequest(until=until))


@router.post("/forecast", operation_id="suppose")
async def suppose(services: Needs, number: Number, wanted: ForecastRequest, _: MayRead) -> ForecastOut:
    """The same, supposing that people asked for something on the way; the contract is not touched."""
    return await _forecast(services, number, wanted)


async def _forecast(services: Services, number: str, wanted: ForecastRequest) -> ForecastOut:
    shown = await view_of(services, number)
    contract = await state_of(services, number)
    now = max(contract.at, shown.now if shown.clock else services.now())
    until = instant(wanted.until + DAY, contract.zone)
    if until.year > now.year + _YEARS_AHEAD:
        raise ProblemError(422, "invalid", f"until: at most {_YEARS_AHEAD} years ahead", field="until")
    given = [At(at=max(item.at, now), command=item.command) for item in wanted.suppose]
    world = await world_of(services, contract)
    try:
        life = await asyncio.to_thread(lambda: forecast(contract, world, until=until, commands=given))
    except (ArithmeticError, ValueError) as error:
        detail = "suppose: a date or an amount lies beyond what can be calculated"
        raise ProblemError(422, "invalid", detail, field="suppose") from error
    return _shown(life)


def _shown(life: Life) -> ForecastOut:
    return ForecastOut(
        status=life.contract.status,
        currency=life.contract.terms.currency,
        months=_months(life),
        entries=life.entries,
        refusals=[
            SupposedRefusal(at=at, command=str(getattr(given, "kind", "")), rule=no.rule, reason=no.reason)
            for at, given, no in life.refusals
        ],
    )


def _months(life: Life) -> list[Month]:
    sums: dict[str, Decimal] = {}
    for entry in life.entries:
        if entry.amount is not None:
            month = f"{entry.on:%Y-%m}"
            sums[month] = sums.get(month, Decimal(0)) + entry.amount
    return [Month(month=month, amount=amount) for month, amount in sorted(sums.items())]
