"""What the columns do to values: nothing."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import StatementError

from storage import clocks
from storage.database import Database
from storage.types import Money
from tests.storage.samples import AT


@given(st.decimals(min_value=-(10**13), max_value=10**13, places=4))
def test_money_is_exact_as_an_integer(amount: Decimal) -> None:
    """Every amount with four places comes back as it was, through whole ten-thousandths."""
    dialect: Any = sqlite_dialect()
    kept = Money().process_bind_param(amount, dialect)
    assert isinstance(kept, int)
    assert Money().process_result_value(kept, dialect) == amount


async def test_instants_come_back_in_utc(database: Database) -> None:
    """An instant written in another zone is the same instant, to the microsecond; one without a zone is refused."""
    tokyo = AT.astimezone(timezone(timedelta(hours=9)))
    async with database.write() as connection:
        await clocks.add(connection, "demo", "Demo", tokyo)
        found = await clocks.find(connection, "demo")
    assert found is not None
    assert found["now"] == AT
    assert found["now"].utcoffset() == timedelta(0)
    with pytest.raises(StatementError, match="no time zone"):
        async with database.write() as connection:
            await clocks.add(connection, "naive", "Naive", datetime(2027, 1, 1))  # noqa: DTZ001 - what is refused


async def test_a_reader_waits_for_no_writer(database: Database) -> None:
    """While a transaction is open, others read what was there before it."""
    async with database.write() as writing:
        await clocks.add(writing, "demo", "Demo", AT)
        async with asyncio.timeout(5), database.read() as reading:
            assert await clocks.find(reading, "demo") is None
    async with database.read() as reading:
        assert await clocks.find(reading, "demo") is not None


async def test_an_error_undoes_the_whole_transaction(database: Database) -> None:
    """Half of a transaction is never kept."""

    async def fail() -> None:
        async with database.write() as connection:
            await clocks.add(connection, "demo", "Demo", AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.read() as connection:
        assert await clocks.find(connection, "demo") is None


async def test_sqlite_is_set_up_for_many_readers(database: Database) -> None:
    """The file is in WAL mode, syncs at checkpoints, and holds references."""
    if not database.is_sqlite:
        return
    async with database.read() as connection:
        found = [
            await connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 1, 1]
