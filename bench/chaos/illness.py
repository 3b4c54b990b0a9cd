"""How a vendor is ill: said in a file by whoever shakes the house, read by the workers whenever they ask the vendor.

`declining` says that it cannot just now; `hanging` does not answer; `twice` does what it is asked, and its answer is
lost, so that it is asked again; `gone` cannot be reached.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from activities.desk import DeskPort, NewCase, Page, Update
from activities.errors import Unreachable
from activities.payments import Attempt, Charged, GiveBack, PaymentPort
from bench.chaos.decisions import DECLINING, declined
from storage.provider import Held

Way = Literal["declining", "hanging", "twice", "gone"]
WAYS: tuple[Way, ...] = ("declining", "hanging", "twice", "gone")
HANGS = 4.0
"""Seconds that a vendor that hangs keeps its caller waiting, before the wire breaks."""


class Illnesses:
    """What every vendor suffers from, and until when; the file is written by one and read by many."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "illnesses.json"

    def fall_ill(self, vendor: str, way: Way, seconds: float) -> None:
        """Let a vendor be ill for so long."""
        known = self._read() | {vendor: [way, time.time() + seconds]}
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(known))
        fresh.rename(self._file)

    def of(self, vendor: str) -> Way | None:
        """What a vendor suffers from now."""
        way, until = self._read().get(vendor, (None, 0))
        return way if time.time() < until else None

    def _read(self) -> dict[str, tuple[Way, float]]:
        return dict(json.loads(self._file.read_text())) if self._file.exists() else {}


class _Ill:
    """A vendor's ways of not answering."""

    def __init__(self, illnesses: Illnesses, vendor: str) -> None:
        self._illnesses, self._vendor = illnesses, vendor
        self._lost: set[str] = set()

    @asynccontextmanager
    async def asked(self, key: str) -> AsyncIterator[None]:
        """What is asked of it under a key, in the block. Raises Unreachable before, after, or not at all."""
        way = self._illnesses.of(self._vendor)
        if way == "hanging":
            await asyncio.sleep(HANGS)
        if way in {"hanging", "gone", "declining"}:
            raise Unreachable(f"{self._vendor}: {way}")
        yield
        if way == "twice" and key not in self._lost:
            self._lost.add(key)
            raise Unreachable(f"{self._vendor}: the answer was lost")


class IllPayments:
    """A payment provider that is ill at times; which card it declines is another thing, and decided by key."""

    def __init__(self, real: PaymentPort, illnesses: Illnesses) -> None:
        self._real, self._ill = real, _Ill(illnesses, "payments")
        self.name = real.name

    async def charge(self, attempt: Attempt) -> Charged:
        """Collect an amount, once."""
        method = DECLINING if declined(attempt.key) else attempt.method
        changed = Attempt(**{name: getattr(attempt, name) for name in Attempt.__slots__} | {"method": method})
        async with self._ill.asked(attempt.key):
            return await self._real.charge(changed)

    async def refund(self, wanted: GiveBack) -> str:
        """Give money back, once."""
        async with self._ill.asked(wanted.key):
            return await self._real.refund(wanted)

    def held(self, **narrowed: object) -> AsyncIterator[Held]:
        """Every payment that it has."""
        return self._real.held(**narrowed)  # type: ignore[arg-type]

    async def close(self) -> None:
        """Give its connections back."""
        await self._real.close()


class IllDesk:
    """A desk that is ill at times."""

    def __init__(self, real: DeskPort, illnesses: Illnesses) -> None:
        self._real, self._ill = real, _Ill(illnesses, "desk")
        self.name = real.name

    async def open(self, new: NewCase) -> str:
        """Open a case, once."""
        async with self._ill.asked(new.case):
            return await self._real.open(new)

    async def update(self, update: Update) -> None:
        """Bring a case to where it is, once."""
        async with self._ill.asked(update.key):
            await self._real.update(update)

    async def changes(self, since: str | None, *, limit: int) -> Page:
        """What people did."""
        return await self._real.changes(since, limit=limit)
