"""Contracts as they are listed and read; what they are is decided by the contracts themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, Table, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.state import ENDED, Status
from domain.view import Entry, View
from storage.database import insert
from storage.tables import (
    audit_entry,
    contract,
    contract_device,
    credit_line,
    credit_note,
    invoice,
    invoice_line,
    message,
    ticket,
)

STARTING = "Starting"
# Made once: it is asked again and again.
_VERSION = select(contract.c.version).where(contract.c.number == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of contracts is narrowed by; what is not given narrows nothing."""

    status: str | None = None
    programme: str | None = None
    customer: str | None = None
    reseller: str | None = None
    serial: str | None = None
    clock: str | None = None
    attention: bool | None = None
    ends_from: date | None = None
    ends_until: date | None = None


async def next_number(connection: AsyncConnection, scope: str, count: int = 1) -> int:
    """The next number of a sequence without gaps, or the last of so many: all are taken back if the transaction is."""
    counted = await connection.execute(
        text(
            "INSERT INTO counter (scope, value) VALUES (:scope, :count) "
            "ON CONFLICT (scope) DO UPDATE SET value = counter.value + :count RETURNING value"
        ),
        {"scope": scope, "count": count},
    )
    return int(counted.scalar_one())


async def count_on(connection: AsyncConnection, scope: str, value: int) -> None:
    """Let a sequence go on after a number that came from elsewhere, if it has not come so far itself."""
    await connection.execute(
        text(
            "INSERT INTO counter (scope, value) VALUES (:scope, :value) ON CONFLICT (scope) "
            "DO UPDATE SET value = CASE WHEN counter.value > :value THEN counter.value ELSE :value END"
        ),
        {"scope": scope, "value": value},
    )


async def taken(connection: AsyncConnection, numbers: Iterable[str]) -> set[str]:
    """Those of some numbers that contracts have."""
    return set(await connection.scalars(select(contract.c.number).where(contract.c.number.in_(list(numbers)))))


async def created(connection: AsyncConnection, creation_key: str) -> dict[str, Any] | None:
    """The contract that a creation key has made, if it has."""
    found = await connection.execute(select(contract).where(contract.c.creation_key == creation_key))
    row = found.mappings().first()
    return dict(row) if row else None


