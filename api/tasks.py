"""What waits for people: listed, taken by somebody, and settled by the command that the contract waits for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from api.commands import give
from api.fields import Body, Code, Cursor, Limit, Line, Moment, Page, Word, after, cursor
from api.once import OnceOperate
from api.problems import RESPONSES, ProblemError, not_found
from api.security import MayRead
from api.services import Needs, Services
from domain.commands import AnyCommand
from domain.envelope import Command
from domain.tasks import Role
from domain.view import View
from storage import tasks
from storage.tasks import Wanted
from workflows.messages import DismissEffect, RetryEffect

router = APIRouter(prefix="/tasks", tags=["tasks"], responses=RESPONSES)
TaskPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:-]{1,250}$", description="The task's id.")]
_COMMANDS: TypeAdapter[Any] = TypeAdapter(AnyCommand)
_OWN: dict[str, type[Command]] = {"retry_effect": RetryEffect, "dismiss_effect": DismissEffect}
Narrow = Annotated[Line | None, Query()]


class TaskOut(BaseModel):
    """Something that waits for a person; ``answers`` are the commands of which one settles it."""

    id: str
    contract: str
    programme: str
    customer: str
    kind: str
    what: str
    role: Role
    rule: str
    by: datetime | None = Field(description="By when it should be done, where there is a day.")
    answers: list[str]
    given: dict[str, Any] = Field(description="What such a command says in any case.")
    opened_at: datetime
    taken_by: str | None
    taken_at: datetime | None
    closed_at: datetime | None
    clock: str | None


class TakeRequest(Body):
    """Who takes it: the caller itself, where nobody is named."""

    who: Line | None = None


class ResolveRequest(Body):
    """The command that settles the task, and what it says besides what the task gives."""

    command: Word = Field(examples=["report_inspection"])
    says: dict[Word, Any] = Field(default_factory=dict, max_length=20, examples=[{"passed": True}])


@router.get("", operation_id="list_tasks")
async def list_tasks(
    services: Needs,
    _: MayRead,
    *,
    role: Role | None = None,
    kind: Word | None = None,
    contract: Annotated[str | None, Query(pattern=r"^[A-Z][A-Z0-9]{1,9}-\d{4}-\d{6}$")] = None,
    programme: Code | None = None,
    customer: Narrow = None,
    taken_by: Narrow = None,
    by_until: Moment | None = None,
    done: Annotated[bool, Query(description="Those that are done, instead of those that wait.")] = False,
    trial: Annotated[bool, Query(description="Those of contracts on test clocks, instead of the real ones.")] = False,
    page: Cursor = None,
    limit: Limit = 50,
) -> Page[TaskOut]:
    """What waits for people, what must be done soonest first."""
    wanted = Wanted(
        role=role,
        kind=kind,
        contract=contract,
        programme=programme,
        customer=customer,
        taken_by=taken_by,
        by_until=by_until,
        trial=trial,
        done=done,
    )
    async with services.database.read() as connection:
        rows = await tasks.page(connection, wanted, after=_place(page), limit=limit + 1)
    more = len(rows) > limit
    shown = [TaskOut.model_validate(row) for row in rows[:limit]]
    return Page(items=shown, next_cursor=_cursor(rows[limit - 1]) if more else None)


def _cursor(row: dict[str, Any]) -> str:
    by, task_id = tasks.place(row)
    return cursor(f"{by.isoformat()}|{task_id}")


def _place(given: str | None) -> tuple[datetime, str] | None:
    key = after(given)
    if key is None:
        return None
    by, _, task_id = key.partition("|")
    try:
        return datetime.fromisoformat(by), task_id
    except ValueError:
        raise ProblemError(422, "invalid", "page: this is not a cursor of ours", field="page") from None


@router.get("/{task}", operation_id="read_task")
async def read_task(services: Needs, task: TaskPath, _: MayRead) -> TaskOut:
    """One task, open or done."""
    return TaskOut.model_validate(await _known(services, task))


@router.post("/{task}/take", operation_id="take_task")
async def take_task(services: Needs, task: TaskPath, wanted: TakeRequest, once: OnceOperate) -> TaskOut:
    """Take a task, so that nobody else begins it too; refused while somebody else has it."""
    who = wanted.who or once.by

    async def act(_: str) -> TaskOut:
        await _open(services, task)
        async with services.database.write() as connection:
            taken = await tasks.take(connection, task, who)
        row = await _known(services, task)
        if not taken:
            detail = f"{row['taken_by']} has it since {row['taken_at']:%Y-%m-%d %H:%M} UTC"
            raise ProblemError(409, "taken", detail, allowed_when="it is released first")
        return TaskOut.model_validate(row)

    return await once.do(act)  # type: ignore[return-value]


@router.post("/{task}/release", operation_id="release_task")
async def release_task(services: Needs, task: TaskPath, once: OnceOperate) -> TaskOut:
    """Give a task back: anybody may take it."""

    async def act(_: str) -> TaskOut:
        await _open(services, task)
        async with services.database.write() as connection:
            await tasks.release(connection, task)
        return TaskOut.model_validate(await _known(services, task))

    return await once.do(act)  # type: ignore[return-value]


@router.post("/{task}/resolve", operation_id="resolve_task")
async def resolve_task(services: Needs, task: TaskPath, wanted: ResolveRequest, once: OnceOperate) -> View:
    """Give the contract the command that the task waits for; the answer is the contract after it."""

    async def act(command: str) -> View:
        row = await _open(services, task)
        if wanted.command not in row["answers"]:
            answers = ", ".join(row["answers"]) or "nothing that can be sent from here"
            raise ProblemError(
                409,
                "refused",
                f"`{wanted.command}` does not settle this task",
                rule=row["rule"],
                field="command",
                allowed_when=f"the command is {answers}",
            )
        told = _command(wanted, row["given"], id=command, by=once.by)
        return (await give(services, row["contract"], told)).view

    return await once.do(act)  # type: ignore[return-value]


def _command(wanted: ResolveRequest, given: dict[str, Any], **envelope: str) -> Command:
    """The command, whole. Raises a problem (422) that names what it lacks."""
    values = wanted.says | given | envelope
    own = _OWN.get(wanted.command)
    try:
        if own:
            return own.model_validate(values)
        command: Command = _COMMANDS.validate_python(values | {"kind": wanted.command})
    except ValidationError as error:
        errors = [
            {"field": ".".join(["says", *map(str, item["loc"][0 if own else 1 :])]), "reason": item["msg"]}
            for item in error.errors()
        ]
        first = errors[0]
        detail = f"{first['field']}: {first['reason']}"
        raise ProblemError(422, "invalid", detail, field=first["field"], errors=errors) from error
    return command


async def _known(services: Services, task: str) -> dict[str, Any]:
    async with services.database.read() as connection:
        row = await tasks.find(connection, task)
    if row is None:
        raise not_found(f"task {task}")
    return row


async def _open(services: Services, task: str) -> dict[str, Any]:
    row = await _known(services, task)
    if row["closed_at"]:
        raise ProblemError(409, "done", f"this was settled on {row['closed_at']:%Y-%m-%d %H:%M} UTC")
    return row
