"""Read models and terms that were asked for lately: a contract's by its version, so that it is never an old one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from time import monotonic

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.terms import Terms
from domain.view import View
from domain.warranty.terms import WarrantyTerm
from storage import contracts, programmes

_KEPT = 2000
_FRESH_SECONDS = 5.0
"""How long terms of warranty are taken as read: a catalogue may be published anew at any time."""
_CATALOGUES: TypeAdapter[dict[str, tuple[WarrantyTerm, ...]]] = TypeAdapter(dict[str, tuple[WarrantyTerm, ...]])


class Remembered:
    """What one process has read before."""

    def __init__(self) -> None:
        self._views: OrderedDict[str, View] = OrderedDict()
        self._terms: dict[tuple[str, int], Terms] = {}
        self._warranties: dict[str, tuple[WarrantyTerm, ...]] = {}
        self._read_at: float | None = None

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

    async def warranties(self, connection: AsyncConnection, first: Iterable[str] = ()) -> tuple[WarrantyTerm, ...]:
        """The terms of warranty of every programme's newest catalogue, those of some programmes first."""
        if self._read_at is None or monotonic() - self._read_at > _FRESH_SECONDS:
            await self.warranties_now(connection)
        codes = dict.fromkeys((*first, *self._warranties))
        return tuple(term for code in codes for term in self._warranties.get(code, ()))

    async def warranties_now(self, connection: AsyncConnection) -> dict[str, tuple[WarrantyTerm, ...]]:
        """The terms of warranty of every programme's newest catalogue, as they are at this moment."""
        self._warranties = _CATALOGUES.validate_python(await programmes.warranties(connection))
        self._read_at = monotonic()
        return self._warranties
