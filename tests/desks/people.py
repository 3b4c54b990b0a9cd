"""Somebody at each desk: what they do to a case there, and what they see of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from sqlalchemy import func, select

from adapters.desk_rt import PRIORITY
from storage import cases
from storage.database import Database
from storage.tables import ticket
from tests.desks.servers import PASSWORD, RequestTrackerServer, RoundupServer


@dataclass(frozen=True, slots=True)
class Seen:
    """A case as somebody at the desk sees it."""

    closed: bool
    stage: str | None
    urgency: str
    subject: str
    serial: str | None
    description: str
    requestor: str | None
    due: str | None
    notes: tuple[str, ...]
    link: str | None = None


class Person(Protocol):
    """Somebody who works at a desk."""

    async def write(self, case: str, text: str, *, answer: bool = False, minutes: int = 0) -> None:
        """Say something: to the colleagues, or to the customer."""

    async def move(self, case: str, stage: str) -> None:
        """Put it into another stage."""

    async def close(self, case: str, result: str | None = None, note: str | None = None) -> None:
        """Close it."""

    async def reopen(self, case: str) -> None:
        """Open it again."""

    async def sees(self, case: str) -> Seen:
        """The case."""

    async def count(self, case: str) -> int:
        """How many there are of it."""


class AtTheEmbedded:
    """Somebody at the embedded desk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _do(self, case: str, *done: dict[str, Any]) -> None:
        async with self._database.write() as connection:
            assert await cases.work(connection, case, "ann", list(done))

    async def write(self, case: str, text: str, *, answer: bool = False, minutes: int = 0) -> None:
        """Say something."""
        worked = [{"what": "worked", "minutes": minutes}] if minutes else []
        await self._do(case, {"what": "answered" if answer else "noted", "note": text}, *worked)

    async def move(self, case: str, stage: str) -> None:
        """Put it into another stage."""
        await self._do(case, {"what": "moved", "stage": stage})

    async def close(self, case: str, result: str | None = None, note: str | None = None) -> None:
        """Close it."""
        said = [{"what": "noted", "note": note}] if note else []
        await self._do(case, *said, {"what": "closed", "result": result, "note": note})

    async def reopen(self, case: str) -> None:
        """Open it again."""
        await self._do(case, {"what": "reopened"})

    async def sees(self, case: str) -> Seen:
        """The case."""
        async with self._database.read() as connection:
            row = await cases.find(connection, case)
        assert row is not None
        return Seen(
            closed=row["status"] == "closed",
            stage=row["stage"],
            urgency=row["urgency"],
            subject=row["subject"],
            serial=row["serial"],
            description=row["description"],
            requestor=row["requestor"],
            due=f"{row['answer_by']:%Y-%m-%d %H:%M}" if row["answer_by"] else None,
            notes=tuple(row["notes"]),
        )

    async def count(self, case: str) -> int:
        """How many there are of it."""
        async with self._database.read() as connection:
            return int(await connection.scalar(select(func.count()).where(ticket.c.case == case)) or 0)


