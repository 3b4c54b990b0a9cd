"""Request Tracker 5 over REST2. Its queue, fields and service user are set up by `docs/desks/request-tracker/seed.pl`.

A ticket carries our id of the case in a custom field of unique values. Request Tracker does not refuse a second ticket
with the same value: it makes one without it. So whoever creates a ticket looks who holds the case afterwards, and
merges its own into that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from activities.desk import NewCase, Page, Update
from activities.errors import Refused, Unreachable
from adapters.desk_rt_changes import CASE, CLOSED, CONTRACT, SERIAL, STAGE, quoted, read_changes
from adapters.desk_wire import Wire, words

PRIORITY = {"normal": 0, "high": 50, "urgent": 100}
"""Request Tracker's own scale, which it shows as Low, Medium and High."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it was read; ``etag`` says whether it has changed since."""

    id: str
    etag: str
    closed: bool
    stage: str | None
    priority: int


class RequestTracker:
    """A queue of a Request Tracker; ``user`` is the one whose token it is."""

    name = "rt"

    def __init__(
        self, url: str, token: str, *, queue: str = "Tenure", user: str = "tenure", timeout: float = 20
    ) -> None:
        self._wire = Wire(f"{url.rstrip('/')}/REST/2.0", {"Authorization": f"token {token}"}, timeout=timeout)
        self._queue, self._user = queue, user

    async def open(self, new: NewCase) -> str:
        """Open a ticket once, and answer with its number."""
        if known := await self._holders(new.case):
            return known[0]
        made = await self._wire.give("POST", "/ticket", self._fields(new))
        mine = str(made["id"])
        holders = await self._holders(new.case)
        if not holders:
            raise Unreachable(f"ticket {mine} of case {new.case} is not found by it yet")
        if holders[0] != mine:
            await self._merge(mine, holders[0])
        return holders[0]

    async def update(self, update: Update) -> None:
        """Bring a ticket to where the case is, and leave a comment under the key, by which a repeat knows itself."""
        ticket = await self._ticket(update.case)
        if await self._said(ticket.id, update.key):
            return
        changes = _changes(ticket, update)
        if changes:
            await self._wire.give("PUT", f"/ticket/{ticket.id}", changes, ticket.etag)
            await self._taken(update)
        comment = {"Subject": update.key, "Content": words(update), "ContentType": "text/plain"}
        await self._wire.give("POST", f"/ticket/{ticket.id}/comment", comment)

    async def changes(self, since: str | None, *, limit: int) -> Page:
        """What people did in the queue since then."""
        return await read_changes(self._wire, self._queue, self._user, since, limit=limit)

    def _fields(self, new: NewCase) -> dict[str, Any]:
        fields = {CASE: new.case, CONTRACT: new.contract, SERIAL: new.serial, STAGE: new.stage}
        ticket: dict[str, Any] = {
            "Queue": self._queue,
            "Subject": new.subject,
            "Content": new.description or new.subject,
            "ContentType": "text/plain",
            "Priority": PRIORITY[new.urgency],
            "CustomFields": {name: value for name, value in fields.items() if value},
        }
        if new.requestor:
            ticket["Requestor"] = new.requestor
        if new.answer_by:
            ticket["Due"] = f"{new.answer_by.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        if new.link:
            ticket["RefersTo"] = [new.link]
        return ticket

    async def _holders(self, case: str) -> list[str]:
        """The tickets that hold a case, the oldest first: one, but for the moment in which two are made at once."""
        query = f"Queue={quoted(self._queue)} AND CF.{{{CASE}}}={quoted(case)}"
        found = await self._wire.get("/tickets", query=query, orderby="id", per_page=10)
        return sorted((str(item["id"]) for item in found["items"]), key=int)

    async def _merge(self, mine: str, holder: str) -> None:
        said = await self._wire.give("PUT", f"/ticket/{mine}", {"MergeInto": holder})
        kept = await self._wire.get(f"/ticket/{mine}")
        if str(kept["id"]) != holder:
            raise Unreachable(f"ticket {mine} could not be merged into {holder}: {said}")

    async def _ticket(self, case: str) -> Ticket:
        holders = await self._holders(case)
        if not holders:
            raise Refused(f"the desk knows no case {case}")
        answer = await self._wire.send("GET", f"/ticket/{holders[0]}")
        read = answer.json()
        values = {field["name"]: field["values"] for field in read["CustomFields"]}
        return Ticket(
            id=str(read["id"]),
            etag=answer.headers["etag"],
            closed=read["Status"] in CLOSED,
            stage=next(iter(values.get(STAGE, ())), None),
            priority=int(read["Priority"]),
        )

    async def _said(self, ticket: str, key: str) -> bool:
        query = f"TicketId={ticket} AND Subject={quoted(key)}"
        return bool((await self._wire.get("/transactions", query=query, per_page=1))["items"])

    async def _taken(self, update: Update) -> None:
        """That a change was made: Request Tracker answers 200 to one that it does not make, too."""
        left = _changes(await self._ticket(update.case), update)
        if left:
            raise Refused(f"the desk does not take {left} for case {update.case}: look at the queue's set-up")


def _changes(ticket: Ticket, update: Update) -> dict[str, Any]:
    """What has to become of a ticket; a case that people have closed themselves stays as they left it."""
    changes: dict[str, Any] = {}
    if update.closed is not None and update.closed != ticket.closed:
        changes["Status"] = "resolved" if update.closed else "open"
    if update.stage and update.stage != ticket.stage:
        changes["CustomFields"] = {STAGE: update.stage}
    if update.urgency and PRIORITY[update.urgency] > ticket.priority:
        changes["Priority"] = PRIORITY[update.urgency]
    return changes
