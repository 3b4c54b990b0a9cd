"""`./tenure backup` and `./tenure restore`: both databases of a house, as of one moment."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from cli.agreement import disagreements
from cli.preparation import opened
from runtime.backups import CannotBackUp, copy, seal, sealed
from runtime.postgres_dump import dump, load
from runtime.settings import Settings, settings
from runtime.temporal import connect
from runtime.temporal_server import data_held, reach_temporal
from storage.database import Database
from storage.holding import begin_numbers_later, held
from storage.migrate import is_current, is_empty
from storage.tables import audit_entry, contract
from workflows.attributes import ALL

TEMPORAL, TENURE, DUMP = "temporal.db", "tenure.db", "tenure.dump"
Folder = Annotated[Path, typer.Argument(help="The folder of the backup.")]

NOT_OURS = """\
Temporal runs at {address}, and its database is not in {var}: back it up where it is, at one moment with ours. \
docs/operating.md, "Backup", has the two ways: both databases in one PostgreSQL server and one copy of that server; or \
workers and API stopped, pg_dump of each, and started again."""
WHAT_IS_NOT_KNOWN = """\
Contracts go on from that moment as if nothing had happened since; what they do again has the same keys. What happened \
after it cannot be known from here: commands and payments that were taken are to be given again; mails that were sent \
are sent again under the same Message-ID; numbers of invoices that were given since are given again, so compare what \
customers got before you start. New contracts are counted {later} later, so that none gets the number, and the keys \
outside, of one that is lost. ./tenure reconcile names what the payment provider has and we do not."""


def backup(folder: Folder) -> None:
    """Copy both databases of this house as of one moment, running or not; a folder that is there is not touched."""
    read = settings()
    _refuse_elsewhere(read)
    if folder.exists():
        raise CannotBackUp(f"{folder} is there already: name a folder that is not.")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    made = asyncio.run(_back_up(read, partial))
    partial.rename(folder)
    print(f"{folder}: {made['contracts']} contracts with {made['entries']} entries, as of {made['as_of']}.")


def restore(
    folder: Folder,
    *,
    later: Annotated[int, typer.Option(min=0, help="How much later new contracts are counted.")] = 1000,
) -> None:
    """Put a backup in the place of this house's data, which is kept beside it, and compare both databases."""
    console = Console(soft_wrap=True, highlight=False)
    made, wrong = asyncio.run(_restore(settings(), folder, later, console))
    for difference in wrong:
        console.print(f"{difference.contract}  {difference.where}: {difference.what}", markup=False)
    if wrong:
        raise typer.Exit(1)
    console.print(f"{made['contracts']} contracts are as they were at {made['as_of']}.", style="green")
    console.print(WHAT_IS_NOT_KNOWN.format(later=later))


async def _back_up(read: Settings, folder: Path) -> dict[str, Any]:
    async with opened(read) as database:
        if not await is_current(database):
            raise CannotBackUp("The database does not have this version's tables: use the build that runs on it.")
        # What an activity has told Temporal it wrote here first. So while nobody writes here, a copy of Temporal holds
        # nothing that is not here yet; what it may lack it asks for again, and finds done.
        async with held(database):
            await asyncio.to_thread(copy, read.var_dir / TEMPORAL, folder / TEMPORAL)
            await asyncio.to_thread(_copy_ours, read, folder)
            facts = await _facts(database)
    seal(folder, facts)
    return facts


def _copy_ours(read: Settings, folder: Path) -> None:
    if path := _file(read):
        copy(path, folder / TENURE)
    else:
        dump(read.database_url, folder / DUMP)


async def _facts(database: Database) -> dict[str, Any]:
    async with database.read() as connection:
        contracts = await connection.scalar(select(func.count()).select_from(contract))
        entries = await connection.scalar(select(func.count()).select_from(audit_entry))
    return {"as_of": datetime.now(UTC).isoformat(timespec="seconds"), "contracts": contracts, "entries": entries}


async def _restore(read: Settings, folder: Path, later: int, console: Console) -> tuple[dict[str, Any], list[Any]]:
    _refuse_elsewhere(read)
    made = sealed(folder)
    kind = DUMP if _file(read) is None else TENURE
    if kind not in made["files"]:
        raise CannotBackUp(f"{folder} is of another kind of database than TENURE_DATABASE_URL names.")
    with data_held(read.var_dir):
        if aside := _set_aside(read):
            console.print(f"What was here is in {aside}.")
        shutil.copyfile(folder / TEMPORAL, read.var_dir / TEMPORAL)
        await _bring_back(read, folder / kind)
    async with opened(read) as database:
        if not await is_current(database):
            raise CannotBackUp("It was made by an older build: ./tenure migrate, then ./tenure reconcile.")
        await begin_numbers_later(database, "contract/", later)
        async with reach_temporal(read, ALL, headless=True) as reached:
            return made, await disagreements(await connect(reached), reached, database)


async def _bring_back(read: Settings, source: Path) -> None:
    if path := _file(read):
        shutil.copyfile(source, path)
        return
    async with opened(read) as database:
        if not await is_empty(database):
            raise CannotBackUp("The database has tables: make an empty one, or name one, and keep the other.")
    load(read.database_url, source)


def _set_aside(read: Settings) -> Path | None:
    """Move what a backup would replace to a folder of its own, never away: the last resort of a wrong restore."""
    path = _file(read)
    databases = [read.var_dir / TEMPORAL, *([path] if path else [])]
    there = [Path(f"{name}{more}") for name in databases for more in ("", "-wal", "-shm")]
    there = [file for file in there if file.exists()]
    if not there:
        return None
    aside = read.var_dir / f"before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    aside.mkdir()
    for file in there:
        file.rename(aside / file.name)
    return aside


def _refuse_elsewhere(read: Settings) -> None:
    if read.temporal_address:
        raise CannotBackUp(NOT_OURS.format(address=read.temporal_address, var=read.var_dir))


def _file(read: Settings) -> Path | None:
    """The file of our database; none where it is a server's."""
    url = make_url(read.database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
