"""Who wants no more messages of a kind, and the links in mails that say so: only the hash of each is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import insert
from storage.links import hashed
from storage.tables import message, unsubscribe_link, unsubscription


async def keep(connection: AsyncConnection, token: str, key: str, customer: str, name: str) -> None:
    """Keep the link of the message that has this key, by which its customer unsubscribes from its kind."""
    values = {"sha256": hashed(token), "key": key, "customer": customer, "message": name}
    await connection.execute(unsubscribe_link.insert(), values)


async def find(connection: AsyncConnection, token: str) -> dict[str, Any] | None:
    """What a token unsubscribes from: customer, message, and its mail's subject and language; none for nothing."""
    query = (
        select(unsubscribe_link.c.customer, unsubscribe_link.c.message, message.c.subject, message.c.language)
        .join(message, message.c.key == unsubscribe_link.c.key)
        .where(unsubscribe_link.c.sha256 == hashed(token))
    )
    row = (await connection.execute(query)).mappings().first()
    return dict(row) if row else None


async def unsubscribe(connection: AsyncConnection, customer: str, name: str, at: datetime) -> None:
    """Send a customer no more of a message; said again, the first time stays."""
    values = {"customer": customer, "message": name, "at": at}
    await connection.execute(insert(connection, unsubscription).on_conflict_do_nothing(), values)


async def resubscribe(connection: AsyncConnection, customer: str, name: str) -> None:
    """Send a customer a message again."""
    of_it = (unsubscription.c.customer == customer, unsubscription.c.message == name)
    await connection.execute(unsubscription.delete().where(*of_it))


async def is_unsubscribed(connection: AsyncConnection, customer: str, name: str) -> bool:
    """Whether a customer wants no more of a message."""
    of_it = (unsubscription.c.customer == customer, unsubscription.c.message == name)
    return await connection.scalar(select(unsubscription.c.message).where(*of_it)) is not None


async def unsubscribed(connection: AsyncConnection, customer: str) -> list[dict[str, Any]]:
    """What a customer has unsubscribed from, by name."""
    query = select(unsubscription.c.message, unsubscription.c.at).where(unsubscription.c.customer == customer)
    return [dict(row) for row in (await connection.execute(query.order_by(unsubscription.c.message))).mappings()]
