"""Is it covered? Asked over HTTP of a million devices in PostgreSQL: `python -m bench.entitlement`."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.programme_files import load_all
from bench import stock
from bench.machine import machine
from cli.preparation import PROGRAMMES, prepare
from domain import decider
from domain.permissions import permissions
from domain.simulator import Life
from domain.view import view
from runtime import child
from runtime.ports import free_ports
from runtime.postgres_cluster import PostgresCluster
from runtime.progress import narration
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import read_settings
from runtime.temporal import connect
from runtime.temporal_binary import temporal_binary
from runtime.temporal_server import EmbeddedServer
from storage import fleets, keys, records
from storage.database import Database
from storage.tables import contract, contract_device, device, fleet_device
from workflows.attributes import ALL

LATEST = Path(__file__).parent / "latest-entitlement.json"
AS_OF = datetime(2027, 6, 1, 9, tzinfo=UTC)
ON = "2027-06-01"
CLIENTS = (1, 8)
CHUNK = 5000


def main(
    devices: Annotated[int, typer.Option(help="Devices in fleets.")] = 1_000_000,
    of_fleet: Annotated[int, typer.Option(help="How many a fleet has.")] = 20_000,
    single: Annotated[int, typer.Option(help="Devices with a contract of their own.")] = 20_000,
    requests: Annotated[int, typer.Option(help="How often is asked, by each number of clients.")] = 4000,
) -> None:
    """Measure, print, and write bench/latest-entitlement.json."""
    report = asyncio.run(_measure(devices, of_fleet, single, requests))
    LATEST.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


async def _measure(devices: int, of_fleet: int, single: int, requests: int) -> dict[str, Any]:
    measured_on = await machine()
    with PostgresCluster() as cluster, cluster.database() as url:
        database = Database(url)
        await prepare(database)
        began = time.perf_counter()
        serials = await _filled(database, devices, of_fleet, single)
        filled = time.perf_counter() - began
        async with database.write() as connection:
            _, secret = await keys.create(connection, "bench", ("read",))
        async with _api(url) as base:
            rounds = [await _asked(base, secret, serials, requests, clients) for clients in CLIENTS]
        await database.close()
    return {
        "machine": measured_on,
        "method": (
            f"{devices} devices in fleets of {of_fleet} and {single} with contracts of their own, in PostgreSQL; one "
            f"API process; GET /v1/devices/SERIAL/entitlement of random devices over HTTP, {requests} times by each "
            "number of clients, after as many to warm up. Database, API and clients share the machine."
        ),
        "filled_in_seconds": round(filled, 1),
        "rounds": rounds,
    }


async def _filled(database: Database, devices: int, of_fleet: int, single: int) -> list[str]:
    """The devices and their contracts; answers with some of their serial numbers."""
    programmes = {programme.terms.code: programme for programme in load_all(PROGRAMMES)}
    fleet_life = stock.lived(programmes["HPP"], "managed", AS_OF)
    own_life = stock.lived(programmes["HPG"], "deferred", AS_OF)
    dice = random.Random(1)
    asked: list[str] = []
    for number in range(devices // of_fleet):
        asked += await _fleet(database, fleet_life, number, of_fleet, dice)
    for start in range(0, single, CHUNK):
        numbers = range(start, min(start + CHUNK, single))
        async with database.write() as connection:
            asked += await _singles(connection, own_life, numbers)
    await _at_rest(database)
    return asked


async def _at_rest(database: Database) -> None:
    """The tables as they are when they were filled long ago: swept, counted, and written to disk."""
    async with database.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        for statement in ("VACUUM (ANALYZE)", "CHECKPOINT"):
            await connection.execute(text(statement))


def _rows(life: Life, named: dict[str, str]) -> list[dict[str, Any]]:
    """The life's read model, as those of other contracts: each number with its device's serial."""
    lived = life.contract
    shown = view(lived, now=AS_OF, step=decider.step(lived), allowed=permissions(lived), version=9)
    row, made = records.row(shown), {"start": {}, "created_at": AS_OF}
    plain: dict[str, Any] = shown.model_dump(mode="json")
    return [
        row
        | made
        | {
            "number": number,
            "creation_key": number,
            "view": plain | {"number": number, "lines": [line | {"serial": serial} for line in plain["lines"]]},
        }
        for number, serial in named.items()
    ]


async def _written(connection: AsyncConnection, life: Life, named: dict[str, str]) -> None:
    """The rows by which a contract is found and read, written as the activities would have."""
    await connection.execute(contract.insert(), _rows(life, named))
    found = [{"serial": serial, "contract": number} for number, serial in named.items()]
    await connection.execute(contract_device.insert(), found)


async def _fleet(database: Database, life: Life, number: int, size: int, dice: random.Random) -> list[str]:
    name = f"bench-fleet-{number:04d}"
    rows = [
        {
            "fleet": name,
            "serial": f"F{number:04d}-{index:06d}",
            "kind": "business_printer",
            "model": f"Printer {index % 40}",
            "country": "CL",
            "included": True,
            "cover": {"warranty": "2030-12-31"},
            "dates": {},
        }
        for index in range(size)
    ]
    async with database.write() as connection:
        made = {"id": name, "customer": f"bench-{number}", "programme": "HPP", "created_at": AS_OF}
        await fleets.create(connection, made | {"imported_at": AS_OF})
        for start in range(0, size, CHUNK):
            await connection.execute(fleet_device.insert(), rows[start : start + CHUNK])
        await _written(connection, life, {f"HPP-2027-{number + 1:06d}": name})
    return [str(row["serial"]) for row in dice.sample(rows, min(400, size))]


async def _singles(connection: AsyncConnection, life: Life, numbers: range) -> list[str]:
    named = {f"HPG-2027-{number + 1:06d}": f"S-{number:06d}" for number in numbers}
    plain = {"model": "Plotter", "device_type": "large_format", "country": "FR", "facts": {}, "dates": {}}
    cover = {"cover": [{"kind": "warranty", "last_day": "2026-12-31"}], "updated_at": AS_OF}
    await connection.execute(device.insert(), [plain | cover | {"serial": serial} for serial in named.values()])
    await _written(connection, life, named)
    return list(named.values())


@asynccontextmanager
async def _api(url: str) -> AsyncIterator[str]:
    """An API process on the database, with a Temporal server that it is not asked for."""
    with narration() as tell:
        binary = await temporal_binary(tell)
    port, *_ = free_ports(1)
    async with EmbeddedServer(binary, data_dir=None, headless=True) as server:
        await ensure_search_attributes(await connect(read_settings(temporal_address=server.address)), ALL)
        environment = {
            "TENURE_DATABASE_URL": url,
            "TENURE_TEMPORAL_ADDRESS": server.address,
            "TENURE_API_PORT": str(port),
            "TENURE_LOG_LEVEL": "WARNING",
        }
        process = child.start([sys.executable, "-m", "cli", "api"], env=os.environ | environment)
        try:
            base = f"http://127.0.0.1:{port}"
            await _ready(base)
            yield base
        finally:
            await asyncio.to_thread(child.stop, process)


async def _ready(base: str) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient() as http:
        while True:
            try:
                if (await http.get(f"{base}/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


async def _asked(base: str, secret: str, serials: list[str], count: int, clients: int) -> dict[str, Any]:
    """What the answers took, in milliseconds; every answer must be a yes."""
    dice = random.Random(clients)
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=30) as http:
        took: list[float] = []

        async def client(times: int) -> None:
            for serial in dice.choices(serials, k=times):
                began = time.perf_counter()
                answer = await http.get(f"/v1/devices/{serial}/entitlement", params={"on": ON})
                took.append((time.perf_counter() - began) * 1000)
                if not answer.json()["covered"]:
                    raise RuntimeError(answer.text)

        await asyncio.gather(*(client(count // clients) for _ in range(clients)))
        took.clear()
        began = time.perf_counter()
        await asyncio.gather(*(client(count // clients) for _ in range(clients)))
        seconds = time.perf_counter() - began
    took.sort()
    return {
        "clients": clients,
        "asked": len(took),
        "per_second": round(len(took) / seconds, 1),
        "p50_ms": round(took[len(took) // 2], 2),
        "p99_ms": round(took[int(len(took) * 0.99)], 2),
        "worst_ms": round(took[-1], 2),
    }


if __name__ == "__main__":
    typer.run(main)
