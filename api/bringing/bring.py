"""Bringing contracts in: checked first, then written down and started, each once, however often it is tried.

A contract is known by its name in the system that it comes from. One that is there is not written down again, and is
started if it never was; so a run that was cut short is simply repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import IO, Any

import structlog
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.service import RPCError

from api.bringing.figures import Figures
from api.bringing.filling import NUMBER, Defaults, Found, Sold, fill
from api.bringing.records import Entry, Form, entries
from api.line_files import MOST_ERRORS, Findings, Wrong
from api.services import Services
from api.starts import begin, first_row
from domain.calendar import local_date
from domain.catalogue import Catalogue
from domain.decider import open_contract
from domain.refusal import Refusal
from domain.state import RULES_VERSION, Contract
from domain.terms import Terms
from storage import contracts, imports, people, programmes, read_contracts
from storage.database import Database
from workflows.catalogue import BATCH
from workflows.messages import ContractStart

_LOG = structlog.get_logger()
CHUNK = 200
AT_ONCE = 24
"""How many workflows are being started at the same time."""

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file of contracts, what holds where it does not say it, and how many it may have.

    So many at a time (``chunk``) are written down before they are started.
    """

    file: IO[bytes]
    form: Form
    defaults: Defaults
    clock: str | None = None
    most: int | None = None
    chunk: int = CHUNK


class Known(BaseModel):
    """A contract of the file that is there already, and differs from what the file says now."""

    line: int
    reference: str
    contract: str
    why: str


@dataclass(slots=True)
class Checked:
    """What a file is: what is wrong with it, what it would bring, and what of it is there already."""

    findings: Findings = field(default_factory=Findings)
    figures: Figures = field(default_factory=Figures)
    new: int = 0
    known: int = 0
    differing: int = 0
    differences: list[Known] = field(default_factory=list)


async def check(database: Database, source: Source, progress: Progress | None = None) -> Checked:
    """Look at every contract of a file; nothing is written down."""
    checked = Checked()
    seen: dict[str, int] = {}
    numbers: dict[str, int] = {}
    async for found in _found(database, source, checked, seen, numbers):
        async with database.read() as connection:
            known = await imports.known(connection, [item.key for item, _ in found])
            taken = await contracts.taken(connection, [item.wanted for item, _ in found if item.wanted])
        for item, contract in found:
            if _is_new(checked, item, known.get(item.key), taken):
                checked.figures.add(contract, source.defaults.now)
        if progress:
            progress("checked", checked.new + checked.known + checked.differing)
    return checked


def _is_new(checked: Checked, item: Found, known: Mapping[str, Any] | None, taken: set[str]) -> bool:
    """Count a contract among the new ones, or those that are there; whether it is new."""
    if known is None and item.wanted not in taken:
        checked.new += 1
        return True
    if known and known["sha256"] == item.sha256:
        checked.known += 1
        return False
    checked.differing += 1
    why = "the file says something else than when it was brought" if known else "it was not brought from a file"
    number = known["contract"] if known else str(item.wanted)
    if len(checked.differences) < MOST_ERRORS:
        reference = item.command.standing.reference
        checked.differences.append(Known(line=item.entry.line, reference=reference, contract=number, why=why))
    return False


async def bring(services: Services, source: Source, run: str, progress: Progress | None = None) -> AsyncIterator[str]:
    """Write down every contract that may be taken over and is not there; yields their numbers, to be started.

    Those of an earlier run that were never started come along.
    """
    written = 0
    async for found in _found(services.database, source, Checked(), {}, {}):
        async with services.database.write() as connection:
            new, waiting = await _write(services, connection, source, run, [item for item, _ in found])
        written += len(new)
        if progress:
            progress("written", written)
        for number in (*new, *waiting):
            yield number
    async with services.database.write() as connection:
        await imports.written(connection, run, written, services.now())


async def begin_run(services: Services, name: str, file: IO[bytes], by: str) -> str:
    """Note that a file is being brought in; the same file again goes on with the same run. Answers with its id."""
    file.seek(0)
    digest = sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    run = f"import-{digest.hexdigest()[:12]}"
    values = {
        "id": run,
        "name": name[:400],
        "sha256": digest.hexdigest(),
        "by": by,
        "contracts": 0,
        "begun_at": services.now(),
    }
    async with services.database.write() as connection:
        await imports.begin(connection, values)
    return run


async def start_waiting(services: Services, run: str) -> None:
    """Start what a run has written down and is not started; what cannot be started now is left for later."""

    async def waiting() -> AsyncIterator[str]:
        async with services.database.read() as connection:
            numbers = await imports.waiting(connection, run)
        for number in numbers:
            yield number

    try:
        await start(services, waiting())
    except* (RPCError, OSError, SQLAlchemyError) as failed:
        _LOG.warning("imports.starts.delayed", run=run, reason=str(failed.exceptions[0]))


async def start(services: Services, numbers: AsyncIterator[str], *, rate: float | None = None) -> int:
    """Start the workflows of contracts that are written down, at most so many a second; how many."""
    turn, count = asyncio.Semaphore(AT_ONCE), 0
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as group:
        async for number in numbers:
            await turn.acquire()
            group.create_task(_start(services, number, turn))
            count += 1
            if rate:
                await asyncio.sleep(max(0.0, began + count / rate - loop.time()))
    return count


async def _start(services: Services, number: str, turn: asyncio.Semaphore) -> None:
    try:
        async with services.database.read() as connection:
            row = await read_contracts.start_of(connection, number)
        await begin(services, number, ContractStart.model_validate(row))
    finally:
        turn.release()


