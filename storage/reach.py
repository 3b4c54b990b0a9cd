"""Whom a version of a programme's terms reaches, read page by page from the read model."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.reach import Reach, reach
from storage import contracts
from storage.contracts import Filters

_PAGE = 200


async def reached(
    connection: AsyncConnection, code: str, version: int, *, after: str | None = None
) -> AsyncIterator[Reach]:
    """Every running contract of a programme that lives under an older version, by number."""
    while views := await contracts.page(connection, Filters(programme=code), after=after, limit=_PAGE):
        for view in views:
            if found := reach(view, version):
                yield found
        after = views[-1].number
