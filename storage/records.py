"""The audit trail and the read model: written together, each entry once, the newest view kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.view import NAMES_DEVICES, Entry, Record, View
from storage import hooks, pipeline, tasks
from storage.database import insert
from storage.tables import audit_entry, contract, contract_device


async def write(connection: AsyncConnection, record: Record) -> None:
    """Add the entries that are not there yet, and the view unless a newer one is."""
    number = record.number
    if record.entries:
        written = datetime.now(UTC)
        rows = [
            {"contract": number, "written_at": written} | entry.model_dump(exclude={"data"}) | {"data": entry.data}
            for entry in record.entries
        ]
        await connection.execute(insert(connection, audit_entry).on_conflict_do_nothing(), rows)
        await hooks.queue(connection, number, record.entries)
    if record.view is not None:
        await _show(connection, record, record.view)


async def write_all(connection: AsyncConnection, told: Iterable[Record]) -> None:
    """Write records of one contract in their order; what comes without a view is written with what follows."""
    entries: tuple[Entry, ...] = ()
    for record in told:
        entries += record.entries
        if record.view is not None:
            await write(connection, record.model_copy(update={"entries": entries}))
            entries = ()
    if entries:
        await write(connection, record.model_copy(update={"entries": entries}))


async def _show(connection: AsyncConnection, record: Record, view: View) -> None:
    """Bring what is listed up to date: the contract, its devices, and what waits for people."""
    newest = await connection.execute(
        contract.update().where(contract.c.number == view.number, contract.c.version <= view.version), row(view)
    )
    if record.tasks is not None and newest.rowcount:
        await tasks.bring_up_to_date(connection, view.number, record.tasks)
    await pipeline.write(connection, view, record.entries)
    if any(entry.kind in NAMES_DEVICES for entry in record.entries):
        await name_devices(connection, view.number, (line.serial for line in view.lines))


async def name_devices(connection: AsyncConnection, number: str, serials: Iterable[str]) -> None:
    """Let a contract be found by these serial numbers too; a fleet's id stands for its devices."""
    rows = [{"serial": serial, "contract": number} for serial in serials]
    await connection.execute(insert(connection, contract_device).on_conflict_do_nothing(), rows)


def row(view: View) -> dict[str, object]:
    """The columns by which contracts are found, and the whole view."""
    return {
        "status": view.status.value,
        "programme": view.programme,
        "customer": view.customer.id,
        "reseller": view.reseller,
        "country": view.customer.country,
        "version": view.version,
        "next_due_at": view.next.at if view.next else None,
        "term_last": view.term.last if view.term else None,
        "attention": bool(view.attention),
        "clock": view.clock,
        "now": view.now,
        "closed": view.closed,
        "view": view.model_dump(mode="json"),
    }
