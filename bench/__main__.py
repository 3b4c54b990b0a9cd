"""`make bench`: invoices per second beside the floor, on this machine, in one run."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

from bench import billing_run, starting
from bench.billing_run import Result
from bench.house import DATABASES, House, house
from bench.machine import machine

LATEST = Path(__file__).parent / "latest.json"
WARM_UP = 10
ENOUGH = 500
"""Workflows of the floor, at most: as many as the worker keeps, so that its rate is at its best."""
Pair = tuple[Result, Result]


def main(
    few: Annotated[int, typer.Option(help="Contracts, and floor workflows, of a small run.")] = 200,
    many: Annotated[int, typer.Option(help="Contracts of a large one.")] = 2000,
    rounds: Annotated[int, typer.Option(help="How often the small run is repeated, in turn with the floor.")] = 2,
) -> None:
    """Measure, print, and write bench/latest.json."""
    report = asyncio.run(_measure(few, many, rounds))
    LATEST.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


async def _measure(few: int, many: int, rounds: int) -> dict[str, Any]:
    return {
        "machine": await machine(),
        "method": (
            f"{few} and {many} contracts on a test clock that is moved twelve months over the API, twelve monthly "
            "invoices each: issued, collected, booked, recorded. The floor, before and after them on the same server "
            "and in the same worker process, waits once and asks for twelve trivial activities. Processor time is that "
            "of all processes: Temporal server, worker, API, and PostgreSQL where that is the database. A small run's "
            f"figures are the median of {rounds} rounds; the floor has {ENOUGH} workflows at most. The driver is not "
            "counted."
        ),
        "starting": await starting.measure(),
        "databases": {kind: await _database(kind, few, many, rounds) for kind in DATABASES},
    }


async def _database(kind: str, few: int, many: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        async with house(Path(folder), kind) as running:
            await _round(running, WARM_UP)
            small = [await _round(running, few) for _ in range(rounds)]
            large = [await _round(running, many)]
            memory = running.memory()
    return {
        "runs": [_run(few, small), _run(many, large)],
        "memory_mb": memory,
        "memory_mb_together": round(sum(held["now"] for held in memory.values()), 1),
    }


async def _round(running: House, count: int) -> Pair:
    bare = min(count, ENOUGH)
    before = await billing_run.floor(running, bare)
    began = time.perf_counter()
    ready = await billing_run.prepare(running, count)
    prepared = time.perf_counter() - began
    ours = await billing_run.billing(running, ready)
    floor = before + await billing_run.floor(running, bare)
    said = f"{count}: floor {floor.rate:.1f}/s, contracts {ours.rate:.1f}/s ({ours.rate / floor.rate:.2f} of it)"
    print(f"{said}, {ours.cpu_ms:.2f} ms each; prepared in {prepared:.0f} s", file=sys.stderr)
    return floor, ours


def _run(count: int, pairs: list[Pair]) -> dict[str, Any]:
    return {
        "contracts": count,
        "rounds": [{"floor": floor.figures(), "contracts": ours.figures()} for floor, ours in pairs],
        "per_second": round(median(ours.rate for _, ours in pairs), 1),
        "ratio": round(median(ours.rate / floor.rate for floor, ours in pairs), 2),
        "cpu_ms_per_invoice": round(median(ours.cpu_ms for _, ours in pairs), 2),
        "floor_cpu_ms_per_period": round(median(floor.cpu_ms for floor, _ in pairs), 2),
        "events_per_period": round(pairs[-1][1].events_per_period, 2),
    }


if __name__ == "__main__":
    typer.run(main)
