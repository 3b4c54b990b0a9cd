"""The databases that storage tests are given: real ones, empty, one each."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from runtime.postgres_cluster import PostgresCluster
from runtime.settings import Settings, read_settings


async def _make_table(url: str) -> str:
    """The name of the server's kind, after a table was made that a second test would stumble over."""
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE mine (id INTEGER PRIMARY KEY)"))
        return engine.dialect.name
    finally:
        await engine.dispose()


async def test_database_is_fresh(database_url: str) -> None:
    """A table can be made, on the kind of server that the test's name says."""
    assert await _make_table(database_url) == make_url(database_url).get_backend_name()


async def test_database_is_fresh_again(database_url: str) -> None:
    """What another test made is not there."""
    assert await _make_table(database_url) == make_url(database_url).get_backend_name()


def test_settings_take_it(database_url: str) -> None:
    """The address is one that the settings accept."""
    assert isinstance(read_settings(database_url=database_url), Settings)


async def test_cluster_leaves_nothing_behind() -> None:
    """After its block neither the server nor its directory is there, even with a client still connected."""
    with PostgresCluster() as cluster:
        directory: Path = cluster._directory
        engine = create_async_engine(cluster.url("postgres"))
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1
        assert directory.exists()
        await engine.dispose()
    assert not directory.exists()
    assert cluster._process is not None
    assert cluster._process.poll() == 0


async def test_cluster_keeps_what_it_has_a_folder_for() -> None:
    """The next cluster on the folder has the databases of the one before, and makes none of them anew."""
    # The server's own user must reach it, whoever runs the tests.
    with TemporaryDirectory(prefix="tenure-kept-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with PostgresCluster(folder / "kept") as cluster:
            assert cluster.make_database("ours")
            await _make_table(cluster.url("ours"))
            cluster.set("synchronous_commit", "off")
        with PostgresCluster(folder / "kept") as again:
            assert not again.make_database("ours")
            engine = create_async_engine(again.url("ours"))
            async with engine.connect() as connection:
                assert await connection.scalar(text("SELECT count(*) FROM mine")) == 0
                assert await connection.scalar(text("SHOW fsync")) == "on"
                assert await connection.scalar(text("SHOW synchronous_commit")) == "off"
            await engine.dispose()
