"""Collective invoices: what several contracts of one customer billed until a cut-off day, under one number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.ledger import numbered
from storage.tables import collective_invoice, contract, invoice, invoice_line


class CutOff(NamedTuple):
    """Whose bills go out together, and until which day; those of a test clock apart from the real ones."""

    customer: str
    issuer: str
    currency: str
    on: date
    clock: str | None = None

    @property
    def key(self) -> str:
        """The domain key that all contracts of the cut-off share."""
        key = f"collective/{self.customer}/{self.issuer}/{self.currency}/{self.on}"
        return f"{key}/{self.clock}" if self.clock else key


async def issue(connection: AsyncConnection, cut: CutOff, *, rule: str, at: datetime) -> list[str]:
    """Issue what is pending until the cut-off day; answers with the numbers of all that was issued for it.

    The first contract that asks issues for all of them, the others find it done. A bill that comes late goes onto a
    supplementary invoice, one with another tax onto one of its own.
    """
    pending = await _pending(connection, cut)
    known = await _known(connection, cut)
    for _, group in groupby(pending, key=_tax):
        bills = list(group)
        (number,) = await numbered(connection, cut.issuer, "F", cut.on.year, trial=cut.clock is not None)
        values = _head(cut, bills, key=f"{cut.key}/{len(known) + 1}", number=number, rule=rule, at=at)
        await connection.execute(collective_invoice.insert(), values)
        parts = invoice.c.key.in_([row["key"] for row in bills])
        await connection.execute(invoice.update().where(parts), {"collective": values["key"]})
        known.append(number)
    return known


async def _pending(connection: AsyncConnection, cut: CutOff) -> list[dict[str, Any]]:
    """The bills that wait, locked: whoever else asks for them meanwhile finds them taken."""
    own = contract.c.clock.is_(None) if cut.clock is None else contract.c.clock == cut.clock
    query = (
        select(invoice)
        .where(
            invoice.c.customer == cut.customer,
            invoice.c.issuer == cut.issuer,
            invoice.c.currency == cut.currency,
            invoice.c.cut_off <= cut.on,
            invoice.c.collective.is_(None),
            invoice.c.contract.in_(select(contract.c.number).where(own)),
        )
        .order_by(invoice.c.key)
        .with_for_update()
    )
    return sorted((dict(row) for row in (await connection.execute(query)).mappings()), key=_tax)


def _tax(row: dict[str, Any]) -> tuple[str, Decimal, str]:
    return row["tax_category"], row["tax_percent"], row["tax_name"]


async def _known(connection: AsyncConnection, cut: CutOff) -> list[str]:
    columns = collective_invoice.c
    mine = [columns[name] == getattr(cut, name) for name in ("customer", "issuer", "currency", "on")]
    own = columns.clock.is_(None) if cut.clock is None else columns.clock == cut.clock
    return list(await connection.scalars(select(columns.number).where(*mine, own).order_by(columns.key)))


def _head(
    cut: CutOff, bills: list[dict[str, Any]], *, key: str, number: str, rule: str, at: datetime
) -> dict[str, Any]:
    first = bills[0]
    return {
        "key": key,
        "number": number,
        "customer": cut.customer,
        "issuer": cut.issuer,
        "currency": cut.currency,
        "on": cut.on,
        "clock": cut.clock,
        "net": sum((row["net"] for row in bills), Decimal(0)),
        "tax": sum((row["tax"] for row in bills), Decimal(0)),
        "gross": sum((row["gross"] for row in bills), Decimal(0)),
        "tax_name": first["tax_name"],
        "tax_percent": first["tax_percent"],
        "tax_category": first["tax_category"],
        "taxes": _summed(bills),
        "rule": rule,
        "issued_at": at,
    }


def _summed(bills: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    """Where there are several taxes, each summed over the bills, as each of them rounded it."""
    sums: dict[tuple[str, str], Decimal] = {}
    for part in (part for row in bills for part in row["taxes"]):
        named = part["name"], part["percent"]
        sums[named] = sums.get(named, Decimal(0)) + Decimal(part["amount"])
    return [{"name": name, "percent": percent, "amount": str(amount)} for (name, percent), amount in sums.items()]


async def of_customer(connection: AsyncConnection, customer: str) -> list[dict[str, Any]]:
    """A customer's collective invoices in the order of their days, each with its bills and how it is paid."""
    query = select(collective_invoice).where(collective_invoice.c.customer == customer)
    rows = await connection.execute(query.order_by(collective_invoice.c.on, collective_invoice.c.key))
    return [await _whole(connection, dict(row)) for row in rows.mappings()]


async def find(connection: AsyncConnection, number: str) -> dict[str, Any] | None:
    """A collective invoice by its number, with its bills; none where there is none."""
    query = select(collective_invoice).where(collective_invoice.c.number == number)
    row = (await connection.execute(query)).mappings().first()
    return await _whole(connection, dict(row)) if row else None


async def _whole(connection: AsyncConnection, row: dict[str, Any]) -> dict[str, Any]:
    query = select(invoice).where(invoice.c.collective == row["key"]).order_by(invoice.c.contract, invoice.c.on)
    bills = [dict(bill) for bill in (await connection.execute(query)).mappings()]
    unpaid = [bill for bill in bills if bill["payment"] != "paid"]
    return row | {"bills": bills, "payment": "pending" if unpaid else "paid"}


async def lines(connection: AsyncConnection, bills: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of bills, each with its contract, contract by contract."""
    contracts = {bill["key"]: bill["contract"] for bill in bills}
    query = select(invoice_line).where(invoice_line.c.invoice.in_(contracts))
    rows = [dict(row) for row in (await connection.execute(query)).mappings()]
    ordered = sorted(rows, key=lambda row: (contracts[row["invoice"]], row["invoice"], row["position"]))
    return [row | {"contract": contracts[row["invoice"]]} for row in ordered]


async def numbers(connection: AsyncConnection, keys: Iterable[str]) -> dict[str, str]:
    """By the keys of bills: the number of the collective invoice on which each went out, where it did."""
    query = (
        select(invoice.c.key, collective_invoice.c.number)
        .join(collective_invoice, collective_invoice.c.key == invoice.c.collective)
        .where(invoice.c.key.in_(list(keys)))
    )
    return {row.key: row.number for row in await connection.execute(query)}
