"""Money that came in by bank: each entry once, and the invoice that it pays."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import collective
from storage.database import insert
from storage.ledger import still_open
from storage.tables import bank_entry, invoice

_NUMBER = re.compile(r"\b(?:TEST-)?[A-Z0-9]{1,10}-F\d{4}-\d{6}\b")


async def keep(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Write an entry down, or what has become of it since."""
    made = insert(connection, bank_entry).values(values)
    changes = {"state": values["state"], "invoice": values["invoice"]}
    await connection.execute(made.on_conflict_do_update(index_elements=["reference"], set_=changes))


async def known(connection: AsyncConnection, reference: str) -> dict[str, Any] | None:
    """An entry that was taken before, by the bank's reference."""
    query = select(bank_entry).where(bank_entry.c.reference == reference)
    row = (await connection.execute(query)).mappings().first()
    return dict(row) if row else None


async def meant(
    connection: AsyncConnection, text: str, amount: Decimal, currency: str
) -> tuple[str, dict[str, Any] | None]:
    """The one invoice that an entry pays: `matched`, or why there is none (`unknown`, `several`, `differs`, `paid`)."""
    numbers = set(_NUMBER.findall(text.upper()))
    together = [row for number in sorted(numbers) if (row := await collective.find(connection, number))]
    if len(numbers) == 1 and together:
        return await _of_several(connection, together[0], amount, currency)
    rows = (await connection.execute(select(invoice).where(invoice.c.number.in_(numbers)))).mappings().all()
    if len(rows) != 1:
        return ("several" if rows else "unknown"), None
    row = dict(rows[0])
    if row["payment"] == "paid":
        return "paid", row
    if (await still_open(connection, row), row["currency"]) != (amount, currency):
        return "differs", row
    return "matched", row


async def _of_several(
    connection: AsyncConnection, row: dict[str, Any], amount: Decimal, currency: str
) -> tuple[str, dict[str, Any]]:
    """A collective invoice, which is paid by what its bills still owe together."""
    if row["payment"] == "paid":
        return "paid", row
    unpaid = [bill for bill in row["bills"] if bill["payment"] != "paid"]
    owed = sum([await still_open(connection, bill) for bill in unpaid], Decimal(0))
    return ("matched" if (owed, row["currency"]) == (amount, currency) else "differs"), row
