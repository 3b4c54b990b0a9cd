"""Documents in the books: what was kept before is readable after, and nothing that is kept is changed."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage import documents
from storage.database import Database
from storage.migrate import config

BEFORE = "0015"


async def test_documents_keep_their_content(database_url: str) -> None:
    """A document of before has its content by its hash after; going back brings it back. It is written once."""
    old = Database(database_url)
    row = (
        "INSERT INTO document (key, contract, name, language, media_type, sha256, content, made_at) "
        "VALUES (:key, 'C', 'quote', 'fr', 'text/html', 'abc', :content, '2027-01-01')"
    )
    try:
        async with old.write() as connection:
            await connection.run_sync(lambda plain: command.upgrade(config(plain), BEFORE))
            for key in ("C/0/document/a", "C/0/document/b"):
                await connection.execute(text(row), {"key": key, "content": b"<p>"})
            await connection.run_sync(lambda plain: command.upgrade(config(plain), "head"))
            assert [found["content"] for found in await documents.contents(connection, ["C/0/document/b"])] == [b"<p>"]
            assert await documents.source(connection, "C/0/document/a") is None
        for table in ("document", "document_content"):
            with pytest.raises(DBAPIError, match="written once"):
                async with old.write() as connection:
                    await connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - the names are above
        async with old.write() as connection:
            await connection.run_sync(lambda plain: command.downgrade(config(plain), BEFORE))
            assert await connection.scalar(text("SELECT count(*) FROM document WHERE content = :c"), {"c": b"<p>"}) == 2
    finally:
        await old.close()
