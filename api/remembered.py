"""Read models and terms that were asked for lately: a contract's by its version, so that it is never an old one."""

from __future__ import annotations

from collections import OrderedDict

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.terms import Terms
from domain.view import View
from storage import contracts, programmes

_KEPT = 2000


class Remembered:
    """What one process has read before."""

    def __init__(self) -> None:
        self._views: OrderedDict[str, View] = OrderedDict()
        self._terms: dict[tuple[str, int], Terms] = {}

    async def view(self, connection: AsyncConnection, number: str, version: int) -> View | None:
        """A contract's read model, at a version at least."""
        found = self._views.get(number)
        if found is None or found.version < version:
            found = await contracts.read(connection, number)
        if found is not None:
            self._views[number] = found
            self._views.move_to_end(number)
        while len(self._views) > _KEPT:
            self._views.popitem(last=False)
        return found

    async def terms(self, connection: AsyncConnection, shown: View) -> Terms:
        """The terms that a contract lives under; a version of them never changes."""
        key = (shown.programme, shown.terms_version)
        if key not in self._terms:
            row = await programmes.one(connection, *key)
            self._terms[key] = Terms.model_validate(row["terms"] if row else None)
        return self._terms[key]
