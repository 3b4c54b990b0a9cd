"""Messages as they were composed: what proves that a notice went out, and what it said."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import insert
from storage.tables import contract, mail, message


@dataclass(frozen=True, slots=True)
class Letter:
    """A composed message; ``documents`` are the keys of what goes along, with their hashes."""

    key: str
    contract: str
    name: str
    recipient: str
    language: str
    subject: str
    body: str
    sha256: str
    rule: str
    due_at: datetime
    composed_at: datetime
    documents: dict[str, str] = field(default_factory=dict)
    sent_at: datetime | None = None
    outcome: str = "composed"
    reason: str | None = None
    message_id: str = ""
    delivered_at: datetime | None = None
    bounced_at: datetime | None = None


async def find_message(connection: AsyncConnection, key: str) -> Letter | None:
    """The message that a domain key has made, if it has."""
    row = (await connection.execute(select(message).where(message.c.key == key))).mappings().first()
    return Letter(**row) if row else None


async def keep_message(connection: AsyncConnection, letter: Letter) -> None:
    """Write down a message before it is sent."""
    await connection.execute(message.insert(), asdict(letter))


async def mark_message(connection: AsyncConnection, key: str, outcome: str, reason: str | None) -> None:
    """Say what became of a message; what has been said once stays."""
    sent = datetime.now(UTC) if outcome == "sent" else None
    await connection.execute(
        message.update().where(message.c.key == key, message.c.outcome == "composed"),
        {"outcome": outcome, "reason": reason, "sent_at": sent},
    )


async def receive(connection: AsyncConnection, *, message_id: str, recipient: str, subject: str, raw: str) -> None:
    """Put a mail into the embedded mailbox, once."""
    values = {
        "message_id": message_id,
        "recipient": recipient,
        "subject": subject,
        "raw": raw,
        "received_at": datetime.now(UTC),
    }
    await connection.execute(insert(connection, mail).on_conflict_do_nothing(), values)


async def mailbox(connection: AsyncConnection, *, recipient: str | None, limit: int) -> list[dict[str, Any]]:
    """The latest mails of the embedded mailbox, the newest first."""
    query = select(mail).order_by(mail.c.received_at.desc(), mail.c.message_id).limit(limit)
    if recipient is not None:
        query = query.where(mail.c.recipient == recipient)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def of_customer(
    connection: AsyncConnection, customer: str, *, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """What was written to a customer, the newest first, after the message that has the key ``after``."""
    query = (
        select(message)
        .join(contract, contract.c.number == message.c.contract)
        .where(contract.c.customer == customer)
        .order_by(message.c.composed_at.desc(), message.c.key)
        .limit(limit)
    )
    if after is not None:
        at = select(message.c.composed_at).where(message.c.key == after).scalar_subquery()
        query = query.where(or_(message.c.composed_at < at, and_(message.c.composed_at == at, message.c.key > after)))
    return [dict(row) for row in (await connection.execute(query)).mappings()]
