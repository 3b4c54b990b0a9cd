"""stripe-mock, Stripe's own judge of requests: built once for the machine, started for a test run, ended by its id."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from runtime.ports import free_ports

PROGRAM = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tenure" / "stripe-mock" / "stripe-mock"
_STARTS_WITHIN = 30.0
_TRIES = 5


@asynccontextmanager
async def stripe_mock() -> AsyncIterator[str]:
    """The address of a running stripe-mock that insists on the API version that it knows."""
    if not PROGRAM.exists():
        raise FileNotFoundError(f"{PROGRAM} is missing: run runtime/install_test_parts.sh")
    # Without an address of its own for TLS it would listen at a fixed one, which two test runs cannot share.
    for left in reversed(range(_TRIES)):
        port, unused = free_ports(2)
        addresses = ("-http-addr", f"127.0.0.1:{port}", "-https-addr", f"127.0.0.1:{unused}")
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *addresses, "-strict-version-check", stdout=asyncio.subprocess.DEVNULL
        )
        # Another server of the tests may have taken a port since it was found free.
        if await _answers(f"http://127.0.0.1:{port}", process) or not left:
            break
    try:
        if process.returncode is not None:
            raise RuntimeError(f"stripe-mock ended with {process.returncode}")
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(address: str, process: asyncio.subprocess.Process) -> bool:
    """Whether it answers in time; not, where it has ended instead."""
    async with httpx.AsyncClient() as http, asyncio.timeout(_STARTS_WITHIN):
        while process.returncode is None:
            try:
                await http.get(f"{address}/v1/customers", headers={"Authorization": "Bearer sk_test_123"})
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return process.returncode is None
    return False
