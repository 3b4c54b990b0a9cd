"""The day: a minute of people's work before midnight, then the bills and the people together, until all is recorded."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from bench.sleeping.filling import CODE, Midnight, count, sleep_until
from bench.sleeping.house import House, cpu_seconds, megabytes, peaks
from bench.sleeping.load import PER_SECOND, People
from storage.tables import audit_entry, contract, contract_device, invoice

BEFORE = timedelta(seconds=60)
WARM_UP = timedelta(seconds=20)
DUE_IN = timedelta(seconds=180)
"""How long before midnight everything has to be in its place."""
AFTER = 20.0
LONGEST = 1800.0
LONGER = 200.0
"""For how many seconds longer than bills are spread there are quotes that can be accepted."""


@dataclass(slots=True)
class Seen:
    """What was seen of the day: when it began and ended, and how many were done at which second."""

    began: float = 0.0
    ended: float = 0.0
    done: list[tuple[float, int]] = field(default_factory=list)
    held: dict[str, float] = field(default_factory=dict)

    def look(self, pids: dict[str, int]) -> None:
        """Note the most that each process holds."""
        for name, now in megabytes(pids).items():
            self.held[name] = max(self.held.get(name, 0.0), now)

    @property
    def seconds(self) -> float:
        """From midnight until the last was recorded."""
        return self.ended - self.began


async def live_through(house: House, due: Midnight, numbers: list[str]) -> dict[str, Any]:
    """Bills and people at once; what it took, and what is wrong afterwards."""
    people = People(house.base, house.secret, await _known(house), await _serials(house))
    await people.quote(round(PER_SECOND["accept"] * (house.settings.spread_seconds + LONGER)))
    # Whoever is at home remembers nothing: every contract that wakes up is read from its history.
    await house.start("worker")
    await sleep_until(due.at - BEFORE - WARM_UP)
    seen, load = Seen(), os.getloadavg()[0]
    async with people.at_work():
        await sleep_until(due.at - BEFORE)
        before = time.monotonic()
        quiet = cpu_seconds(house.pids)
        await sleep_until(due.at)
        counters, used = await house.counters(), cpu_seconds(house.pids)
        seen.began = time.monotonic()
        await _until_recorded(house, due, len(numbers), seen)
        spent = {name: total - used[name] for name, total in cpu_seconds(house.pids).items()}
        after_counters = await house.counters()
        # What is still asked while the last bills are written is part of the day.
        times, minute = (before, seen.began, seen.ended), seen.began - before
    await asyncio.sleep(AFTER)
    return {
        "due_at": due.at.isoformat(),
        "zone": due.zone,
        "load_before": round(load, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "contracts": len(numbers),
        "asleep": await count(house),
        "seconds": round(seen.seconds, 1),
        "per_second": round(len(numbers) / seen.seconds, 1),
        "first_seconds": round(next((at for at, done in seen.done if done), 0.0), 1),
        "half_seconds": round(next(at for at, done in seen.done if done * 2 >= len(numbers)), 1),
        "people_before": people.times(times[0], times[1]),
        "people_meanwhile": people.times(times[1], times[2]),
        "paces": PER_SECOND,
        "cpu_seconds_minute_before": {name: round(used[name] - quiet[name], 1) for name in quiet},
        "cpu_seconds": {name: round(total, 1) for name, total in spent.items()},
        "cpu_ms_a_contract": {
            name: round((spent[name] - (used[name] - quiet[name]) / minute * seen.seconds) * 1000 / len(numbers), 1)
            for name in spent
        },
        "memory_mb_highest_seen": seen.held,
        "memory_mb_after": megabytes(house.pids),
        "peak_mb": peaks(house.pids),
        "worker": _told(counters, after_counters),
        "wrong": await _wrong(house, due, numbers),
    }


async def _until_recorded(house: House, due: Midnight, many: int, seen: Seen) -> None:
    """Until no contract has the bill before it any more; how many have was looked at every half second."""
    waiting = (contract.c.programme == CODE, contract.c.next_due_at == due.at)
    while True:
        left, at = await count(house, *waiting), time.monotonic()
        seen.done.append((at - seen.began, many - left))
        if len(seen.done) % 20 == 1:
            seen.look(house.pids)
            print(f"{at - seen.began:6.1f} s: {left} of {many} wait for their bill", file=sys.stderr)
        if not left:
            seen.ended = at
            return
        if at - seen.began > LONGEST:
            raise RuntimeError(f"{left} of {many} contracts are not billed after {LONGEST:.0f} s")
        await asyncio.sleep(0.5)


def _told(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """What the worker counted meanwhile: tasks, what was read again from history, and the seconds that took."""
    names = {
        "temporal_workflow_task_execution_latency_count": "workflow_tasks",
        "temporal_workflow_task_execution_latency_sum": "workflow_task_seconds",
        "temporal_workflow_task_replay_latency_count": "activations",
        "temporal_workflow_task_replay_latency_sum": "replay_seconds",
        "temporal_sticky_cache_hit": "cache_hits",
        "temporal_sticky_cache_miss": "cache_misses",
        "temporal_activity_execution_latency_count": "activities",
        "temporal_activity_execution_latency_sum": "activity_seconds",
        "temporal_workflow_task_execution_failed": "workflow_tasks_failed",
    }
    return {said: round(after.get(name, 0.0) - before.get(name, 0.0), 2) for name, said in names.items()}


async def _known(house: House) -> list[str]:
    async with house.database.read() as connection:
        query = select(contract.c.number).where(contract.c.status == "Active").limit(5000)
        return [str(number) for number in await connection.scalars(query)]


async def _serials(house: House) -> list[str]:
    async with house.database.read() as connection:
        query = select(contract_device.c.serial).where(~contract_device.c.serial.like("FLEET-%")).limit(5000)
        return [str(serial) for serial in await connection.scalars(query)]


async def _wrong(house: House, due: Midnight, numbers: list[str]) -> list[str]:
    """What is not as it must be: a contract without its invoice or with two, one not paid, one set aside or flagged."""
    async with house.database.read() as connection:
        mine = invoice.c.contract.in_(select(contract.c.number).where(contract.c.programme == CODE))
        query = select(invoice.c.contract, func.count()).where(mine, invoice.c.on == due.day)
        billed = {str(number): int(many) for number, many in await connection.execute(query.group_by("contract"))}
        unpaid = await connection.scalar(
            select(func.count()).select_from(invoice).where(mine, invoice.c.on == due.day, invoice.c.payment != "paid")
        )
        delayed = await connection.scalar(
            select(func.count()).select_from(audit_entry).where(audit_entry.c.kind == "operations.delayed")
        )
    flagged = await count(house, contract.c.programme == CODE, contract.c.attention)
    wrong = [f"{number}: {billed.get(number, 0)} invoices" for number in numbers if billed.get(number, 0) != 1]
    said = {"invoices not paid": unpaid, "contracts flagged": flagged, "effects set aside": delayed}
    return wrong[:20] + [f"{many} {what}" for what, many in said.items() if many]
