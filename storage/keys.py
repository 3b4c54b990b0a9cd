"""API keys: shown once, kept as a hash, each with its scopes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import api_key

# Made once: it is asked with every request.
_GOOD = select(api_key).where(api_key.c.sha256 == bindparam("hash"), api_key.c.revoked_at.is_(None))
SCOPES = ("read", "quote", "order", "operate", "admin")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is known: never the secret itself."""

    id: str
    name: str
    scopes: tuple[str, ...]


async def create(connection: AsyncConnection, name: str, scopes: tuple[str, ...]) -> tuple[Key, str]:
    """A new key, and its secret, which is not kept. Raises ValueError for a scope that there is not."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise ValueError(f"there is no scope {', '.join(unknown)}; there are {', '.join(SCOPES)}")
    key = Key(id=secrets.token_hex(6), name=name, scopes=scopes)
    secret = f"tnr_{key.id}_{secrets.token_urlsafe(32)}"
    await connection.execute(
        api_key.insert(),
        {
            "id": key.id,
            "sha256": _hash(secret),
            "name": name,
            "scopes": list(scopes),
            "created_at": datetime.now(UTC),
        },
    )
    return key, secret


async def verify(connection: AsyncConnection, secret: str) -> Key | None:
    """The key whose secret this is, unless it is revoked."""
    row = (await connection.execute(_GOOD, {"hash": _hash(secret)})).mappings().first()
    return Key(id=row["id"], name=row["name"], scopes=tuple(row["scopes"])) if row else None


async def revoke(connection: AsyncConnection, key_id: str) -> bool:
    """Make a key useless from now on; whether there was one to revoke."""
    query = api_key.update().where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
    done = await connection.execute(query, {"revoked_at": datetime.now(UTC)})
    return bool(done.rowcount)


async def listed(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Every key, revoked ones too, without secrets."""
    columns = [column for column in api_key.c if column.name != "sha256"]
    rows = await connection.execute(select(*columns).order_by(api_key.c.created_at))
    return [dict(row) for row in rows.mappings()]


def _hash(secret: str) -> str:
    # The secret has 256 random bits: a plain hash cannot be guessed back, and is quick on every request.
    return sha256(secret.encode()).hexdigest()
