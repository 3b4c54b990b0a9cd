"""Hearing the desk: what people do there is written down once, and told to the contract that it is about."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.desk import Change, DeskPort, Update
from activities.errors import mapped
from domain.casework.commands import ReportCase
from storage import cases, desk_changes
from storage.database import Database
from workflows.catalogue import HEAR_DESK
from workflows.messages import Taken

_PAGE = 50
_PAGES = 20
_SOON = 5.0
_ANSWER_WITHIN = timedelta(seconds=20)
_TEXT = 500
_MINUTES = 100_000
_PATIENCE = timedelta(minutes=5)


class HearingActivities:
    """Reads the desk, and gives contracts what it says."""

    def __init__(self, database: Database, desk: DeskPort, client: Client, every: float) -> None:
        self._database = database
        self._desk = desk
        self._client = client
        self._every = every

    @activity.defn(name=HEAR_DESK)
    async def hear(self) -> float:
        """Read what is new, and tell the contracts. Answers after how many seconds to look again."""
        with mapped("ticketing"):
            more = await self._read()
            left = await self._tell()
        return 0.0 if more and not left else _SOON if left else self._every

    async def _read(self) -> bool:
        """Write down what is new; whether there is more than one look takes in."""
        async with self._database.read() as connection:
            since = settled = await desk_changes.cursor(connection, self._desk.name)
        for _ in range(_PAGES):
            activity.heartbeat(since)
            page = await self._desk.changes(since, limit=_PAGE)
            # Where a page is not settled, nothing after it is.
            settled = page.settled if since == settled else settled
            async with self._database.write() as connection:
                await desk_changes.hear(connection, self._desk.name, [_row(change) for change in page.changes])
                if settled:
                    await desk_changes.read_up_to(connection, self._desk.name, settled)
            if not page.more:
                return False
            since = page.last
        return True

    async def _tell(self) -> bool:
        """Tell each contract, in order; whether something is left that could not be told now."""
        async with self._database.read() as connection:
            rows = await desk_changes.waiting(connection, self._desk.name, limit=_PAGE * _PAGES)
        silent: set[str] = set()
        for row in rows:
            activity.heartbeat(row["seq"])
            if row["case"] not in silent and not await self._told(row):
                silent.add(row["case"])
        return bool(silent)

    async def _told(self, row: dict[str, Any]) -> bool:
        """Whether a contract has answered; one that does not holds up the later news of its case only."""
        async with self._database.read() as connection:
            known = await cases.find(connection, row["case"])
        if known is None and datetime.now(UTC) - row["heard_at"] < _PATIENCE:
            return False  # somebody was quicker than we were to write down that it is open
        if known is None:
            return await self._settle(row, "refused", f"no contract has a case {row['case']}")
        handle = self._client.get_workflow_handle(f"contract:{known['contract']}")
        try:
            taken: Taken = await handle.execute_update(
                "report_case",
                _command(self._desk.name, row["change"]),
                result_type=Taken,
                rpc_timeout=_ANSWER_WITHIN,
            )
        except WorkflowUpdateFailedError as error:
            return await self._refused(row, error)
        except WorkflowUpdateRPCTimeoutOrCancelledError:
            return False
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                return False
            return await self._over(row, known["contract"])
        if "case_contested" in taken.events:
            return await self._settle(row, "refused", _reason(taken, row["case"]))
        return await self._settle(row, "taken")

    async def _refused(self, row: dict[str, Any], error: WorkflowUpdateFailedError) -> bool:
        """A contract that goes over into its next term is told again; another no is final."""
        cause = error.cause
        if not isinstance(cause, ApplicationError) or cause.type == "moved_on":
            return False
        return await self._settle(row, "refused", cause.message)

    async def _over(self, row: dict[str, Any], contract: str) -> bool:
        """A contract that has ended takes nothing more: whoever works on its case hears so there."""
        reason = f"contract {contract} has ended: it takes nothing more"
        if row["change"]["what"] in {"moved", "closed", "reopened"}:
            key = f"{contract}/ended/{self._desk.name}.{row['id']}"
            await self._desk.update(Update(key, row["case"], note=f"Not taken: {reason}"))
        return await self._settle(row, "refused", reason)

    async def _settle(self, row: dict[str, Any], state: str, reason: str | None = None) -> bool:
        async with self._database.write() as connection:
            await desk_changes.settle(connection, row, state, reason)
        return True


def _row(change: Change) -> dict[str, Any]:
    return asdict(change) | {"at": change.at.isoformat()}


def _command(desk: str, change: dict[str, Any]) -> ReportCase:
    """What a change says, as the contract takes it; the desk's own id makes it happen once."""
    told = {name: _short(change[name]) for name in ("stage", "result", "note")}
    return ReportCase(
        id=f"desk:{desk}:{change['id']}",
        by=f"{_short(change['by']) or 'somebody'} (desk)",
        case=change["case"],
        what=change["what"],
        minutes=max(-_MINUTES, min(_MINUTES, change["minutes"])),
        **told,
    )


def _short(text: str | None) -> str | None:
    """A text of the desk's within what the trail keeps; none where it says nothing."""
    clean = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text or "").strip()
    return clean[:_TEXT].strip() or None


def _reason(taken: Taken, case: str) -> str:
    start = f"case {case}: "
    said = (item.removeprefix(start) for item in taken.view.attention if item.startswith(start))
    return next(said, "the contract did not take it")
