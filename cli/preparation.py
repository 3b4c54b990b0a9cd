"""What has to stand before anything serves: tables, and the programmes in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from adapters.programme_files import Programme, load_all
from runtime.settings import CHECKOUT, Settings
from storage import coupons, people, programmes
from storage.database import Database
from storage.migrate import upgrade
from workflows.desk import watch_id

PROGRAMMES = CHECKOUT / "programmes"


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database that the settings name, closed at the end of the block."""
    _make_folder(settings.database_url)
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        await database.close()


async def prepare(database: Database, folder: Path = PROGRAMMES) -> tuple[Programme, ...]:
    """The programmes of the folder, now in a database that has every table; nothing changes the second time.

    Raises:
        ProgrammeError: a programme's file is wrong.
        VersionChangedError: terms that contracts may live under were changed without a new version.
    """
    found = load_all(folder)
    await upgrade(database)
    async with database.write() as connection:
        for programme in found:
            await _publish(connection, programme)
    return found


async def begin_dispatching(client: Client, settings: Settings) -> None:
    """See to it that the house's one dispatcher of events runs; it may run already."""
    await client.start_workflow(
        "EventDispatcher",
        id=f"dispatcher:{settings.task_queue}",
        task_queue=settings.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )


async def begin_watching(client: Client, settings: Settings) -> None:
    """See to it that the house's one watch at the desk is kept; it may be already."""
    await client.start_workflow(
        "DeskWatch",
        id=watch_id(settings.task_queue),
        task_queue=settings.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )


async def _publish(connection: AsyncConnection, programme: Programme) -> None:
    terms = programme.terms
    await programmes.store(
        connection,
        code=terms.code,
        version=terms.version,
        terms=terms.model_dump(mode="json"),
        catalogue=programme.catalogue.model_dump(mode="json"),
        sha256=programme.sha256,
    )
    for coupon in programme.coupons:
        await coupons.put(connection, coupon.model_dump() | {"programme": terms.code})
    known = await people.find_devices(connection, [device.serial for device in programme.devices])
    for device in programme.devices:
        # A device in the table may have been moved or covered anew since: the sample is only how it began.
        if device.serial not in known:
            plain = device.model_dump(mode="json", include={"cover", "dates"})
            await people.put_device(connection, device.model_dump() | plain)


def _make_folder(url: str) -> None:
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
