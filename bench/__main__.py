"""`make bench`: invoices per second beside the floor, on this machine, in one run."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from temporalio.client import Client

from adapters.programme_files import Programme, load_all
from bench import billing_run
from bench.billing_run import Result
from bench.processes import Cpu, peak_megabytes, port_owner
from cli.preparation import PROGRAMMES, opened, prepare
from runtime import child
from runtime.ports import free_ports
from runtime.progress import narration
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import Settings, read_settings
from runtime.temporal import connect
from runtime.temporal_binary import temporal_binary
from runtime.temporal_server import EmbeddedServer
from storage.database import Database
from workflows.attributes import ALL

LATEST = Path(__file__).parent / "latest.json"
WARM_UP = 5


@dataclass(frozen=True, slots=True)
class House:
    """Everything that a round needs, running."""

    client: Client
    database: Database
    programme: Programme
    pids: dict[str, int]
    queue: str


def main(
    contracts: Annotated[int, typer.Option(help="How many contracts, and floor workflows.")] = 100,
    rounds: Annotated[int, typer.Option(help="How often each is run, in turn.")] = 5,
) -> None:
    """Measure, print, and write bench/latest.json."""
    report = asyncio.run(_measure(contracts, rounds))
    LATEST.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


async def _measure(count: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        async with _house(Path(folder)) as house:
            cpu = Cpu(house.pids)
            await _round(house, WARM_UP, cpu)
            pairs = [await _round(house, count, cpu) for _ in range(rounds)]
            memory = {name: peak_megabytes(pid) for name, pid in house.pids.items()}
    return _report(count, pairs, memory)


async def _round(house: House, count: int, cpu: Cpu) -> tuple[Result, Result]:
    floor = await billing_run.floor(house.client, count, cpu)
    numbers = await billing_run.prepare(house.client, house.database, house.programme, count, house.queue)
    ours = await billing_run.billing(house.client, house.database, numbers, cpu)
    print(f"floor {floor.rate:.1f}/s, contracts {ours.rate:.1f}/s: {ours.rate / floor.rate:.2f}", file=sys.stderr)
    return floor, ours


@asynccontextmanager
async def _house(folder: Path) -> AsyncIterator[House]:
    """The embedded server and one worker process, with their data on disk, as `./tenure up` has them."""
    with narration() as tell:
        binary = await temporal_binary(tell)
    port, ui = free_ports(2)
    async with EmbeddedServer(binary, data_dir=folder, port=port, ui_port=ui, headless=True) as server:
        settings = read_settings(
            var_dir=folder,
            database_url=f"sqlite+aiosqlite:///{folder / 'tenure.db'}",
            temporal_address=server.address,
        )
        client = await connect(settings)
        await ensure_search_attributes(client, ALL)
        async with opened(settings) as database:
            await prepare(database)
            worker = _worker(settings)
            try:
                pids = {"server": port_owner(server.port), "worker": worker.pid}
                yield House(client, database, load_all(PROGRAMMES)[0], pids, settings.task_queue)
            finally:
                await asyncio.to_thread(child.stop, worker)


def _worker(settings: Settings) -> subprocess.Popen[bytes]:
    environment = {
        "TENURE_VAR_DIR": str(settings.var_dir),
        "TENURE_DATABASE_URL": settings.database_url,
        "TENURE_TEMPORAL_ADDRESS": str(settings.temporal_address),
    }
    return subprocess.Popen([sys.executable, "-m", "bench.worker"], env=os.environ | environment)


def _report(count: int, pairs: list[tuple[Result, Result]], memory: dict[str, float]) -> dict[str, Any]:
    ratios = [ours.rate / floor.rate for floor, ours in pairs]
    return {
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "method": (
            f"{count} contracts on a test clock moved twelve months at once, twelve monthly invoices each (issued, "
            "collected, recorded); the floor waits once and asks for twelve trivial activities. Same server, same "
            f"worker process, SQLite on disk, {len(pairs)} rounds in turn; the ratio is the median of the rounds'."
        ),
        "rounds": [
            {"floor": _figures(floor), "contracts": _figures(ours), "ratio": round(ours.rate / floor.rate, 3)}
            for floor, ours in pairs
        ],
        "ratio": round(median(ratios), 3),
        "history_events_per_billed_period": round(pairs[-1][1].events_per_period, 2),
        "peak_memory_mb": memory,
    }


def _figures(result: Result) -> dict[str, Any]:
    return {
        "periods": result.done,
        "seconds": round(result.seconds, 2),
        "per_second": round(result.rate, 1),
        "cpu_seconds": result.cpu,
        "events_per_period": round(result.events_per_period, 2),
    }


if __name__ == "__main__":
    typer.run(main)
