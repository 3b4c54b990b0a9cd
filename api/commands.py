"""The one way to a contract: a command as an update, its refusal as a problem, its answer when it is taken."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, TypeVar

from starlette.responses import Response
from temporalio.client import (
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api.once import Once
from api.problems import ProblemError, not_found, unavailable
from api.services import Services
from api.starts import first_view
from domain.calendar import local_date
from domain.commands import OfferRenewal
from domain.envelope import Command
from domain.permissions import LIFE_RULE
from domain.renewal_request import Asked, RenewalAnswer
from domain.state import Contract
from domain.view import View
from storage import contracts, read_contracts, records
from workflows.messages import ContractStart, Taken
from workflows.refusals import MOVED_ON, REFUSED

Answered = TypeVar("Answered")
_ANSWER_WITHIN = timedelta(seconds=30)
_TRIES = 20
_READ_WITHIN = 2.0


class _OverError(Exception):
    """The contract's workflow is over, or there never was one."""


async def give(services: Services, number: str, command: Command, once: Once | None = None) -> Taken:
    """Give a contract a command, and answer when it has taken it and the read model knows, or will with ``once``.

    Raises a problem: 404 without such a contract, 409 where a rule refuses, 503 where it does not answer.
    """
    if once:
        command = command.model_copy(update={"writes_down": True})
    try:
        taken = await _update(services, number, command, Taken)
    except _OverError as over:
        known = await _taken_before(services, number, command)
        if known is None:
            raise await _gone(services, number) from over
        return known
    if taken.told is None:
        await followed(services, number, taken.version)
        return taken
    record = taken.told.model_copy(update={"view": taken.view})
    if once:
        once.tell(record)
    else:
        async with services.database.write() as connection:
            await records.write(connection, record)
    return taken


async def give_once(services: Services, number: str, once: Once, kind: type[Command], **fields: Any) -> Response:
    """Give a contract a command of a caller, once by its key; the answer is the contract as it stands after it."""

    async def act(command: str) -> View:
        given = kind.model_validate({"id": command, "by": once.by} | fields)
        return (await give(services, number, given, once)).view

    return await once.do(act)


async def ask_for_renewal(services: Services, number: str, command: OfferRenewal) -> RenewalAnswer:
    """Ask a contract for its renewal quote; the answer says what became of it. Raises a problem: 404, 503.

    A contract whose workflow is over answers from the read model.
    """
    shown = await view_of(services, number)
    if shown.closed:
        reason = f"the contract ended on {shown.ended_on} ({shown.status.value})"
        return RenewalAnswer(outcome=Asked.NOT_RUNNING, reason=reason, currency=shown.currency)
    try:
        return await _update(services, number, command, RenewalAnswer)
    except _OverError as over:
        raise await _gone(services, number) from over


async def _update(services: Services, number: str, command: Command, answers: type[Answered]) -> Answered:
    handle = services.client.get_workflow_handle(f"contract:{number}")
    kind = str(getattr(command, "kind", ""))
    for attempt in range(_TRIES):
        try:
            taken: Answered = await handle.execute_update(
                kind, command, result_type=answers, rpc_timeout=_ANSWER_WITHIN
            )
        except WorkflowUpdateFailedError as error:
            problem = as_problem(error)
            if problem is not None:
                raise problem from error
            await asyncio.sleep(0.05 * (attempt + 1))
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise unavailable("the contract does not answer; send the same command again") from error
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise _OverError from error
            raise
        else:
            return taken
    raise unavailable("the contract is busy; send the same command again")


def as_problem(error: WorkflowUpdateFailedError) -> ProblemError | None:
    """A contract's no as a problem; none where the command is only to be sent again."""
    cause = error.cause
    if not isinstance(cause, ApplicationError):
        return unavailable(str(cause))
    if cause.type == MOVED_ON:
        return None
    if cause.type != REFUSED:
        return unavailable(cause.message)
    names = ("rule", "field", "allowed_from", "allowed_when", "allowed")
    return ProblemError(409, "refused", cause.message, **{name: cause.details[0].get(name) for name in names})


async def _taken_before(services: Services, number: str, command: Command) -> Taken | None:
    """The answer to the command by which a contract ended, where it is asked again; none where it never took it."""
    async with services.database.read() as connection:
        caused = await contracts.caused_by(connection, number, command.id)
        view = await contracts.read(connection, number)
    if view is None or not caused:
        return None
    return Taken(version=view.version, events=tuple(entry.kind for entry in caused), view=view)


async def _gone(services: Services, number: str) -> ProblemError:
    """The problem of a contract whose workflow is over: what became of it."""
    view = await view_of(services, number)
    detail = f"the contract ended on {view.ended_on} ({view.status.value}); nothing more happens"
    return ProblemError(409, "refused", detail, rule=LIFE_RULE)


async def view_of(services: Services, number: str) -> View:
    """A contract as the read model has it. Raises a problem (404) where there is none."""
    async with services.database.read() as connection:
        view = await contracts.read(connection, number)
        start = None if view else await read_contracts.start_of(connection, number)
    if view is not None:
        return view
    if start is None:
        raise not_found(f"contract {number}")
    return first_view(ContractStart.model_validate(start))


def as_of_now(services: Services, shown: View) -> View:
    """A contract's view on its own today: the windows for notice that have closed since are gone."""
    return shown.as_of(local_date(shown.now if shown.clock else services.now(), shown.zone))


async def state_of(services: Services, number: str) -> Contract:
    """A contract's whole state, asked of itself. Raises a problem: 404 without it, 503 without an answer."""
    try:
        handle = services.client.get_workflow_handle(f"contract:{number}")
        state: Contract = await handle.query("contract", result_type=Contract, rpc_timeout=_ANSWER_WITHIN)
    except WorkflowQueryFailedError as error:
        raise unavailable("the contract does not answer; try again") from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise not_found(f"contract {number}") from error
        raise
    return state


async def followed(services: Services, number: str, version: int) -> None:
    """Wait, a moment at most, until a read would see what was just done."""

    async def version_now() -> int:
        async with services.database.read() as connection:
            return await contracts.version_of(connection, number)

    pause = 0.005
    waited = 0.0
    while await version_now() < version and waited < _READ_WITHIN:
        await asyncio.sleep(pause)
        waited += pause
        pause = min(pause * 1.5, 0.1)
