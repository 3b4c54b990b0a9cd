"""Money: statements of account, the books' balances, and the closing that brings earned revenue to a day."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from api.commands import view_of
from api.fields import Body, Day, Number
from api.once import OnceOperate
from api.problems import RESPONSES
from api.security import MayRead
from api.services import Needs
from domain.books import Account
from storage import books
from storage.books import Scope
from storage.statement import Moved, statement

router = APIRouter(tags=["money"], responses=RESPONSES)
CustomerId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
Since = Annotated[Day | None, Query(description="The first day; what was before it is the opening balance.")]
Until = Annotated[Day | None, Query(description="The last day, included.")]
Trial = Annotated[bool, Query(description="What lives on test clocks, instead of what is real.")]
EVER = date(2150, 12, 31)


class StatementOut(BaseModel):
    """What a customer owed, what was charged, credited and paid, and what it owes; gross, one currency at a time.

    A balance below zero is owed to the customer.
    """

    currency: str
    opening: Decimal
    moves: list[Moved]
    closing: Decimal


class BalanceOut(BaseModel):
    """What stands on an account: debits less credits."""

    currency: str
    account: Account
    amount: Decimal


class ClosingRequest(Body):
    """The day to whose end revenue is earned."""

    on: Day


class ClosingOut(BaseModel):
    """How many charged periods have earned something since they were closed last."""

    on: date
    moved: int = Field(description="None, when the same day is closed again.")
    at: datetime


@router.get("/contracts/{number}/statement", operation_id="read_contract_statement")
async def read_contract_statement(
    services: Needs, number: Number, _: MayRead, *, since: Since = None, until: Until = None
) -> list[StatementOut]:
    """The statement of account of a contract: its invoices, credit notes and payments, with the balance after each."""
    await view_of(services, number)
    async with services.database.read() as connection:
        return await _statements(connection, Scope(contract=number, trial=None), since, until)


@router.get("/customers/{customer}/statement", operation_id="read_customer_statement")
async def read_customer_statement(
    services: Needs,
    customer: CustomerId,
    _: MayRead,
    *,
    since: Since = None,
    until: Until = None,
    trial: Trial = False,
) -> list[StatementOut]:
    """The statement of account of a customer, over all its contracts."""
    async with services.database.read() as connection:
        return await _statements(connection, Scope(customer=customer, trial=trial), since, until)


async def _statements(
    connection: AsyncConnection, scope: Scope, since: date | None, until: date | None
) -> list[StatementOut]:
    found = await statement(connection, scope, since or date.min, until or EVER)
    return [
        StatementOut(currency=item.currency, opening=item.opening, moves=item.moves, closing=item.closing)
        for item in found
    ]


@router.get("/books/balances", operation_id="list_balances")
async def list_balances(services: Needs, _: MayRead, *, until: Until = None, trial: Trial = False) -> list[BalanceOut]:
    """The books: what stands on each account at the end of a day. In every currency the sum is zero."""
    async with services.database.read() as connection:
        found = await books.balances(connection, Scope(until=until, trial=trial))
    return [
        BalanceOut(currency=currency, account=account, amount=amount)
        for currency, accounts in sorted(found.items())
        for account, amount in accounts.items()
    ]


@router.post("/books/closings", operation_id="close_books")
async def close_books(services: Needs, wanted: ClosingRequest, once: OnceOperate) -> ClosingOut:
    """Post the revenue that was earned by the end of a day, day by day of service; closing it again moves nothing."""

    async def act(_command: str) -> ClosingOut:
        async with services.database.write() as connection:
            moved = await books.close(connection, Scope(), wanted.on)
        return ClosingOut(on=wanted.on, moved=moved, at=services.now())

    return await once.do(act)  # type: ignore[return-value]
