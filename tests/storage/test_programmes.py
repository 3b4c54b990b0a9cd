"""Programmes in the books: a version keeps its terms, its price list may move."""

from __future__ import annotations

import pytest

from storage import programmes
from storage.database import Database
from storage.programmes import VersionChangedError
from storage.tables import programme_version
from tests.domain.samples import terms


async def _store(database: Database, version: int = 1, sha: str = "a", price: int = 49, valid_days: int = 30) -> bool:
    async with database.write() as connection:
        return await programmes.store(
            connection,
            code="SMP",
            version=version,
            terms=terms(version=version, quote={"valid_days": valid_days}).model_dump(mode="json"),
            catalogue={"services": [{"id": "care", "models": ["M1"], "prices": {"1": str(price)}}]},
            sha256=sha * 64,
        )


async def test_the_newest_version_is_the_latest(database: Database) -> None:
    """Versions stand side by side; the highest is what is offered."""
    assert [await _store(database, 2, "b"), await _store(database, 10, "c"), await _store(database)] == [True] * 3
    async with database.read() as connection:
        latest = await programmes.latest(connection, "SMP")
        assert latest is not None
        assert latest["version"] == 10
        assert await programmes.one(connection, "SMP", 2) is not None
        assert await programmes.codes(connection) == ["SMP"]


async def test_a_changed_file_needs_a_new_version(database: Database) -> None:
    """Other terms under a version that is there are refused, and the message says which version to give them."""
    await _store(database)
    with pytest.raises(VersionChangedError, match="the version 2"):
        await _store(database, sha="b", valid_days=31)


async def test_terms_that_an_older_model_wrote_are_the_same_terms(database: Database) -> None:
    """What was kept before the model knew a field is the same file still: no new version is asked for."""
    await _store(database)
    async with database.write() as connection:
        kept = terms().model_dump(mode="json")
        del kept["eligibility"], kept["supplies"], kept["cancellation"]["counted_from"]
        await connection.execute(programme_version.update(), {"terms": kept, "sha256": "0" * 64})
    assert not await _store(database)


async def test_prices_move_under_the_same_terms(database: Database) -> None:
    """The same terms with another price list offer the new prices."""
    await _store(database)
    assert not await _store(database, price=59)
    async with database.read() as connection:
        latest = await programmes.latest(connection, "SMP")
    assert latest is not None
    assert latest["catalogue"]["services"][0]["prices"] == {"1": "59"}
