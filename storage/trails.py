"""The trails of many contracts, from which their states are rebuilt without asking their workflows."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.terms import Terms
from domain.view import Entry
from storage.tables import audit_entry, contract, programme_version

Versions = dict[str, dict[int, Terms]]


async def versions(connection: AsyncConnection) -> Versions:
    """Every version of every programme's terms, by code and number."""
    found: Versions = {}
    columns = (programme_version.c.code, programme_version.c.version, programme_version.c.terms)
    for code, version, terms in await connection.execute(select(*columns)):
        found.setdefault(code, {})[version] = Terms.model_validate(terms)
    return found


async def trails(connection: AsyncConnection, numbers: list[str]) -> list[tuple[str, list[Entry]]]:
    """The programmes and trails of these contracts, in the order of their numbers."""
    programmes = select(contract.c.number, contract.c.programme).where(contract.c.number.in_(numbers))
    found: dict[str, tuple[str, list[Entry]]] = {
        row.number: (row.programme, []) for row in await connection.execute(programmes.order_by(contract.c.number))
    }
    entries = select(audit_entry).where(audit_entry.c.contract.in_(numbers))
    ordered = entries.order_by(audit_entry.c.contract, audit_entry.c.seq)
    for row in (await connection.execute(ordered)).mappings():
        found[row["contract"]][1].append(Entry.model_validate(dict(row)))
    return list(found.values())
