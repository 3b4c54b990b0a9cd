"""What was charged elsewhere for contracts that were taken over: entered once, earned and credited like our own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.books import brought_forward
from domain.effects import BroughtCharge
from storage.books import Book, post
from storage.database import insert
from storage.tables import brought_charge


async def enter(
    connection: AsyncConnection, book: Book, charges: Iterable[BroughtCharge], *, on: date, currency: str
) -> None:
    """Enter charges and what of them is for days to come; those that are there stay as they are."""
    known = tuple(charges)
    rows = [charge.model_dump() | book._asdict() | {"currency": currency} for charge in known]
    await connection.execute(insert(connection, brought_charge).on_conflict_do_nothing(), rows)
    await post(connection, book, brought_forward(known, on, currency))
