"""Documents as files: with their name, their media type, and their hash as the tag."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from api.services import Services
from storage import documents
from storage.documents import Source, file_name


def downloaded(row: Mapping[str, Any], name: str | None = None) -> Response:
    """A kept document as a response; its file has the name that is given, else its own."""
    headers = {
        "ETag": f'"{row["sha256"]}"',
        "Content-Disposition": f'inline; filename="{name or file_name(dict(row))}"',
    }
    return Response(row["content"], media_type=row["media_type"], headers=headers)


async def kept(services: Services, key: str, contract: str, name: str, source: Source) -> Mapping[str, Any]:
    """The document of that key, made from the source unless there is one."""
    async with services.database.read() as connection:
        found = await documents.find(connection, key)
    if found:
        return found
    content = await asyncio.to_thread(services.papers.printed, source)
    async with services.database.write() as connection:
        await documents.keep(
            connection,
            key=key,
            contract=contract,
            name=name,
            source=source,
            content=content,
            maker=services.papers.maker,
        )
        made = await documents.find(connection, key)
    assert made is not None  # noqa: S101 - it was kept just now
    return made
