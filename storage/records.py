"""The audit trail and the read model: written together, each entry once, the newest view kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.view import NAMES_DEVICES, Entry, Record, View
from storage import hooks, pipeline, tasks
from storage.database import insert
from storage.tables import audit_entry, contract, contract_device

# Made once: they are told with everything that happens.
_NEWEST = contract.update().where(contract.c.number == bindparam("of"), contract.c.version <= bindparam("up_to"))

_THERE = select(audit_entry.c.seq, audit_entry.c.kind, audit_entry.c.at, audit_entry.c.command).where(
    audit_entry.c.contract == bindparam("of"), audit_entry.c.seq.in_(bindparam("these", expanding=True))
)


class AnotherStoryError(Exception):
    """A contract tells something else than its trail says of the same moment: one of both is from an older backup."""


async def write(connection: AsyncConnection, record: Record) -> None:
    """Add the entries that are not there yet, and the view unless a newer one is.

    Raises AnotherStoryError where an entry is there already and says something else: nothing is written then.
    """
    number = record.number
    if record.entries:
        await _add(connection, number, record.entries)
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


async def _add(connection: AsyncConnection, number: str, entries: Iterable[Entry]) -> None:
    written = datetime.now(UTC)
    told = {entry.seq: entry for entry in entries}
    rows = [
        {"contract": number, "written_at": written} | entry.model_dump(exclude={"data"}) | {"data": entry.data}
        for entry in told.values()
    ]
    added = set(await connection.scalars(_new_entries(connection.dialect.name), rows if len(rows) > 1 else rows[0]))
    if len(added) < len(told):
        await _refuse_another_story(connection, number, [told[seq] for seq in told.keys() - added])


@cache
def _new_entries(dialect: str) -> Any:
    return insert(dialect, audit_entry).on_conflict_do_nothing().returning(audit_entry.c.seq)


async def _refuse_another_story(connection: AsyncConnection, number: str, told: list[Entry]) -> None:
    """A repeat says what is there already; anything else is not a repeat."""
    asked = {"of": number, "these": [entry.seq for entry in told]}
    there = {row.seq: row for row in await connection.execute(_THERE, asked)}
    for entry in sorted(told, key=lambda item: item.seq):
        row = there[entry.seq]
        if (row.kind, row.at, row.command) != (entry.kind, entry.at, entry.command):
            raise AnotherStoryError(
                f"entry {entry.seq} of {number} is `{row.kind}` of {row.at:%Y-%m-%d %H:%M} in the trail, the contract "
                f"tells of `{entry.kind}` of {entry.at:%Y-%m-%d %H:%M}: Temporal and the database are not of the same "
                "backup; ./tenure reconcile says which is older"
            )


async def _show(connection: AsyncConnection, record: Record, view: View) -> None:
    """Bring what is listed up to date: the contract, its devices, and what waits for people."""
    newest = await connection.execute(_NEWEST, row(view) | {"of": view.number, "up_to": view.version})
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
