"""Links in mails: only the hash of each is kept, with what it answers, until when, and when it was used."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import link


@dataclass(frozen=True, slots=True)
class KeptLink:
    """A link to an offer: the revision of a quote, or the number of the next term; ``said`` is what its mail said."""

    sha256: str
    key: str
    contract: str
    about: str
    number: int
    until: date
    said: dict[str, Any]
    created_at: datetime
    used_at: datetime | None = None
    used_for: str | None = None


def hashed(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


async def keep(connection: AsyncConnection, kept: KeptLink) -> None:
    """Keep a link together with the message that it stands in."""
    await connection.execute(link.insert(), asdict(kept))


async def find(connection: AsyncConnection, token: str) -> KeptLink | None:
    """The link that a token opens; none where it opens nothing."""
    row = (await connection.execute(select(link).where(link.c.sha256 == hashed(token)))).mappings().first()
    return KeptLink(**row) if row else None


async def use(connection: AsyncConnection, token: str, what: str, at: datetime) -> None:
    """Note that a link was answered by; the first answer stays."""
    await connection.execute(
        link.update().where(link.c.sha256 == hashed(token), link.c.used_at.is_(None)),
        {"used_at": at, "used_for": what},
    )