async def begin(connection: AsyncConnection, values: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Write down a contract that is about to be started, or several."""
    await connection.execute(insert(connection, contract).on_conflict_do_nothing(), values)


async def unstarted(
    connection: AsyncConnection, before: datetime, *, after: str | None = None, limit: int = 100
) -> list[str]:
    """The next contracts, by number, that were written down before an instant and have not reported back since."""
    query = select(contract.c.number).where(contract.c.status == STARTING, contract.c.created_at < before)
    if after is not None:
        query = query.where(contract.c.number > after)
    return [str(number) for number in await connection.scalars(query.order_by(contract.c.number).limit(limit))]


async def abandon(connection: AsyncConnection, number: str) -> None:
    """Forget a contract that could not be started."""
    await connection.execute(contract.delete().where(contract.c.number == number, contract.c.status == STARTING))


async def read(connection: AsyncConnection, number: str) -> View | None:
    """A contract's view; none where there is no such contract or it has not started."""
    found = await connection.scalar(select(contract.c.view).where(contract.c.number == number))
    return View.model_validate(found) if found else None


async def page(connection: AsyncConnection, filters: Filters, *, after: str | None, limit: int) -> list[View]:
    """One page of contracts by number, after a number."""
    query = _narrowed(select(contract.c.view).where(contract.c.view.is_not(None)), filters)
    if after is not None:
        query = query.where(contract.c.number > after)
    found = await connection.scalars(query.order_by(contract.c.number).limit(limit))
    return [View.model_validate(item) for item in found]


def _narrowed(query: Select[Any], filters: Filters) -> Select[Any]:
    for column, value in (
        (contract.c.status, filters.status),
        (contract.c.programme, filters.programme),
        (contract.c.customer, filters.customer),
        (contract.c.reseller, filters.reseller),
        (contract.c.clock, filters.clock),
        (contract.c.attention, filters.attention),
    ):
        if value is not None:
            query = query.where(column == value)
    if filters.ends_from is not None:
        query = query.where(contract.c.term_last >= filters.ends_from)
    if filters.ends_until is not None:
        query = query.where(contract.c.term_last <= filters.ends_until)
    if filters.serial is not None:
        with_device = select(contract_device.c.contract).where(contract_device.c.serial == filters.serial)
        query = query.where(contract.c.number.in_(with_device))
    return query


async def entries(connection: AsyncConnection, number: str, *, after: int, limit: int) -> list[Entry]:
    """One page of a contract's trail, after an entry."""
    query = (
        select(audit_entry)
        .where(audit_entry.c.contract == number, audit_entry.c.seq > after)
        .order_by(audit_entry.c.seq)
        .limit(limit)
    )
    return [Entry.model_validate(dict(row)) for row in (await connection.execute(query)).mappings()]


async def caused_by(connection: AsyncConnection, number: str, command: str) -> list[Entry]:
    """What a command has caused, by its id."""
    whose = (audit_entry.c.contract == number, audit_entry.c.command == command)
    rows = await connection.execute(select(audit_entry).where(*whose).order_by(audit_entry.c.seq))
    return [Entry.model_validate(dict(row)) for row in rows.mappings()]


async def invoices(connection: AsyncConnection, number: str) -> list[dict[str, Any]]:
    """A contract's invoices in order of issue, each with its lines."""
    return await _with_lines(connection, invoice, invoice_line, "invoice", number)


async def credit_notes(connection: AsyncConnection, number: str) -> list[dict[str, Any]]:
    """A contract's credit notes in order of issue, each with its lines."""
    return await _with_lines(connection, credit_note, credit_line, "credit_note", number)


async def _with_lines(
    connection: AsyncConnection, head: Table, line: Table, reference: str, number: str
) -> list[dict[str, Any]]:
    query = select(head).where(head.c.contract == number).order_by(head.c.issued_at, head.c.number)
    heads = (await connection.execute(query)).mappings().all()
    lines = await connection.execute(
        select(line).where(line.c[reference].in_([row["key"] for row in heads])).order_by(line.c.key)
    )
    by_head: dict[str, list[dict[str, Any]]] = {}
    for row in lines.mappings():
        by_head.setdefault(row[reference], []).append(dict(row))
    return [dict(row) | {"lines": by_head.get(row["key"], [])} for row in heads]


async def messages(connection: AsyncConnection, number: str) -> list[dict[str, Any]]:
    """Everything that was written to a contract's customer, with its proof."""
    return await _of(connection, message, number, message.c.composed_at)


async def tickets(connection: AsyncConnection, number: str) -> list[dict[str, Any]]:
    """A contract's cases."""
    return await _of(connection, ticket, number, ticket.c.opened_at)


async def _of(connection: AsyncConnection, table: Table, number: str, order: Any) -> list[dict[str, Any]]:
    query = select(table).where(table.c.contract == number).order_by(order)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def with_device(connection: AsyncConnection, serial: str) -> list[tuple[str, str]]:
    """The contracts of a device that have not ended, each with its programme."""
    query = (
        select(contract.c.number, contract.c.programme)
        .join(contract_device, contract_device.c.contract == contract.c.number)
        .where(
            contract_device.c.serial == serial, contract.c.status.in_([status.value for status in set(Status) - ENDED])
        )
        .order_by(contract.c.number)
    )
    return [(number, programme) for number, programme in await connection.execute(query)]


async def version_of(connection: AsyncConnection, number: str) -> int:
    """How far the read model has followed a contract; 0 before its first record."""
    found = await connection.scalar(_VERSION, {"of": number})
    return int(found or 0)
