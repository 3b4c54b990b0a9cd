"""What mail servers report of mails that were sent: kept as they came, each once, and what follows for the message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import insert
from storage.tables import delivery_report, message

OUTCOMES = {"failed": "bounced", "delivered": "delivered"}
"""What a report makes of its message; `delayed`, `relayed` and `expanded` leave it as it is."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one report says of one message; ``raw`` is the mail that it came in."""

    id: str
    message: str
    action: str
    status: str | None
    recipient: str | None
    diagnostic: str | None
    reporter: str | None
    raw: bytes
    received_at: datetime


async def meant(connection: AsyncConnection, message_ids: Iterable[str]) -> dict[str, Any] | None:
    """The message that went out under one of these ids; none where it is none of ours."""
    query = select(message).where(message.c.message_id.in_(list(message_ids))).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return dict(row) if row else None


async def keep(connection: AsyncConnection, report: Report) -> bool:
    """Keep a report and note what became of its message; whether it was not known before.

    A bounce stands, whatever else is reported: a mail may arrive at one host and be sent back by the next.
    """
    kept = await connection.execute(insert(connection, delivery_report).on_conflict_do_nothing(), asdict(report))
    outcome = OUTCOMES.get(report.action)
    if not kept.rowcount or outcome is None:
        return bool(kept.rowcount)
    values: dict[str, Any] = {"outcome": outcome, f"{outcome}_at": report.received_at}
    if outcome == "bounced":
        values["reason"] = (report.diagnostic or report.status or "it could not be delivered")[:500]
    await connection.execute(
        message.update().where(message.c.key == report.message, message.c.outcome.not_in(("bounced", "refused"))),
        values,
    )
    return True


async def reports(connection: AsyncConnection, contract: str) -> dict[str, list[dict[str, Any]]]:
    """What was reported of a contract's messages, by their keys, in the order in which it came in."""
    columns = [column for column in delivery_report.c if column.name != "raw"]
    query = (
        select(*columns)
        .join(message, message.c.key == delivery_report.c.message)
        .where(message.c.contract == contract)
        .order_by(delivery_report.c.received_at, delivery_report.c.id)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in (await connection.execute(query)).mappings():
        found.setdefault(row["message"], []).append(dict(row))
    return found
