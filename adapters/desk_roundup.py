"""Roundup 2 over its REST interface. Its tracker is made with the files of `docs/desks/roundup`.

Our id of a case is the key of its issue: Roundup refuses a second one (409). What a case becomes and the message that
says so are one change, made only where nobody has changed the issue since it was read.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from httpx import BasicAuth, Response

from activities.desk import Change, NewCase, Page, Update
from activities.errors import Refused, Unreachable
from adapters.desk_wire import Wire, words

OPEN, CLOSED = "open", "resolved"
RANK = {"normal": 0, "high": 1, "urgent": 2}
SETTLES = timedelta(seconds=60)
"""How long a change may take to be written: before that, an earlier one may still come in."""
_READ = "what,stage,result,note,minutes,creation,creator.username,issue.external_key"
_STAMP = "%Y-%m-%d.%H:%M:%S"


class Roundup:
    """A tracker of its own; ``url`` is where it is reached, ``user`` and ``password`` are the service user's.

    ``web`` is the tracker's address in its own configuration, where that is another.
    """

    name = "roundup"

    def __init__(
        self, url: str, password: str, *, user: str = "tenure", web: str | None = None, timeout: float = 20
    ) -> None:
        parts = urlsplit(web or url)
        # Roundup takes changes only from a page of its own, or from whoever says so.
        headers = {"Host": parts.netloc, "Origin": f"{parts.scheme}://{parts.netloc}", "X-Requested-With": "Tenure"}
        self._user, self._auth = user, BasicAuth(user, password)
        self._wire = Wire(f"{url.rstrip('/')}/rest/data", headers, timeout=timeout)

    async def open(self, new: NewCase) -> str:
        """Open an issue once, and answer with its number."""
        known = await self._find(new.case)
        if known is None:
            try:
                return str((await self._give("POST", "/issue", _fields(new)))["id"])
            except Unreachable:
                # Somebody else may have been quicker: then the case is there.
                known = await self._find(new.case)
                if known is None:
                    raise
        return str(known["id"])

    async def update(self, update: Update) -> None:
        """Bring an issue to where the case is, with a message under the key, by which a repeat knows itself."""
        found = await self._find(update.case)
        if found is None:
            raise Refused(f"the desk knows no case {update.case}")
        issue = await self._get(f"/issue/{found['id']}", **{"@verbose": "2"})
        message = await self._message(update)
        told = [str(item["id"]) for item in issue["attributes"]["messages"]]
        if message not in told:
            changes = _changes(issue["attributes"], update) | {"messages": [*told, message]}
            await self._give("PATCH", f"/issue/{found['id']}", changes, issue["@etag"])

    async def changes(self, since: str | None, *, limit: int) -> Page:
        """What people did in the tracker since then; its cursor is a moment, and a page from there."""
        start, _, page = (since or "1970-01-01.00:00:00").partition("|")
        index = int(page or 1)
        asked = {"creation": f"from {start}", "@sort": "id", "@fields": _READ}
        answer = await self._send("GET", "/change", params=asked | {"@page_size": limit, "@page_index": index})
        now = datetime.now(UTC)
        items = answer.json()["data"]["collection"]
        more = len(items) == limit
        settled = max(start, min(f"{now - SETTLES:{_STAMP}}", items[-1]["creation"])) if items else start
        return Page(tuple(map(_change, items)), last=f"{start}|{index + more}", settled=settled, more=more)

    async def _find(self, case: str) -> dict[str, Any] | None:
        """The issue of a case, found by its key and nothing like it."""
        answer = await self._get("/issue", **{"external_key:": case})
        return next(iter(answer["collection"]), None)

    async def _message(self, update: Update) -> str:
        """The message under the key. One whose text was lost, with the server between its row and its file, is none."""
        text = words(update)
        for known in (await self._get("/msg", **{"messageid:": update.key}))["collection"]:
            kept = await self._get(f"/msg/{known['id']}", **{"@verbose": "3"})
            if (kept["attributes"]["content"] or "").strip() == text.strip():
                return str(known["id"])
        made = {"content": text, "messageid": update.key, "author": self._user, "date": "."}
        return str((await self._give("POST", "/msg", made))["id"])

    async def _send(self, method: str, path: str, **more: Any) -> Response:
        return await self._wire.send(method, quote(path), auth=self._auth, **more)

    async def _get(self, path: str, **params: Any) -> Any:
        return (await self._send("GET", path, params=params)).json()["data"]

    async def _give(self, method: str, path: str, body: dict[str, Any], etag: str | None = None) -> Any:
        headers = {"If-Match": etag} if etag else {}
        return (await self._send(method, path, json=body, headers=headers)).json()["data"]


def _fields(new: NewCase) -> dict[str, Any]:
    fields = {
        "title": new.subject,
        "external_key": new.case,
        "description": new.description or new.subject,
        "contract": new.contract,
        "serial": new.serial,
        "stage": new.stage,
        "status": OPEN,
        "priority": new.urgency,
        "requestor": new.requestor,
        "link": new.link,
        "due": f"{new.answer_by.astimezone(UTC):{_STAMP}}" if new.answer_by else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _changes(issue: dict[str, Any], update: Update) -> dict[str, Any]:
    """What has to become of an issue; one that people have closed themselves stays as they left it."""
    changes: dict[str, Any] = {}
    if update.closed is not None and update.closed != (issue["status"]["name"] == CLOSED):
        changes["status"] = CLOSED if update.closed else OPEN
    if update.stage:
        changes["stage"] = update.stage
    if update.urgency and RANK[update.urgency] > RANK.get((issue["priority"] or {}).get("name", "normal"), 0):
        changes["priority"] = update.urgency
    return changes


def _change(item: dict[str, Any]) -> Change:
    return Change(
        id=str(item["id"]),
        case=str(item["issue.external_key"]),
        what=item["what"],
        at=datetime.strptime(item["creation"], _STAMP).replace(tzinfo=UTC),
        by=str(item["creator.username"]),
        stage=item["stage"],
        result=item["result"],
        note=item["note"],
        minutes=int(item["minutes"] or 0),
    )
