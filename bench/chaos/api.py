"""The API of the house: the ordinary one, with the house's programmes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from adapters.message_list import Messages
from adapters.papers import Papers
from api.app import create_app
from api.services import Services
from cli.http import serving
from cli.lifetime import run
from cli.preparation import opened
from runtime.logging import configure_logging
from runtime.settings import settings
from runtime.temporal import connect


async def _answer(programmes: Path) -> None:
    read = settings()
    async with opened(read) as database:
        services = Services(database, await connect(read), read, Papers(programmes), Messages(programmes))
        async with serving(create_app(services), read) as server:
            await asyncio.wait({server})


def main(programmes: Path) -> None:
    """Answer with the programmes of a folder, until asked to stop."""
    configure_logging(settings().log_level)
    run(_answer(programmes))
