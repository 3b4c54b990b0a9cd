"""`python -m bench.wave`: a portfolio is imported, and a campaign quotes all that end within ninety days.

The worker is killed twice on the way. Each contract must have one quote and one message, and the report must add up;
the measurement fails where that is not so.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import func, select
from temporalio.client import Client

from bench.machine import machine
from bench.portfolio import portfolio
from bench.processes import Cpu, peak_megabytes, port_owner
from cli.preparation import opened, prepare
from domain.campaign import Pace, Selection, Standing
from runtime import child
from runtime.ports import free_ports
from runtime.progress import narration
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import CHECKOUT, Settings, read_settings
from runtime.temporal import connect
from runtime.temporal_binary import temporal_binary
from runtime.temporal_server import EmbeddedServer
from storage import campaigns
from storage.contracts import STARTING
from storage.database import Database
from storage.tables import audit_entry, campaign_contract, contract, message
from workflows.attributes import ALL
from workflows.messages import CampaignProgress, CampaignStart

LATEST = Path(__file__).parent / "latest-wave.json"
CAMPAIGN = "bench-wave"
WINDOW_DAYS = 90
KILLS = (1 / 3, 2 / 3)
"""The shares of the campaign's contracts after which the worker is killed."""


@dataclass(slots=True)
class House:
    """The embedded server, the database, and a worker that can be killed."""

    settings: Settings
    client: Client
    database: Database
    server: int
    worker: subprocess.Popen[bytes]
    peaks: dict[str, float] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a process of the house is told."""
        return _environment(self.settings)

    def kill_worker(self) -> None:
        """End the worker without a word, and start another."""
        self._look()
        self.worker.kill()
        self.worker.wait()
        self.worker = _worker(self.settings)

    def memory(self) -> dict[str, float]:
        """The most memory that each process has held, in MB."""
        self._look()
        return self.peaks

    def _look(self) -> None:
        for name, pid in (("server", self.server), ("worker", self.worker.pid)):
            self.peaks[name] = max(self.peaks.get(name, 0), peak_megabytes(pid))


def main(
    contracts: Annotated[int, typer.Option(help="How many contracts are imported.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Another seed, another portfolio.")] = 1,
) -> None:
    """Measure, print, and write bench/latest-wave.json; exits with 1 where something was done twice or not at all."""
    report = asyncio.run(_measure(contracts, seed))
    LATEST.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))
    if report["campaign"]["wrong"]:
        raise typer.Exit(1)


async def _measure(count: int, seed: int) -> dict[str, Any]:
    measured_on = await machine()
    with tempfile.TemporaryDirectory(prefix="tenure-wave-") as folder:
        async with _house(Path(folder)) as house:
            today = datetime.now(UTC).date()
            imported = await _import(house, Path(folder) / "contracts.jsonl", count, today, seed)
            wave = await _campaign(house, today)
            return {
                "machine": measured_on,
                "import": imported,
                "campaign": wave,
                "peak_memory_mb": house.memory(),
                "megabytes_on_disk": _sizes(Path(folder)),
            }


def _sizes(folder: Path) -> dict[str, float]:
    return {path.name: round(path.stat().st_size / 1e6, 1) for path in sorted(folder.glob("*.db"))}


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
            house = House(settings, client, database, port_owner(server.port), _worker(settings))
            try:
                yield house
            finally:
                await asyncio.to_thread(child.stop, house.worker)


def _environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "TENURE_VAR_DIR": str(settings.var_dir),
        "TENURE_DATABASE_URL": settings.database_url,
        "TEMPORAL_ADDRESS": str(settings.temporal_address),
    }


def _worker(settings: Settings) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cli", "worker"]
    return subprocess.Popen(command, cwd=CHECKOUT, env=_environment(settings))


async def _import(house: House, file: Path, count: int, today: date, seed: int) -> dict[str, Any]:
    """`./tenure import`, as an operator runs it, until every contract has said something itself."""
    with file.open("w", encoding="utf-8") as out:
        for record in portfolio(today, seed=seed).records(count):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    cpu, began = Cpu({"server": house.server, "worker": house.worker.pid}), time.perf_counter()
    command = [sys.executable, "-m", "cli", "import", str(file)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=CHECKOUT, env=house.environment, stdout=asyncio.subprocess.PIPE
    )
    peak, watched = 0.0, asyncio.create_task(process.communicate())
    while not watched.done():
        peak = max(peak, peak_megabytes(process.pid))
        await asyncio.sleep(0.25)
    printed = (await watched)[0].decode()
    if process.returncode:
        raise RuntimeError(printed)
    ended = time.perf_counter()
    while waiting := await _number(house, contract, contract.c.status == STARTING):
        print(f"{waiting} contracts have not reported", file=sys.stderr)
        await asyncio.sleep(1)
    settled = time.perf_counter()
    return {
        "contracts": count,
        "checked_and_started_seconds": round(ended - began, 1),
        "all_reported_seconds": round(settled - began, 1),
        "per_second": round(count / (settled - began), 1),
        "cpu_seconds": cpu.since(),
        "importer_peak_mb": peak,
        "said": printed.strip().splitlines()[-1],
    }


async def _campaign(house: House, today: date) -> dict[str, Any]:
    """A campaign over all that end within the window; its worker is killed twice."""
    selection = Selection(ends_from=today, ends_until=today + timedelta(days=WINDOW_DAYS))
    start = CampaignStart(
        id=CAMPAIGN,
        name="The wave",
        selection=selection,
        pace=Pace(batch=100, at_once=40, per_second=500),
        by="bench",
    )
    cpu, began = Cpu({"server": house.server}), time.perf_counter()
    handle = await house.client.start_workflow(
        "Campaign", start, id=f"campaign:{CAMPAIGN}", task_queue=house.settings.task_queue
    )
    kills = list(KILLS)
    while "waiting" in (outcomes := await _outcomes(house)) or not outcomes:
        asked, picked = sum(outcomes.values()) - outcomes.get("waiting", 0), sum(outcomes.values())
        if kills and picked and asked >= kills[0] * picked > 0:
            kills.pop(0)
            print(f"worker killed after {asked} of {picked}", file=sys.stderr)
            house.kill_worker()
        await asyncio.sleep(0.2)
    progress = await handle.result()
    seconds = time.perf_counter() - began
    done = CampaignProgress.model_validate(progress)
    return {
        "selected": done.picked,
        "outcomes": done.outcomes,
        "seconds": round(seconds, 1),
        "per_second": round(done.picked / seconds, 1),
        "kills": len(KILLS) - len(kills),
        "server_cpu_seconds": cpu.since(),
        "wrong": await _wrong(house, done),
    }


async def _outcomes(house: House) -> dict[str, int]:
    async with house.database.read() as connection:
        return (await campaigns.outcomes(connection, [CAMPAIGN]))[CAMPAIGN]


async def _number(house: House, table: Any, *wanted: Any) -> int:
    async with house.database.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table).where(*wanted)) or 0)


async def _wrong(house: House, done: CampaignProgress) -> list[str]:
    """What is not as it must be: a contract without its quote or with two, a message twice, a sum that is off."""
    await asyncio.sleep(2)  # the last messages go out after their contracts have answered
    table = campaign_contract
    async with house.database.read() as connection:
        asked = await connection.execute(select(table.c.contract, table.c.outcome).where(table.c.campaign == CAMPAIGN))
        outcomes = {number: str(outcome) for number, outcome in asked}
        quoted = select(audit_entry.c.contract).where(audit_entry.c.kind == "renewal_quoted")
        quotes = Counter(await connection.scalars(quoted))
        written = select(message.c.contract).where(message.c.name == "renewal_quote")
        letters = Counter(await connection.scalars(written))
    wrong = [f"{number}: {count} quotes" for number, count in quotes.items() if count != 1]
    wrong += [f"{number}: {letters[number]} messages" for number in quotes if letters[number] != 1]
    wrong += [
        f"{number}: said to be quoted, and has no quote"
        for number, outcome in outcomes.items()
        if outcome == "quoted" and number not in quotes
    ]
    counted = dict(Counter(outcomes.values()))
    if done.standing is not Standing.DONE or counted != done.outcomes:
        wrong.append(f"the campaign is {done.standing} and says {done.outcomes}; its rows say {counted}")
    return wrong


if __name__ == "__main__":
    typer.run(main)
