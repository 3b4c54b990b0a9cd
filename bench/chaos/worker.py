"""A worker of the house: the ordinary one, with the house's programmes, and vendors that are ill at times."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import worker as workers
from activities.payments import Providers
from bench.chaos.illness import IllDesk, Illnesses, IllPayments
from cli.lifetime import run
from cli.preparation import begin_dispatching, begin_watching, opened
from runtime.logging import configure_logging
from runtime.settings import settings
from runtime.temporal import connect


async def _work(programmes: Path) -> None:
    read = settings()
    client = await connect(read)
    illnesses = Illnesses(read.var_dir)
    async with opened(read) as database:
        real = workers.outside(read, database, programmes)
        payments = Providers(IllPayments(real.payments.real, illnesses))
        outside = replace(real, payments=payments, desk=IllDesk(real.desk, illnesses))
        async with workers.build(client, read, database, outside):
            await begin_dispatching(client, read)
            await begin_watching(client, read)
            await asyncio.Event().wait()


def main(programmes: Path) -> None:
    """Work with the programmes of a folder, until asked to stop."""
    configure_logging(settings().log_level)
    run(_work(programmes))