async def _found(
    database: Database, source: Source, checked: Checked, seen: dict[str, int], numbers: dict[str, int]
) -> AsyncIterator[list[tuple[Found, Contract]]]:
    """The contracts of a file that may be taken over, some at a time; what is wrong with the others is noted."""
    sold = await _programmes(database)
    whole = entries(source.file, source.form, checked.findings)
    looked_at = 0
    while some := list(islice(whole, source.chunk)):
        looked_at += len(some)
        if source.most is not None and looked_at > source.most:
            remedy = "send them in several files, or use ./tenure import"
            checked.findings.note(some[-1].line, Wrong("line", f"a file may have {source.most} contracts", remedy))
            return
        async with database.read() as connection:
            devices = await people.find_devices(connection, list(_serials(some)))
        found = []
        for entry in some:
            try:
                item = fill(entry, sold, devices, source.defaults)
                _once(item, seen, numbers)
                found.append((item, open_contract(item.command, source.defaults.now)[0]))
            except Wrong as wrong:
                checked.findings.note(entry.place(wrong.field), wrong)
            except Refusal as refusal:
                checked.findings.note(entry.place(refusal.field or ""), _as_wrong(refusal))
            await asyncio.sleep(0)
        yield found


def _serials(some: list[Entry]) -> Iterator[str]:
    for entry in some:
        lines = entry.data.get("lines")
        yield from (str(line.get("serial")) for line in lines or () if isinstance(line, dict))


def _once(item: Found, seen: dict[str, int], numbers: dict[str, int]) -> None:
    for name, value, known in (("reference", item.key, seen), ("number", item.wanted, numbers)):
        first = known.setdefault(value, item.entry.line) if value else item.entry.line
        if first != item.entry.line:
            raise Wrong(name, f"the contract of line {first} has it too", "give each contract its own")


def _as_wrong(refusal: Refusal) -> Wrong:
    since = f"from {refusal.allowed_from}" if refusal.allowed_from else None
    remedy = refusal.allowed_when or since or "correct it, or leave the contract out"
    return Wrong(refusal.field or "contract", refusal.reason, remedy, refusal.rule)


async def _programmes(database: Database) -> dict[str, Sold]:
    async with database.read() as connection:
        rows = await programmes.everything(connection)
    versions: dict[str, dict[int, Terms]] = {}
    for row in rows:
        versions.setdefault(row["code"], {})[row["version"]] = Terms.model_validate(row["terms"])
    newest = {row["code"]: row["catalogue"] for row in rows}
    return {code: Sold(known, Catalogue.model_validate(newest[code])) for code, known in versions.items()}


async def _write(
    services: Services, connection: AsyncConnection, source: Source, run: str, found: list[Found]
) -> tuple[list[str], list[str]]:
    """Write down those that are not there: their numbers, and those of others that were written and never started."""
    known = await imports.known(connection, [item.key for item in found])
    taken = await contracts.taken(connection, [item.wanted for item in found if item.wanted])
    new = [item for item in found if item.key not in known and item.wanted not in taken]
    waiting = [str(row["contract"]) for row in known.values() if not row["started"]]
    if not new:
        return [], waiting
    numbered = [(item, await _number(connection, item, source.defaults.now)) for item in new]
    starts = [
        ContractStart(
            takeover=item.command.model_copy(update={"number": number}),
            now=source.defaults.now,
            clock=source.clock,
            batch=BATCH,
            rules=RULES_VERSION,
            staged=True,
            callers_write=True,
            patience_seconds=services.settings.patience_seconds,
            spread_seconds=services.settings.spread_seconds,
        )
        for item, number in numbered
    ]
    await people.keep_customers(connection, {item.command.customer.id: item.command.customer for item in new}.values())
    await people.keep_new_devices(connection, list(_devices(new)))
    created = services.now()
    keys = [f"brought:{item.key}" for item in new]
    await contracts.begin(connection, [first_row(start, key, created) for start, key in zip(starts, keys, strict=True)])
    brought = [
        {"key": item.key, "contract": number, "sha256": item.sha256, "run": run, "line": item.entry.line}
        for item, number in numbered
    ]
    await imports.keep(connection, brought)
    return [number for _, number in numbered], waiting


async def _number(connection: AsyncConnection, item: Found, now: datetime) -> str:
    """The number that a contract keeps, or the next of its programme and year."""
    code = item.command.terms.code
    if item.wanted and NUMBER.fullmatch(item.wanted):
        series, year, count = item.wanted.split("-")
        await contracts.count_on(connection, f"contract/{series}/{int(year)}", int(count))
        return item.wanted
    year_now = local_date(now, item.command.terms.time_zone).year
    count_now = await contracts.next_number(connection, f"contract/{code}/{year_now}")
    return f"{code}-{year_now}-{count_now:06d}"


def _devices(found: list[Found]) -> Iterator[dict[str, Any]]:
    """The devices of the contracts' lines, as the file knows them; a fleet is none."""
    for item in found:
        for line, device_type in zip(item.command.standing.lines, item.device_types, strict=True):
            if item.command.standing.fleet is None:
                yield {
                    "serial": line.serial,
                    "model": line.model,
                    "device_type": device_type,
                    "country": item.command.customer.country,
                    "cover": [cover.model_dump(mode="json") for cover in line.cover],
                    "facts": dict(line.facts),
                    "in_use_since": line.in_use_since,
                    "support_ends": line.support_ends,
                }