class AtRequestTracker:
    """Root, at its own keyboard."""

    def __init__(self, server: RequestTrackerServer) -> None:
        self._server = server

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        url = f"{self._server.url}/REST/2.0"
        async with httpx.AsyncClient(base_url=url, auth=("root", PASSWORD), timeout=30, trust_env=False) as http:
            answer = await http.request(method, path, **more)
        assert answer.is_success, answer.text
        return answer.json()

    async def _ids(self, case: str) -> list[str]:
        found = await self._ask("GET", "/tickets", params={"query": f"CF.{{Tenure case}}='{case}'"})
        return [str(item["id"]) for item in found["items"]]

    async def _put(self, case: str, **changes: Any) -> None:
        await self._ask("PUT", f"/ticket/{(await self._ids(case))[0]}", json=changes)

    async def write(self, case: str, text: str, *, answer: bool = False, minutes: int = 0) -> None:
        """Say something."""
        kind = "correspond" if answer else "comment"
        body = {"Content": text, "ContentType": "text/plain", "TimeTaken": minutes}
        await self._ask("POST", f"/ticket/{(await self._ids(case))[0]}/{kind}", json=body)

    async def move(self, case: str, stage: str) -> None:
        """Put it into another stage."""
        await self._put(case, CustomFields={"Stage": stage})

    async def close(self, case: str, result: str | None = None, note: str | None = None) -> None:
        """Close it."""
        if note:
            await self.write(case, note)
        if result:
            await self._put(case, CustomFields={"Result": result})
        await self._put(case, Status="resolved")

    async def reopen(self, case: str) -> None:
        """Open it again."""
        await self._put(case, Status="open")

    async def sees(self, case: str) -> Seen:
        """The case."""
        (number,) = await self._ids(case)
        read = await self._ask("GET", f"/ticket/{number}")
        fields = {field["name"]: next(iter(field["values"]), None) for field in read["CustomFields"]}
        history = await self._ask("GET", f"/ticket/{number}/history", params={"fields": "Type", "per_page": 100})
        notes, description = [], ""
        for item in history["items"]:
            if item["Type"] in {"Create", "Comment", "Correspond"}:
                found = await self._ask("GET", f"/transaction/{item['id']}/attachments", params={"fields": "Content"})
                text = found["items"][0]["Content"]
                description = text if item["Type"] == "Create" else description
                notes += [text] if item["Type"] != "Create" else []
        words = {value: name for name, value in PRIORITY.items()}
        links = [link["_url"] for link in read["_hyperlinks"] if link["ref"] == "refers-to"]
        return Seen(
            closed=read["Status"] == "resolved",
            stage=fields["Stage"],
            urgency=words[int(read["Priority"])],
            subject=read["Subject"],
            serial=fields["Serial"],
            description=description,
            requestor=next((str(one["id"]) for one in read["Requestor"]), None),
            due=None if read["Due"].startswith("1970") else read["Due"][:16].replace("T", " "),
            notes=tuple(notes),
            link=next(iter(links), None),
        )

    async def count(self, case: str) -> int:
        """How many tickets there are of it, those that were merged counted as the one that they are."""
        return len(await self._ids(case))


class AtRoundup:
    """The tracker's admin."""

    def __init__(self, server: RoundupServer) -> None:
        self._server = server

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        headers = {"Origin": self._server.url, "X-Requested-With": "test"} | more.pop("headers", {})
        url = f"{self._server.tracker_url}/rest/data"
        async with httpx.AsyncClient(base_url=url, auth=("admin", PASSWORD), timeout=30, trust_env=False) as http:
            answer = await http.request(method, path, headers=headers, **more)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    async def _issue(self, case: str) -> Any:
        return await self._ask("GET", f"/issue/external_key={case}", params={"@verbose": "2"})

    async def _change(self, case: str, **changes: Any) -> None:
        read = await self._issue(case)
        await self._ask("PATCH", f"/issue/{read['id']}", json=changes, headers={"If-Match": read["@etag"]})

    async def _told(self, case: str, text: str) -> list[str]:
        made = await self._ask("POST", "/msg", json={"content": text, "author": "admin", "date": "."})
        read = await self._issue(case)
        return [*(str(item["id"]) for item in read["attributes"]["messages"]), str(made["id"])]

    async def write(self, case: str, text: str, *, answer: bool = False, minutes: int = 0) -> None:
        """Say something."""
        before = (await self._issue(case))["attributes"]["minutes"] or 0
        worked = {"minutes": before + minutes} if minutes else {}
        answered = {"answered": True} if answer else {}
        await self._change(case, messages=await self._told(case, text), **worked, **answered)

    async def move(self, case: str, stage: str) -> None:
        """Put it into another stage."""
        await self._change(case, stage=stage)

    async def close(self, case: str, result: str | None = None, note: str | None = None) -> None:
        """Close it."""
        said = {"messages": await self._told(case, note)} if note else {}
        await self._change(case, status="resolved", **({"result": result} if result else {}), **said)

    async def reopen(self, case: str) -> None:
        """Open it again."""
        await self._change(case, status="open")

    async def sees(self, case: str) -> Seen:
        """The case."""
        read = (await self._issue(case))["attributes"]
        notes = [await self._ask("GET", f"/msg/{item['id']}", params={"@verbose": "3"}) for item in read["messages"]]
        return Seen(
            closed=read["status"]["name"] == "resolved",
            stage=read["stage"],
            urgency=read["priority"]["name"],
            subject=read["title"],
            serial=read["serial"],
            description=read["description"],
            requestor=read["requestor"],
            due=read["due"][:16].replace(".", " ") if read["due"] else None,
            notes=tuple(note["attributes"]["content"] for note in notes),
            link=read["link"],
        )

    async def count(self, case: str) -> int:
        """How many there are of it."""
        return len((await self._ask("GET", "/issue", params={"external_key:": case}))["collection"])
