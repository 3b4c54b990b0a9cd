"""Whether Temporal and our database are of one age: each open contract, as both of them know it.

Temporal knows what a contract will do, our database what it did. Copies of different moments let a contract do again,
or otherwise, what it has done, or believe done what was never written. No worker is needed to find out: the histories
are replayed here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from sqlalchemy import select
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

import worker
from domain.retrace import restored
from domain.terms import Terms
from domain.view import Entry
from runtime.gate import Gate, asked_and_unanswered
from runtime.settings import Settings
from storage.contracts import STARTING
from storage.database import Database
from storage.reconcile import Difference, terms_of_all, trail
from storage.tables import contract
from workflows.catalogue import SHOWN_ONLY
from workflows.contract import ContractWorkflow

PREFIX = "contract:"
_SHOWN = 3
_LOOKS = 3
_PAUSE_SECONDS = 0.3


async def disagreements(
    client: Client, settings: Settings, database: Database, *, only: str | None = None
) -> list[Difference]:
    """Every open contract of which Temporal and the database tell different stories, and how."""
    gate = Gate(worker.WORKFLOWS, SHOWN_ONLY)
    async with database.read() as connection:
        terms = await terms_of_all(connection)

    async def differs(number: str) -> list[str]:
        async with database.read() as connection:
            programme = await connection.scalar(select(contract.c.programme).where(contract.c.number == number))
            entries = await trail(connection, number)
        if programme is None:
            return ["it runs there, and the database has no such contract: the database is older"]
        history = await _history(client, number)
        return [item async for item in _compared(gate, history, entries, terms.get(programme, {}))]

    found: list[Difference] = []
    for number in await _numbers(client, settings, database, only):
        for _ in range(_LOOKS):
            if not (told := await differs(number)):
                break
            # It may have been busy between our two looks; what differs for good differs again.
            await asyncio.sleep(_PAUSE_SECONDS)
        found += [Difference(number, "Temporal", what) for what in told]
    return found


async def _numbers(client: Client, settings: Settings, database: Database, only: str | None) -> list[str]:
    """Every contract that is open in the database or at Temporal."""
    begun = contract.c.closed.is_(False), contract.c.status != STARTING
    async with database.read() as connection:
        wanted = set(await connection.scalars(select(contract.c.number).where(*begun)))
    query = f'WorkflowType = "Contract" AND ExecutionStatus = "Running" AND TaskQueue = "{settings.task_queue}"'
    async for execution in client.list_workflows(query):
        wanted.add(execution.id.removeprefix(PREFIX))
    return [number for number in sorted(wanted) if only in {None, number}]


async def _history(client: Client, number: str) -> WorkflowHistory | None:
    try:
        return await client.get_workflow_handle(f"{PREFIX}{number}").fetch_history()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


async def _compared(
    gate: Gate, history: WorkflowHistory | None, entries: list[Entry], terms: dict[int, Terms]
) -> AsyncIterator[str]:
    if history is None:
        yield f"it does not know this contract, of which the database has {len(entries)} entries: Temporal is older"
        return
    verdict = await gate.judge(history)
    found = gate.last
    if verdict.breaks or not isinstance(found, ContractWorkflow):
        yield f"this build cannot follow its history: {verdict.breaks}"
        return
    for what in _ages(found, entries, max(_seqs([*asked_and_unanswered(history)]), default=0)):
        yield what
        return
    come = found.told()[1]
    if len(entries) >= come and restored(entries[:come], terms) != found.contract():
        yield f"entries 1 to {come} of the database make another contract than its own: they have parted before"


def _ages(found: ContractWorkflow, entries: list[Entry], asked: int) -> Iterator[str]:
    """Which side is older, where one is; an entry that is on its way may be on both sides or on one."""
    written, come = found.told()
    last = entries[-1].seq if entries else 0
    if last < written:
        yield f"it has come to entry {come}, the database to {last}: the database is older, and lacks {written - last}"
    elif last > max(come, asked):
        unknown = [entry.kind for entry in entries if entry.seq > come]
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        named = ", ".join(unknown[:_SHOWN]) + more
        yield f"it has come to entry {come}, the database to {last}: Temporal is older, and knows nothing of {named}"


def _seqs(told: Any) -> Iterator[int]:
    """The places in the trail of the entries that travel in what was asked for."""
    if isinstance(told, dict):
        for name, value in told.items():
            if name == "entries" and isinstance(value, list):
                yield from (entry["seq"] for entry in value)
            else:
                yield from _seqs(value)
    elif isinstance(told, list):
        for value in told:
            yield from _seqs(value)
