"""A short round of faults: what is killed and ill changes nothing, and what is planted is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.chaos import oracle
from bench.chaos.lives import ChaosLife
from bench.chaos.player import Lived
from storage.tables import audit_entry, invoice, message, payment, ticket
from tests.chaos.conftest import Shaken

pytestmark = pytest.mark.timeout(900)
GUARDED = ("invoice", "invoice_line", "credit_note", "credit_line", "audit_entry", "posting")


async def test_whatever_breaks_the_contracts_are_the_simulators(shaken: Shaken) -> None:
    """Trail, documents, books, mails, cases and events out are what the simulator says, for every contract."""
    assert shaken.done.wrong == []
    assert len(shaken.done.lives) == shaken.done.contracts
    assert sum(shaken.done.faults.values()) >= 3
    assert [name for name in shaken.done.faults if name.startswith("kill")] != []
    assert shaken.done.events > 0


async def test_who_was_killed_is_running_again(shaken: Shaken) -> None:
    """Each process of the house is there once: what was killed has gone, and was started on the same data."""
    house = shaken.house
    assert house.api is not None
    running = [*house.workers, house.api]
    assert [process.exitcode for process in running] == [None] * len(running)
    # All that its first process was forked from has, directly.
    nursery = psutil.Process(running[0].pid).parent()
    assert nursery is not None
    assert {child.pid for child in nursery.children()} == {process.pid for process in running}


Plant = Callable[[AsyncConnection, Lived], Awaitable[None]]


async def _doubled_invoice(connection: AsyncConnection, lived: Lived) -> None:
    whose = select(invoice).where(invoice.c.contract == lived.number).limit(1)
    row = dict((await connection.execute(whose)).mappings().one())
    await connection.execute(invoice.insert(), row | {"key": f"{row['key']}/again", "number": "X-1"})


async def _lost_message(connection: AsyncConnection, lived: Lived) -> None:
    await _lose(connection, message, lived)


async def _lost_entry(connection: AsyncConnection, lived: Lived) -> None:
    """The last entry that is not about how things went on the wire: those the simulator does not know."""
    of_contract = audit_entry.c.contract == lived.number
    own = of_contract & audit_entry.c.kind.not_like("operations.%")
    seq = await connection.scalar(select(audit_entry.c.seq).where(own).order_by(audit_entry.c.seq.desc()).limit(1))
    await connection.execute(audit_entry.delete().where(of_contract & (audit_entry.c.seq == seq)))


async def _case_nobody_opened(connection: AsyncConnection, lived: Lived) -> None:
    made: dict[str, Any] = {
        "case": f"{lived.number}-C99",
        "contract": lived.number,
        "subject": "none",
        "stage": "remote",
    }
    made |= {"status": "open", "notes": [], "opened_at": lived.until}
    await connection.execute(ticket.insert(), made)


async def _doubled_attempt(connection: AsyncConnection, lived: Lived) -> None:
    own = select(invoice.c.key).where(invoice.c.contract == lived.number)
    row = dict((await connection.execute(select(payment).where(payment.c.invoice.in_(own)).limit(1))).mappings().one())
    await connection.execute(payment.insert(), row | {"key": f"{row['key']}/again"})


async def _lose(connection: AsyncConnection, table: Any, lived: Lived) -> None:
    key = await connection.scalar(select(table.c.key).where(table.c.contract == lived.number).limit(1))
    for child in ("unsubscribe_link", "link", "delivery_report"):
        column = "message" if child == "delivery_report" else "key"
        await connection.execute(text(f"DELETE FROM {child} WHERE {column} = :key"), {"key": key})  # noqa: S608
    await connection.execute(table.delete().where(table.c.key == key))


@pytest.mark.parametrize(
    ("plant", "where"),
    [
        (_doubled_invoice, "invoices: 1 times too many"),
        (_lost_message, "messages: 1 times missing"),
        (_lost_entry, "trail"),
        (_case_nobody_opened, "cases: 1 times too many"),
        (_doubled_attempt, "attempts to collect: 1 times too many"),
    ],
)
async def test_a_planted_fault_is_found(shaken: Shaken, plant: Plant, where: str) -> None:
    """What is doubled or lost in the database is named, with the contract's number in it."""
    lived = await _who_pays(shaken)
    async with shaken.house.database.engine.connect() as connection:
        for table in GUARDED:
            await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        assert await oracle.compared(connection, shaken.house, lived) == []
        await plant(connection, lived)
        assert where in " ".join(await oracle.compared(connection, shaken.house, lived))
        await connection.rollback()


async def _who_pays(shaken: Shaken) -> Lived:
    """A contract of the round that has tried to collect an invoice."""
    async with shaken.house.database.read() as connection:
        query = select(invoice.c.contract).join(payment, payment.c.invoice == invoice.c.key).limit(1)
        number = await connection.scalar(query)
    return next(lived for lived in shaken.done.lives if lived.number == number)


async def test_what_a_listener_lost_or_heard_out_of_order_is_found(shaken: Shaken) -> None:
    """An event that never came, one that never happened, and two in the wrong order are each named."""
    house, lived = shaken.house, await _who_pays(shaken)
    listener = house.listeners[0]
    heard = listener.heard[lived.number]
    first, second = sorted(heard, key=lambda name: heard[name].position)[:2]

    async def said() -> str:
        async with house.database.read() as connection:
            return " ".join(await oracle.compared(connection, house, lived))

    assert await said() == ""
    kept = heard.pop(second)
    assert f"never heard {second}" in await said()
    heard[second] = kept
    heard[first].position, heard[second].position = heard[second].position, heard[first].position
    assert "out of its order" in await said()
    heard[first].position, heard[second].position = heard[second].position, heard[first].position
    heard["never"] = kept
    assert "which never happened" in await said()
    del heard["never"]
    assert await said() == ""


async def test_another_life_is_not_taken_for_this_one(shaken: Shaken) -> None:
    """The comparison is with the simulator's life: given another one's, it fails."""
    lived = await _who_pays(shaken)
    other = ChaosLife(lived.seed + 5, "other", number=lived.number).live()
    wrong = Lived(lived.seed, lived.number, other, lived.until)
    async with shaken.house.database.read() as connection:
        assert await oracle.compared(connection, shaken.house, wrong) != []
