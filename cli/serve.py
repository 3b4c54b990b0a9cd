"""`./tenure up`, `worker`, `api` and `migrate`: the programs that run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from temporalio.client import Client

import worker as workers
from adapters.message_list import Messages
from adapters.papers import Papers
from api.app import create_app
from api.services import Services
from cli.housekeeping import apply_housekeeping
from cli.http import CannotServe, serving
from cli.lifetime import run
from cli.preparation import PROGRAMMES, begin_dispatching, begin_watching, opened, prepare
from runtime.logging import configure_logging
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import Settings, settings
from runtime.temporal import connect
from runtime.temporal_server import reach_temporal
from storage import keys
from storage.database import Database
from storage.migrate import is_current
from workflows.attributes import ALL


@dataclass(frozen=True, slots=True)
class House:
    """Everything of one process, running."""

    settings: Settings
    client: Client
    database: Database


def up() -> None:
    """Start everything and stay: Temporal, worker and API in one process tree. Ctrl-C stops it in order."""
    configure_logging(settings().log_level)
    run(_up(settings()))


def worker() -> None:
    """Run the contracts, against the Temporal server and the database in the settings."""
    configure_logging(settings().log_level)
    run(work())


def api() -> None:
    """Answer the API's requests, against the Temporal server and the database in the settings."""
    configure_logging(settings().log_level)
    run(_api(settings()))


def migrate() -> None:
    """Bring the database up to date, publish the programmes, register search attributes; safe to repeat."""
    run(_migrate(settings()))


async def work() -> None:
    """A worker until it is cancelled.

    Raises:
        CannotServe: the database is not up to date.
        TemporalUnreachable: there is no Temporal server where the settings say.
    """
    read = settings()
    async with opened(read) as database:
        await refuse_old(database)
        async with working(House(settings=read, client=await connect(read), database=database)):
            await asyncio.Event().wait()


@asynccontextmanager
async def running(read: Settings, *, headless: bool = False) -> AsyncIterator[House]:
    """Everything but the API, for as long as the block lasts: Temporal, an up-to-date database, and a worker."""
    async with reach_temporal(read, ALL, headless=headless) as reached, opened(reached) as database:
        await prepare(database)
        house = House(settings=reached, client=await connect(reached), database=database)
        async with working(house):
            yield house


@asynccontextmanager
async def working(house: House) -> AsyncIterator[None]:
    """A worker for as long as the block lasts; at its end, running work gets half a minute."""
    outside = workers.outside(house.settings, house.database)
    try:
        async with workers.build(house.client, house.settings, house.database, outside):
            await begin_dispatching(house.client, house.settings)
            await begin_watching(house.client, house.settings)
            await apply_housekeeping(house.client, house.settings)
            yield
    finally:
        await outside.payments.close()


@asynccontextmanager
async def answering(house: House) -> AsyncIterator[asyncio.Task[None]]:
    """The API of the house for as long as the block lasts."""
    app = create_app(Services(house.database, house.client, house.settings, Papers(PROGRAMMES), Messages(PROGRAMMES)))
    async with serving(app, house.settings) as task:
        yield task


async def _up(read: Settings) -> None:
    async with running(read) as house, answering(house) as server:
        await _welcome(house, embedded=read.temporal_address is None)
        await asyncio.wait({server})


async def _api(read: Settings) -> None:
    async with opened(read) as database:
        await refuse_old(database)
        async with answering(House(settings=read, client=await connect(read), database=database)) as server:
            await asyncio.wait({server})


async def _migrate(read: Settings) -> None:
    async with opened(read) as database:
        programmes = await prepare(database)
    print("The database is up to date, with", ", ".join(f"{p.terms.code} {p.terms.version}" for p in programmes))
    if read.temporal_address:
        client = await connect(read)
        added = await ensure_search_attributes(client, ALL)
        print("Search attributes registered:", ", ".join(added) or "all were there")
        print("Housekeeping on schedule:", ", ".join(await apply_housekeeping(client, read)))


async def refuse_old(database: Database) -> None:
    """Raise CannotServe where the database is not up to date."""
    if not await is_current(database):
        raise CannotServe("The database does not have this version's tables: run ./tenure migrate first.")


async def _welcome(house: House, *, embedded: bool) -> None:
    read = house.settings
    table = Table(title="Tenure is running. Ctrl-C stops it; the data stays.", show_header=False)
    table.add_row("API and its documentation", f"{read.public_url}/docs")
    if read.smtp_host is None and read.api_host in {"127.0.0.1", "::1", "localhost"}:
        table.add_row("Mailbox", f"{read.public_url}/mailbox")
    table.add_row("Temporal UI" if embedded else "Temporal", _temporal(read, embedded=embedded))
    table.add_row("Database", read.database_url.partition("@")[2] or read.database_url)
    async with house.database.read() as connection:
        if not await keys.listed(connection):
            table.add_row("First of all", "make an API key: ./tenure keys create NAME")
    Console(stderr=True, soft_wrap=True).print(table)


def _temporal(read: Settings, *, embedded: bool) -> str:
    return f"http://127.0.0.1:{read.temporal_ui_port}" if embedded else str(read.temporal_address)
