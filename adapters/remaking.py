"""Documents made again from what they were made from, and compared with what was kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.errors import Refused
from adapters import press
from storage import documents
from storage.documents import Source


async def differences(connection: AsyncConnection, keys: list[str]) -> AsyncIterator[str]:
    """What is wrong with each of the documents that is not what it was, in a sentence."""
    for key in keys:
        wrong = await _wrong(connection, key)
        if wrong:
            yield f"{key}: {wrong}"


async def _wrong(connection: AsyncConnection, key: str) -> str | None:
    kept = await documents.find(connection, key)
    if kept is None:
        return "its content is missing"
    if sha256(kept["content"]).hexdigest() != kept["sha256"]:
        return "its content is not what its hash says"
    source = await documents.source(connection, key)
    if source is None:
        return "what it was made from is missing" if kept["template"] else None
    if source.template != kept["template"]:
        return "its template is not what its hash says"
    other = await asyncio.to_thread(_made_otherwise, source, kept["sha256"])
    return other and other + ("" if kept["maker"] == press.MAKER else f"; {kept['maker']} made it, not {press.MAKER}")


def _made_otherwise(source: Source, digest: str) -> str | None:
    try:
        again = press.printed(source)
    except Refused as refusal:
        return str(refusal)
    return None if sha256(again).hexdigest() == digest else "made again from its source, it is another"
