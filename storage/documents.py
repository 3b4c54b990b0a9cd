"""Documents as they were made: each by its domain key, its content by its hash, and what it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from mimetypes import guess_extension
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import insert
from storage.tables import document, document_content, document_template

PDF = "application/pdf"
NUMBERED = ("invoice", "credit")
"""Documents that have a number of their own in the books."""
BOOKED = ("invoice", "credit", "statement")
"""Documents that are listed with the money, not with the contract's papers."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a document is made from, whole: the files of its template, what is filled in, and the data that is inside.

    ``name`` is the template's; its layout is the file ``NAME.typ``. ``inside`` is a Factur-X's invoice as XML.
    """

    name: str
    files: dict[str, str]
    data: dict[str, Any]
    inside: str | None = None

    @property
    def template(self) -> str:
        """The hash of the template's files."""
        return _hash(json.dumps(self.files, sort_keys=True).encode())

    @property
    def fingerprint(self) -> str:
        """The hash of all of it."""
        return _hash(json.dumps(asdict(self), sort_keys=True).encode())


async def hashes(connection: AsyncConnection, keys: tuple[str, ...]) -> dict[str, str]:
    """The hashes of those of the documents that are made."""
    if not keys:
        return {}
    rows = await connection.execute(select(document.c.key, document.c.sha256).where(document.c.key.in_(keys)))
    return {row.key: row.sha256 for row in rows}


async def find(connection: AsyncConnection, key: str) -> dict[str, Any] | None:
    """A document with its content."""
    return next(iter(await contents(connection, [key])), None)


async def contents(connection: AsyncConnection, keys: Iterable[str]) -> list[dict[str, Any]]:
    """The documents of these keys with their content, those that are made, by key."""
    query = (
        select(document, document_content.c.content)
        .join(document_content, document_content.c.sha256 == document.c.sha256)
        .where(document.c.key.in_(list(keys)))
        .order_by(document.c.key)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def listed(connection: AsyncConnection, contract: str) -> list[dict[str, Any]]:
    """A contract's papers in the order in which they were made, without their content."""
    query = (
        select(document)
        .where(document.c.contract == contract, document.c.name.not_in(BOOKED))
        .order_by(document.c.made_at, document.c.key)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def keep(
    connection: AsyncConnection, *, key: str, contract: str, name: str, source: Source, content: bytes, maker: str
) -> str:
    """Keep a document with what it was made from, unless its key has one; answers with the hash of what is kept."""
    digest, template = _hash(content), source.template
    for table, values in (
        (document_content, {"sha256": digest, "content": content}),
        (document_template, {"sha256": template, "name": source.name, "files": source.files}),
        (
            document,
            {
                "key": key,
                "contract": contract,
                "name": name,
                "language": source.data["language"],
                "media_type": PDF,
                "sha256": digest,
                "template": template,
                "data": source.data,
                "inside": source.inside,
                "maker": maker,
                "made_at": datetime.now(UTC),
            },
        ),
    ):
        await connection.execute(insert(connection, table).on_conflict_do_nothing(), values)
    return str(await connection.scalar(select(document.c.sha256).where(document.c.key == key)))


async def keys(connection: AsyncConnection, contract: str | None = None) -> list[str]:
    """The keys of all documents, or of a contract's."""
    query = select(document.c.key).order_by(document.c.key)
    return list(await connection.scalars(query if contract is None else query.where(document.c.contract == contract)))


async def source(connection: AsyncConnection, key: str) -> Source | None:
    """What a document was made from; none for one that was made before sources were kept."""
    query = (
        select(document_template.c.name, document_template.c.files, document.c.data, document.c.inside)
        .join(document_template, document_template.c.sha256 == document.c.template)
        .where(document.c.key == key)
    )
    row = (await connection.execute(query)).mappings().first()
    return Source(**row) if row else None


def file_name(row: dict[str, Any]) -> str:
    """What a document's file is called: an invoice and a credit note by their number."""
    ending = guess_extension(row["media_type"].partition(";")[0]) or ""
    number = row["data"].get("number") if row["name"] in NUMBERED else None
    if number:
        return f"{number}{ending}"
    return f"{row['name'].replace('_', '-')}-{row['contract']}{ending}"


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()
