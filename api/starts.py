"""The start of a contract's workflow: once, and again where a process ended between its row and its workflow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from api.background import repeated
from api.problems import ProblemError, not_found
from api.services import Services
from domain.decider import open_contract, step
from domain.envelope import Event
from domain.narrative import entry
from domain.permissions import permissions
from domain.state import Contract
from domain.tasks import tasks
from domain.view import Record, View, view
from storage import clocks, contracts, read_contracts
from storage.contracts import STARTING
from workflows.messages import ContractStart
from workflows.publication import all_search_attributes

_ANSWER_WITHIN = timedelta(seconds=10)
_LOOK_EVERY = timedelta(seconds=15)
_LEFT_BEHIND = timedelta(seconds=30)


async def now_on(connection: AsyncConnection, clock: str, *, hold: bool = False) -> datetime:
    """Where a test clock stands. Raises a problem: 404 without it, 409 while it is on its way."""
    row = await clocks.find(connection, clock, hold=hold)
    if row is None or row["deleted"]:
        raise not_found(f"test clock {clock}")
    if row["target"] is not None:
        raise ProblemError(409, "refused", "the test clock is on its way", allowed_when="it has arrived")
    now: datetime = row["now"]
    return now


def first_view(start: ContractStart) -> View:
    """The contract as its first command makes it, before it has said anything itself."""
    return _shown(start, _opened(start)[0])


def first_record(start: ContractStart) -> Record:
    """What the contract itself will tell first: whoever has started it may write that down, and need not wait."""
    contract, opened = _opened(start)
    first = entry(contract, opened, seq=1, command=start.opening.id if start.opening else None)
    return Record(view=_shown(start, contract), entries=(first,), tasks=tasks(contract) or None)


def _opened(start: ContractStart) -> tuple[Contract, Event]:
    opening = start.opening
    assert opening is not None  # noqa: S101 - only a first start is written down
    contract, events = open_contract(opening, start.now, start.rules)
    return contract, events[0]


def _shown(start: ContractStart, contract: Contract) -> View:
    return view(contract, now=start.now, step=step(contract), allowed=permissions(contract), clock=start.clock)


def first_row(start: ContractStart, creation_key: str, created: datetime) -> dict[str, Any]:
    """The row of a contract that is about to be started."""
    opening = start.opening
    assert opening is not None  # noqa: S101 - only a first start is written down
    return {
        "number": opening.number,
        "status": STARTING,
        "programme": opening.terms.code,
        "customer": opening.customer.id,
        "reseller": opening.reseller,
        "version": 0,
        "attention": False,
        "clock": start.clock,
        "now": start.now,
        "closed": False,
        "start": start.model_dump(mode="json", exclude_defaults=True),
        "creation_key": creation_key,
        "created_at": created,
    }


async def begin(services: Services, number: str, start: ContractStart) -> None:
    """Start a contract's workflow, once, however often it is asked for. Raises RPCError without an answer."""
    shown = first_view(start)
    try:
        await services.client.start_workflow(
            "Contract",
            start,
            id=f"contract:{number}",
            task_queue=services.settings.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            memo={
                "customer": shown.customer.name,
                "contract": f"{services.settings.public_url}/v1/contracts/{number}",
            },
            search_attributes=all_search_attributes(shown),
            static_summary=f"{shown.programme} contract of {shown.customer.name}"[:200],
            rpc_timeout=_ANSWER_WITHIN,
        )
    except WorkflowAlreadyStartedError:
        return  # it was started, and is over


@asynccontextmanager
async def finishing(services: Services) -> AsyncIterator[None]:
    """For as long as the block lasts, start the contracts that were written down and never started."""
    last: str | None = None

    async def look() -> None:
        nonlocal last
        numbers = await finish(services, _LEFT_BEHIND, after=last)
        last = numbers[-1] if numbers else None

    async with repeated(look, every=_LOOK_EVERY, delayed="contracts.starts.delayed"):
        yield


async def finish(services: Services, left: timedelta, *, after: str | None = None) -> list[str]:
    """Start some contracts, after a number, that were written down so long ago and have not started: their numbers.

    Most have only not reported yet, thousands while a portfolio is brought in: they are asked after some at a time.
    """
    async with services.database.read() as connection:
        numbers = await contracts.unstarted(connection, services.now() - left, after=after)
    for number in numbers:
        async with services.database.read() as connection:
            start = await read_contracts.start_of(connection, number)
        if start is not None:
            await begin(services, number, ContractStart.model_validate(start))
    return numbers
