"""How events, bytes and rows grow with contracts, devices and years: counted, and compared with a straight line."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bench import billing_run
from bench.billing_run import BEGINS, Ready
from bench.histories import runs
from bench.house import House
from domain.calendar import months_after
from storage.tables import metadata

MEASURES = ("events", "bytes", "rows")


async def measure(running: House, what: str, sizes: Sequence[int]) -> dict[str, Any]:
    """Bills month by month: a year of so many contracts, or of one with so many devices, or so many years of one."""
    points = [{what: size, **await _point(running, what, size)} for size in sizes]
    fits = {name: line([point[what] for point in points], [point[name] for point in points]) for name in MEASURES}
    print(what, json.dumps(points), json.dumps(fits), file=sys.stderr)
    return {"points": points, "lines": fits}


async def _point(running: House, what: str, size: int) -> dict[str, int]:
    before = await _rows(running)
    count = size if what == "contracts" else 1
    devices = size if what == "devices" else 1
    ready = await billing_run.prepare(running, count, devices=devices, months=12 if what == "years" else 36)
    for month in range(12 * (size if what == "years" else 1)):
        await billing_run.move(running, ready, _after(month + 1))
    return {**await _histories(running, ready), "rows": await _rows(running) - before}


def _after(months: int) -> datetime:
    day = months_after(BEGINS.date(), months)
    return BEGINS.replace(year=day.year, month=day.month, day=day.day, hour=12)


async def _histories(running: House, ready: Ready) -> dict[str, int]:
    """The events and bytes of every run of every contract."""
    events = size = 0
    for number in ready.numbers:
        for history in (await runs(running.client, number)).values():
            events += len(history)
            size += sum(event.ByteSize() for event in history)
    return {"events": events, "bytes": size}


async def _rows(running: House) -> int:
    """The rows of all tables, but for those that say that a request was made."""
    total = 0
    async with running.database.read() as connection:
        for table in metadata.sorted_tables:
            if table.name != "idempotency":
                total += int(await connection.scalar(select(func.count()).select_from(table)) or 0)
    return total


def line(xs: Sequence[float], ys: Sequence[float]) -> dict[str, float]:
    """The straight line of least squares; how far the furthest point is from it, in percent of the largest value."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    start = mean_y - slope * mean_x
    furthest = max(abs(y - start - slope * x) for x, y in zip(xs, ys, strict=True))
    return {"each": round(slope, 1), "start": round(start, 1), "furthest_percent": round(100 * furthest / max(ys), 2)}
