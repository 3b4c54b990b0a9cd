"""PostgreSQL that is killed and comes back: whoever asks meanwhile is told that it may pass, and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from runtime.postgres_cluster import PostgresCluster
from storage.database import Database

AWAY = 0.3
ASKERS = 8


@pytest.fixture
def own_cluster() -> PostgresCluster:
    """A cluster that a test may kill."""
    return PostgresCluster(durable=True)


async def test_all_that_is_said_of_an_outage_may_pass(own_cluster: PostgresCluster) -> None:
    """Connections that break, a server that is away and one that is starting are all worth another try."""
    said: set[type[Exception]] = set()
    over = asyncio.Event()

    async def ask(database: Database) -> None:
        while not over.is_set():
            try:
                async with database.write() as connection:
                    await connection.execute(text("SELECT pg_sleep(0.01)"))
            except Exception as error:  # noqa: BLE001 - which there are is the question
                said.add(type(error))
                await asyncio.sleep(0.005)

    with own_cluster as cluster, cluster.database() as url:
        database = Database(url)
        askers = [asyncio.create_task(ask(database)) for _ in range(ASKERS)]
        for _ in range(3):
            await asyncio.sleep(AWAY)
            cluster.kill()
            await asyncio.sleep(AWAY)
            # The server ends with the thread that starts it, which a thread of a pool outlives.
            await asyncio.to_thread(cluster.start)
        over.set()
        await asyncio.gather(*askers)
        await database.close()
    assert OperationalError in said
    assert {kind for kind in said if not issubclass(kind, OperationalError | OSError)} == set()


async def test_what_is_committed_is_there_after_a_kill(own_cluster: PostgresCluster) -> None:
    """A server that is killed right after a commit has it when it is started again; one who asks is told at most once.

    A connection that was good a moment ago is not asked again whether it is; the pool gives up all of them at once.
    """
    with own_cluster as cluster, cluster.database() as url:
        database = Database(url)
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE kept (id INTEGER PRIMARY KEY)"))
        for number in range(3):
            async with database.write() as connection:
                await connection.execute(text("INSERT INTO kept VALUES (:id)"), {"id": number})
            cluster.kill()
            cluster.start()
            with contextlib.suppress(OperationalError):
                async with database.read() as connection:
                    await connection.execute(text("SELECT 1"))
        async with database.read() as connection:
            assert list(await connection.scalars(text("SELECT id FROM kept ORDER BY id"))) == [0, 1, 2]
        await database.close()


async def test_a_mistake_is_no_outage(own_cluster: PostgresCluster) -> None:
    """What will not pass is not said to."""
    with own_cluster as cluster, cluster.database() as url:
        database = Database(url)
        with pytest.raises(ProgrammingError):
            async with database.read() as connection:
                await connection.execute(text("SELECT * FROM nowhere"))
        await database.close()
