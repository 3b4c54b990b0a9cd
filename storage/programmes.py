"""Programmes as they were loaded: a version that is used is never changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.terms import Terms
from storage.tables import programme_version


class VersionChangedError(Exception):
    """A programme's file differs from what was loaded under the same version before."""


async def store(
    connection: AsyncConnection, *, code: str, version: int, terms: Any, catalogue: Any, sha256: str
) -> bool:
    """Keep a version; whether it is new. Raises VersionChangedError where it is there with other terms."""
    query = select(programme_version.c.terms).where(
        programme_version.c.code == code, programme_version.c.version == version
    )
    known = await connection.scalar(query)
    # Compared as terms, not as text: a newer model that knows more fields reads the same file as the same terms.
    if known is not None and Terms.model_validate(known) == Terms.model_validate(terms):
        # Terms are agreed upon and never change; the price list is only what is offered next.
        same = programme_version.update().where(
            programme_version.c.code == code, programme_version.c.version == version
        )
        await connection.execute(same, {"catalogue": catalogue, "sha256": sha256})
        return False
    if known is not None:
        raise VersionChangedError(
            f"version {version} of {code} was loaded with other terms before: give the changed file the version "
            f"{version + 1}"
        )
    await connection.execute(
        programme_version.insert(),
        {
            "code": code,
            "version": version,
            "terms": terms,
            "catalogue": catalogue,
            "sha256": sha256,
            "loaded_at": datetime.now(UTC),
        },
    )
    return True


async def latest(connection: AsyncConnection, code: str) -> dict[str, Any] | None:
    """The newest version of a programme."""
    query = (
        select(programme_version)
        .where(programme_version.c.code == code)
        .order_by(programme_version.c.version.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).mappings().first()
    return dict(row) if row else None


async def one(connection: AsyncConnection, code: str, version: int) -> dict[str, Any] | None:
    """One version of a programme."""
    query = select(programme_version).where(programme_version.c.code == code, programme_version.c.version == version)
    row = (await connection.execute(query)).mappings().first()
    return dict(row) if row else None


async def everything(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Every version of every programme, the oldest first."""
    query = select(programme_version).order_by(programme_version.c.code, programme_version.c.version)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def warranties(connection: AsyncConnection) -> dict[str, list[Any]]:
    """The terms of warranty in the newest catalogue of each programme that has any."""
    newest = (
        select(programme_version.c.code, func.max(programme_version.c.version).label("version"))
        .group_by(programme_version.c.code)
        .subquery()
    )
    same = (programme_version.c.code == newest.c.code) & (programme_version.c.version == newest.c.version)
    query = (
        select(programme_version.c.code, programme_version.c.catalogue["warranties"])
        .join(newest, same)
        .order_by(programme_version.c.code)
    )
    return {code: found for code, found in await connection.execute(query) if found}


async def codes(connection: AsyncConnection) -> list[str]:
    """The programmes that there are."""
    return list(
        await connection.scalars(select(programme_version.c.code).distinct().order_by(programme_version.c.code))
    )
