"""Issuers that are killed in the middle: no number is lost, and none is given twice."""

from __future__ import annotations

import asyncio
import random
import signal
import sys

from sqlalchemy import select

from runtime.settings import CHECKOUT
from storage.database import Database
from storage.tables import invoice, posting

ISSUERS = 16
BILLS = 40

ISSUER = """
import asyncio, sys
from storage import ledger
from storage.database import Database
from tests.storage.samples import bill, charge, issue

async def main(url, name, count):
    database = Database(url)
    for position in range(count):
        key = f"{name}.{position}"
        async with database.write() as connection:
            if await ledger.find_invoice(connection, key) is None:
                await issue(connection, bill(key, charge(f"{key}.c")))
    await database.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


async def _issue(url: str, name: str, dice: random.Random) -> int:
    """An issuer that is killed now and then, and begun again until it has issued all; how often it was killed."""
    killed = 0
    while True:
        issuer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", ISSUER, url, name, str(BILLS), cwd=CHECKOUT, stderr=asyncio.subprocess.PIPE
        )
        try:
            patience = dice.uniform(1.5, 4.0) if killed < 2 else 120
            _, errors = await asyncio.wait_for(issuer.communicate(), timeout=patience)
        except TimeoutError:
            issuer.send_signal(signal.SIGKILL)
            await issuer.wait()
            killed += 1
            continue
        assert issuer.returncode == 0, errors.decode()[-500:]
        return killed


async def test_killed_issuers_leave_no_gap_and_no_double(database_url: str, database: Database) -> None:
    """Sixteen at a time, killed at random with a signal that nobody can handle; each bill is issued and posted once."""
    dice = random.Random(7)  # noqa: S311 - dice, not secrets
    gate = asyncio.Semaphore(8)

    async def one(name: str) -> int:
        async with gate:
            return await _issue(database_url, name, dice)

    killed = sum(await asyncio.gather(*(one(f"i{number}") for number in range(ISSUERS))))
    async with database.read() as connection:
        numbers = sorted(await connection.scalars(select(invoice.c.number)))
        documents = set(await connection.scalars(select(posting.c.document)))
    assert killed > 0
    assert numbers == [f"SMP-F2027-{number:06d}" for number in range(1, ISSUERS * BILLS + 1)]
    assert len(documents) == ISSUERS * BILLS
