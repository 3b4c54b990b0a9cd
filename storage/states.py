"""Contracts' states, kept beside their trails: brought up to date from the trail when they are needed.

Nothing on a contract's own way writes them, so they cost no bill anything; they are exact because the trail is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, case, func, literal, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalogue import Catalogue
from domain.forecast.asked import Selection
from domain.forecast.future import Programmes
from domain.forecast.kept import Kept
from domain.terms import Terms
from domain.view import Entry
from storage.database import insert
from storage.tables import audit_entry, contract, contract_state, programme_version

_COLUMNS = tuple(contract_state.c[name] for name in Kept._fields)


class Behind(NamedTuple):
    """A contract whose kept state is older than its trail: the state, and the entries that it lacks."""

    number: str
    programme: str
    row: Kept | None
    entries: tuple[Entry, ...]


class Shared(NamedTuple):
    """Contracts of one shape: how many, and one of them; ``late`` where something of theirs is overdue."""

    programme: str
    one: str
    late: datetime | None
    many: int


async def programmes(connection: AsyncConnection) -> Programmes:
    """Every version of the terms, and each programme's newest catalogue."""
    rows = await connection.execute(select(programme_version).order_by(programme_version.c.version))
    terms: dict[tuple[str, int], Terms] = {}
    catalogues: dict[str, Catalogue] = {}
    for row in rows.mappings():
        terms[row["code"], row["version"]] = Terms.model_validate(row["terms"])
        catalogues[row["code"]] = Catalogue.model_validate(row["catalogue"])
    return Programmes(terms, catalogues)


def _selected(query: Select[Any], selection: Selection) -> Select[Any]:
    query = query.where(contract.c.closed.is_(False), contract.c.view.is_not(None))
    # Not by the index on clocks: all of a million contracts are quicker read in the order in which they lie.
    query = query.where(func.coalesce(contract.c.clock, "") == (selection.clock or ""))
    for column, value in (
        (contract.c.customer, selection.customer),
        (contract.c.reseller, selection.reseller),
        (contract.c.country, selection.country),
    ):
        if value is not None:
            query = query.where(column == value)
    if selection.programmes:
        query = query.where(contract.c.programme.in_(selection.programmes))
    if selection.statuses:
        query = query.where(contract.c.status.in_([status.value for status in selection.statuses]))
    return query


def _stale(selection: Selection) -> Select[Any]:
    query = select(contract.c.number, contract.c.programme).join(
        contract_state, contract_state.c.contract == contract.c.number, isouter=True
    )
    stale = or_(contract_state.c.version.is_(None), contract_state.c.version < contract.c.version)
    return _selected(query.where(stale), selection)


async def count_behind(connection: AsyncConnection, selection: Selection) -> int:
    """How many contracts' kept states are older than their trails, or are not kept yet."""
    found = await connection.scalar(select(func.count()).select_from(_stale(selection).subquery()))
    return int(found or 0)


async def behind(connection: AsyncConnection, selection: Selection, *, after: str, limit: int) -> list[Behind]:
    """The next contracts by number whose kept state is older than their trail, with what it lacks."""
    query = _stale(selection).where(contract.c.number > after).order_by(contract.c.number).limit(limit)
    wanted = {row.number: row.programme for row in await connection.execute(query)}
    known = await find(connection, wanted)
    entries = await _lacking(connection, list(wanted))
    return [
        Behind(number, programme, known.get(number), tuple(entries.get(number, ())))
        for number, programme in wanted.items()
    ]


async def _lacking(connection: AsyncConnection, numbers: list[str]) -> dict[str, list[Entry]]:
    query = (
        select(audit_entry)
        .join(contract_state, contract_state.c.contract == audit_entry.c.contract, isouter=True)
        .where(
            audit_entry.c.contract.in_(numbers),
            audit_entry.c.seq > func.coalesce(contract_state.c.version, 0),
        )
        .order_by(audit_entry.c.contract, audit_entry.c.seq)
    )
    found: dict[str, list[Entry]] = {}
    for row in (await connection.execute(query)).mappings():
        found.setdefault(row["contract"], []).append(Entry.model_validate(dict(row)))
    return found


async def find(connection: AsyncConnection, numbers: Iterable[str]) -> dict[str, Kept]:
    """The kept states of these contracts, as far as they are kept."""
    query = select(*_COLUMNS).where(contract_state.c.contract.in_(list(numbers)))
    return {row[0]: Kept(*row) for row in await connection.execute(query)}


async def keep(connection: AsyncConnection, rows: Iterable[Kept]) -> None:
    """Keep states; an older one never replaces a newer one."""
    values = [row._asdict() for row in rows]
    if not values:
        return
    new = insert(connection, contract_state)
    changes = {name: new.excluded[name] for name in Kept._fields if name != "contract"}
    older = contract_state.c.version < new.excluded.version
    await connection.execute(new.on_conflict_do_update(index_elements=["contract"], set_=changes, where=older), values)


async def stand(connection: AsyncConnection, selection: Selection) -> tuple[int, int]:
    """How many contracts are selected, and the sum of their versions: it differs once anything has happened."""
    query = _selected(select(func.count(), func.coalesce(func.sum(contract.c.version), 0)), selection)
    row = (await connection.execute(query)).one()
    return int(row[0]), int(row[1])


async def soonest(connection: AsyncConnection, selection: Selection, limit: int) -> list[tuple[str, Kept]]:
    """The kept states of selected contracts, each with its programme; those first that do something soonest."""
    query = _kept(selection, contract.c.programme, *_COLUMNS).order_by(contract.c.next_due_at, contract.c.number)
    return [(row[0], Kept(*row[1:])) for row in await connection.execute(query.limit(limit))]


def _late(as_of: datetime) -> Any:
    """The instant at which a contract was left, where something is due and has not happened; else nothing."""
    return case((contract.c.next_due_at <= as_of, contract_state.c.at), else_=null())


def _kept(selection: Selection, *columns: Any) -> Select[Any]:
    joined = select(*columns).join(contract, contract.c.number == contract_state.c.contract)
    return _selected(joined, selection)


async def shared(connection: AsyncConnection, selection: Selection, as_of: datetime) -> list[Shared]:
    """The selected contracts by shape."""
    late = _late(as_of).label("late")
    columns = (contract.c.programme, func.min(contract.c.number), late, func.count())
    query = _kept(selection, *columns).group_by(contract_state.c.shape, contract.c.programme, late)
    return [Shared(*row) for row in await connection.execute(query.order_by(literal(2)))]


async def each(
    connection: AsyncConnection, selection: Selection, as_of: datetime, *, after: str, limit: int
) -> list[Any]:
    """The next selected contracts by number: shape, programme, number and lateness."""
    columns = (contract_state.c.shape, contract.c.programme, contract.c.number, _late(as_of))
    query = _kept(selection, *columns).where(contract.c.number > after).order_by(contract.c.number).limit(limit)
    return list(await connection.execute(query))
