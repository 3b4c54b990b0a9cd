"""`./tenure gate`: whether this build can go on with the contracts that sleep on a server, asked before its deploy."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from temporalio.client import Client, WorkflowExecution, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

import worker
from runtime.gate import Gate, Verdict, kept, read
from runtime.settings import Settings, settings
from runtime.temporal import connect
from workflows import attributes
from workflows.catalogue import SHOWN_ONLY

NOTHING_OPEN = "Nothing is open there: no contract sleeps that this build could break."
_TOLD = 5

WHAT_NOW = """\
Do not deploy this build. A contract that breaks stops until a build comes that it can go on with; one that decides
otherwise is no longer the one of its trail. A rule that changes is chosen by the version of rules or terms that a
contract lives under (docs/operating.md, "Deploying a build")."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which histories are replayed, and what stands against a deploy."""

    contract: str | None = None
    sample: int | None = None
    folder: Path | None = None
    only_breaks: bool = False


def gate(
    contract: Annotated[str | None, typer.Argument(help="A contract; all of them where none is given.")] = None,
    *,
    sample: Annotated[
        int | None, typer.Option(min=1, help="At most so many of each kind that wait for the same step.")
    ] = None,
    only_breaks: Annotated[
        bool, typer.Option("--only-breaks", help="Let pass what this build would say otherwise, and could go on with.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--from", exists=True, file_okay=False, help="Kept histories instead of a server's.")
    ] = None,
) -> None:
    """Replay what is open on the server with this build, and change nothing; exits with 1 where it would not fit."""
    console = Console(soft_wrap=True, highlight=False)
    wanted = Wanted(contract, sample, folder, only_breaks=only_breaks)
    counted = asyncio.run(judged(settings(), console, wanted))
    if counted["wrong"]:
        console.print(f"{counted['wrong']} of {counted.total()} refuse this build.", style="red")
        console.print(WHAT_NOW)
        raise typer.Exit(1)
    if not counted.total():
        console.print(NOTHING_OPEN)
        return
    console.print(f"{counted.total()} replayed: this build goes on with all of them.", style="green")


async def judged(read_settings: Settings, console: Console, wanted: Wanted) -> Counter[str]:
    """How many histories were fit and how many wrong; each that is wrong is told."""
    counted: Counter[str] = Counter()
    judge = Gate(worker.WORKFLOWS, SHOWN_ONLY)
    histories = _kept(wanted.folder) if wanted.folder else _open(await connect(read_settings), read_settings, wanted)
    async for history in histories:
        verdict = await judge.judge(history)
        wrong = verdict.breaks if wanted.only_breaks else verdict.wrong
        counted["wrong" if wrong else "fit"] += 1
        if wrong:
            _tell(console, verdict)
    return counted


def _tell(console: Console, verdict: Verdict) -> None:
    name = verdict.workflow.removeprefix("contract:")
    for what in verdict.wrong[:_TOLD]:
        verb = "breaks" if verdict.breaks else "decides otherwise"
        console.print(f"{name} {verb}: {what}", markup=False)


async def _kept(folder: Path) -> AsyncIterator[WorkflowHistory]:
    for path in kept(folder):
        yield read(path)


async def _open(client: Client, read_settings: Settings, wanted: Wanted) -> AsyncIterator[WorkflowHistory]:
    """The histories of everything that runs in our task queue, or of a sample of it."""
    query = f'ExecutionStatus = "Running" AND TaskQueue = "{read_settings.task_queue}"'
    if wanted.contract is not None:
        query += f' AND WorkflowId = "contract:{wanted.contract}"'
    seen: Counter[tuple[object, ...]] = Counter()
    async for execution in client.list_workflows(query):
        kind = _kind(execution)
        seen[kind] += 1
        if wanted.sample is not None and seen[kind] > wanted.sample:
            continue
        history = await _history(client, execution)
        if history is not None:
            yield history


def _kind(execution: WorkflowExecution) -> tuple[object, ...]:
    """What a workflow has in common with those that sleep as it does."""
    found = execution.typed_search_attributes
    keys = (attributes.PROGRAMME, attributes.STATUS, attributes.NEXT_STEP, attributes.NEEDS_ATTENTION)
    return (execution.workflow_type, *(found.get(key) for key in keys))


async def _history(client: Client, execution: WorkflowExecution) -> WorkflowHistory | None:
    """A run's history; none where it has ended and gone meanwhile."""
    try:
        return await client.get_workflow_handle(execution.id, run_id=execution.run_id).fetch_history()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
