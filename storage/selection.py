"""The contracts that a campaign's selection means, page by page in the order of their numbers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.campaign import Selection
from domain.state import RUNNING
from storage.tables import contract

_STATUSES = sorted(status.value for status in RUNNING)


async def page(
    connection: AsyncConnection, selection: Selection, *, after: str | None, limit: int
) -> list[tuple[str, str]]:
    """Number and customer of the next contracts; the selection's window is given in dates."""
    query = select(contract.c.number, contract.c.customer)
    for condition in _conditions(connection, selection):
        query = query.where(condition)
    return [(row.number, row.customer) for row in await connection.execute(_next(query, after, limit))]


def _next(query: Select[Any], after: str | None, limit: int) -> Select[Any]:
    narrowed = query if after is None else query.where(contract.c.number > after)
    return narrowed.order_by(contract.c.number).limit(limit)


def _conditions(connection: AsyncConnection, selection: Selection) -> list[ColumnElement[bool]]:
    if selection.ends_until is None:
        raise ValueError("the selection's window is not given in dates")
    found = [
        contract.c.status.in_(_STATUSES),
        contract.c.closed.is_(False),
        contract.c.term_last <= selection.ends_until,
        # Real campaigns leave test clocks alone, and a test clock's campaign everybody else.
        contract.c.clock.is_(None) if selection.clock is None else contract.c.clock == selection.clock,
    ]
    if selection.ends_from is not None:
        found.append(contract.c.term_last >= selection.ends_from)
    given = ((contract.c[name], getattr(selection, name)) for name in ("programme", "reseller", "customer"))
    found += [column == value for column, value in given if value is not None]
    if selection.country is not None:
        found.append(contract.c.view["customer"]["country"].as_string() == selection.country)
    if selection.level is not None:
        found.append(_has_level(connection, selection.level))
    return found


def _has_level(connection: AsyncConnection, level: str) -> ColumnElement[bool]:
    """That one of the contract's lines is served at a level."""
    if connection.dialect.name == "sqlite":
        lines = func.json_each(contract.c.view, "$.lines").table_valued("value")
        return exists(select(1).select_from(lines).where(func.json_extract(lines.c.value, "$.level") == level))
    lines = func.json_array_elements(contract.c.view["lines"]).table_valued("value")
    return exists(select(1).select_from(lines).where(lines.c.value.op("->>")("level") == level))
