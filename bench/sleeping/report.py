"""What the measurement says of itself and of what it weighs."""

from __future__ import annotations

import asyncio
from typing import Any

from bench.sleeping.filling import count
from bench.sleeping.house import House, cpu_seconds, megabytes, peaks
from bench.sleeping.load import PER_SECOND
from runtime.temporal_production import VERSION

SETTLE = 20.0
"""Seconds in which what has just been done is forgotten, before everything is weighed."""


def method(contracts: int, due: int, shards: int) -> str:
    """What was done, in words."""
    paces = ", ".join(f"{pace:g} {kind}" for kind, pace in PER_SECOND.items())
    return (
        f"{contracts} contracts on real time: a portfolio of all programmes in mid-life, and {due} with a monthly bill "
        f"due at the same midnight, each invoiced, collected and recorded. Temporal's production server {VERSION} "
        f"({shards} history shards) and Tenure on one PostgreSQL that syncs to disk; one worker process, started anew "
        f"before the day, and one API process. Over HTTP, people ask in each second: {paces}; their times count from "
        "when a request was due. Everything, people included, shares the machine."
    )


def bytes_asleep(weighings: list[dict[str, Any]]) -> dict[str, int]:
    """What a sleeping contract adds to each database, tables and indexes, between the first weighing and the last."""
    first, last = weighings[0], weighings[-1]
    more = last["brought_in"] - first["brought_in"]
    sizes = last["database_bytes"]
    return {name: round((size - first["database_bytes"][name]) / more) for name, size in sizes.items()}


async def weighed(house: House, brought_in: int) -> dict[str, Any]:
    """What everything holds with so many asleep: by the processes that brought them in, and by a new worker."""
    await asyncio.sleep(SETTLE)
    now, highest = megabytes(house.pids), peaks(house.pids)
    await house.start("worker")
    await asyncio.sleep(SETTLE)
    return {
        "brought_in": brought_in,
        "contracts": await count(house),
        "memory_mb": now,
        "peak_mb": highest,
        "new_worker_mb": megabytes(house.pids)["worker"],
        "cpu_seconds": {name: round(used, 1) for name, used in cpu_seconds(house.pids).items()},
        "database_bytes": await house.sizes(),
    }
