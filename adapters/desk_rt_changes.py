"""What people did in a queue of Request Tracker, from its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from lxml import html

from activities.desk import Change, Page
from adapters.desk_wire import Wire

CASE, CONTRACT, SERIAL, STAGE, RESULT = "Tenure case", "Contract", "Serial", "Stage", "Result"
CLOSED = frozenset({"resolved", "rejected", "deleted"})
SETTLES = timedelta(seconds=60)
"""How long a transaction of the desk's database may take: before that, a lower number may still come in."""
TOGETHER = timedelta(minutes=2)
"""Within which a comment and a change of status by the same person are one thing that they did."""
_READ = "Type,Field,OldValue,NewValue,Creator,Created,TimeTaken,ObjectId"
_TYPES = ("Status", "CustomField", "Correspond", "Comment", "Set")


@dataclass(frozen=True, slots=True)
class _Ticket:
    case: str | None
    result: str | None
    requestors: frozenset[str]
    fields: dict[str, str]


async def read_changes(wire: Wire, queue: str, user: str, since: str | None, *, limit: int) -> Page:
    """The changes after a transaction, at most so many transactions of them."""
    kinds = " OR ".join(f"Type='{kind}'" for kind in _TYPES)
    query = (
        f"TicketQueue={quoted(queue)} AND ObjectType='RT::Ticket' AND id > {int(since or 0)} "
        f"AND Creator != {quoted(user)} AND ({kinds})"
    )
    answer = await wire.send(
        "GET", "/transactions", params={"query": query, "orderby": "id", "per_page": limit, "fields": _READ}
    )
    now, items = parsedate_to_datetime(answer.headers["date"]), answer.json()["items"]
    if not items:
        return Page((), last=since or "0", settled=since or "0")
    tickets = await _tickets(wire, {str(item["ObjectId"]) for item in items})
    changes: list[Change] = []
    for item in items:
        ticket = tickets[str(item["ObjectId"])]
        if ticket.case:
            changes += await _changes(wire, item, ticket, ticket.case)
    old = [item["id"] for item in items if now - _moment(item["Created"]) > SETTLES]
    return Page(
        tuple(changes),
        last=str(items[-1]["id"]),
        settled=str(old[-1]) if old else since or "0",
        more=len(items) == limit,
    )


def quoted(text: str) -> str:
    """A text in Request Tracker's query language."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


async def _tickets(wire: Wire, ids: set[str]) -> dict[str, _Ticket]:
    read = {number: await wire.get(f"/ticket/{number}") for number in sorted(ids, key=int)}
    return {number: _ticket(found) for number, found in read.items()}


def _ticket(read: dict[str, Any]) -> _Ticket:
    values = {field["name"]: next(iter(field["values"]), None) for field in read["CustomFields"]}
    return _Ticket(
        case=values.get(CASE),
        result=values.get(RESULT),
        requestors=frozenset(str(person["id"]) for person in read["Requestor"]),
        fields={str(field["id"]): field["name"] for field in read["CustomFields"]},
    )


async def _changes(wire: Wire, item: dict[str, Any], ticket: _Ticket, case: str) -> list[Change]:
    who = str(item["Creator"]["id"])
    plain = Change(id=str(item["id"]), case=case, what="noted", at=_moment(item["Created"]), by=who)
    found = [await _message(wire, item, plain, ticket)] if item["Type"] in {"Correspond", "Comment"} else []
    for move in _moves(item, plain, ticket):
        note = await _last_words(wire, item, move.at) if move.what == "closed" else None
        found.append(replace(move, note=note))
    minutes = _minutes(item)
    return [*found, replace(plain, id=f"{plain.id}.time", what="worked", minutes=minutes)] if minutes else found


def _moves(item: dict[str, Any], plain: Change, ticket: _Ticket) -> Iterator[Change]:
    if item["Type"] == "Status":
        was, now = item["OldValue"] in CLOSED, item["NewValue"] in CLOSED
        if now and not was:
            result = ticket.result or ("declined" if item["NewValue"] == "rejected" else None)
            yield replace(plain, what="closed", result=result)
        elif was and not now:
            yield replace(plain, what="reopened")
    elif item["Type"] == "CustomField" and ticket.fields.get(str(item["Field"])) == STAGE and item["NewValue"]:
        yield replace(plain, what="moved", stage=item["NewValue"])


async def _message(wire: Wire, item: dict[str, Any], plain: Change, ticket: _Ticket) -> Change:
    """What was written: an answer where it went to the customer, and a note where it did not, or came from there."""
    answered = item["Type"] == "Correspond" and plain.by not in ticket.requestors
    return replace(plain, what="answered" if answered else "noted", note=await _words(wire, plain.id))


async def _last_words(wire: Wire, closing: dict[str, Any], at: datetime) -> str | None:
    """What whoever closes a ticket has just written to it: that is why it is closed."""
    query = (
        f"ObjectType='RT::Ticket' AND TicketId={closing['ObjectId']} AND Creator={quoted(closing['Creator']['id'])} "
        f"AND id < {closing['id']} AND (Type='Comment' OR Type='Correspond')"
    )
    asked = {"query": query, "orderby": "id", "order": "DESC", "per_page": 1, "fields": "Created"}
    said = (await wire.get("/transactions", **asked))["items"]
    return await _words(wire, said[0]["id"]) if said and at - _moment(said[0]["Created"]) <= TOGETHER else None


async def _words(wire: Wire, transaction: str) -> str | None:
    return _text((await wire.get(f"/transaction/{transaction}/attachments", fields="ContentType,Content"))["items"])


def _text(parts: list[dict[str, Any]]) -> str | None:
    """What a message says: its plain text, else that of its HTML; none where it has neither."""
    by_type = {str(part.get("ContentType")).partition(";")[0]: str(part.get("Content") or "") for part in parts}
    if plain := by_type.get("text/plain", "").strip():
        return plain
    rich = by_type.get("text/html", "").strip()
    return " ".join(html.fromstring(rich).text_content().split()) or None if rich else None


def _minutes(item: dict[str, Any]) -> int:
    if item["Type"] == "Set":
        worked = item["Field"] == "TimeWorked"
        return int(item["NewValue"] or 0) - int(item["OldValue"] or 0) if worked else 0
    return int(item["TimeTaken"] or 0)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
