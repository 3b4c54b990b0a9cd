"""How long `./tenure up` takes until it answers, and what it holds then."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from bench.house import answers, start
from bench.processes import megabytes
from runtime import child
from runtime.ports import free_ports
from runtime.settings import read_settings


async def measure() -> dict[str, Any]:
    """The first start, which makes the tables and publishes the programmes, and the second."""
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        first, _ = await _started(Path(folder))
        again, held = await _started(Path(folder))
    print(f"up in {first:.1f} s, again in {again:.1f} s, with {held} MB", file=sys.stderr)
    return {"first_seconds": round(first, 2), "again_seconds": round(again, 2), "memory_mb": held}


async def _started(folder: Path) -> tuple[float, float]:
    """Seconds until Temporal, worker, API and SQLite are ready, and the MB that they hold together."""
    api, temporal, ui = free_ports(3)
    settings = read_settings(var_dir=folder, api_port=api, temporal_port=temporal, temporal_ui_port=ui)
    began = time.perf_counter()
    process = start(settings, "cli", "up")
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api}") as http:
            await answers(http, "/ready", lambda: process.poll() is None)
        return time.perf_counter() - began, megabytes(process.pid)
    finally:
        await asyncio.to_thread(child.stop, process)
