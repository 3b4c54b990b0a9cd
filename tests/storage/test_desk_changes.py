"""What was heard from a desk, on each database: once, in order, with what became of it."""

from __future__ import annotations

from typing import Any

from storage import cases, desk_changes
from storage.database import Database


def change(number: int, case: str = "SMP-1-C1") -> dict[str, Any]:
    """Something that was done at a desk."""
    return {"id": str(number), "case": case, "what": "noted", "by": "ann", "note": f"note {number}", "minutes": 0}


async def test_each_change_is_kept_once_in_the_order_in_which_it_was_heard(database: Database) -> None:
    """Heard again, alone or with others, it is the same one."""
    async with database.write() as connection:
        await desk_changes.hear(connection, "rt", [change(2), change(1)])
        await desk_changes.hear(connection, "rt", [change(1), change(3)])
        await desk_changes.hear(connection, "roundup", [change(1)])
        rows = await desk_changes.waiting(connection, "rt", limit=10)
        assert [row["id"] for row in rows] == ["2", "1", "3"]
        await desk_changes.settle(connection, rows[0], "taken")
        await desk_changes.settle(connection, rows[1], "refused", "too soon")
        assert [row["id"] for row in await desk_changes.waiting(connection, "rt", limit=10)] == ["3"]
    async with database.read() as connection:
        refused = await desk_changes.listed(connection, state="refused", before=None, limit=10)
        assert [(row["id"], row["reason"]) for row in refused] == [("1", "too soon")]
        latest = await desk_changes.listed(connection, state=None, before=None, limit=2)
        older = await desk_changes.listed(connection, state=None, before=latest[-1]["seq"], limit=10)
        assert [(row["desk"], row["id"]) for row in (*latest, *older)] == [
            ("roundup", "1"),
            ("rt", "3"),
            ("rt", "1"),
            ("rt", "2"),
        ]


async def test_how_far_a_desk_was_read_is_remembered(database: Database) -> None:
    """For each desk by itself."""
    async with database.write() as connection:
        assert await desk_changes.cursor(connection, "rt") is None
        await desk_changes.read_up_to(connection, "rt", "17")
        await desk_changes.read_up_to(connection, "rt", "42")
        await desk_changes.read_up_to(connection, "roundup", "2027-01-01")
        assert await desk_changes.cursor(connection, "rt") == "42"


async def test_work_at_the_embedded_desk_is_one_transaction(database: Database) -> None:
    """A case takes what is done to it; one that is not there takes nothing."""
    opened = {"case": "SMP-1-C1", "contract": "SMP-1", "subject": "jam", "stage": "remote", "number": "T-1"}
    done: list[dict[str, Any]] = [
        {"what": "answered", "note": "tomorrow"},
        {"what": "worked", "minutes": 10},
        {"what": "moved", "stage": "dispatch"},
        {"what": "closed", "result": "passed"},
    ]
    async with database.write() as connection:
        await cases.remember(connection, opened)
        await cases.remember(connection, opened | {"number": "T-2"})
        assert await cases.work(connection, "SMP-1-C1", "ann", done)
        assert not await cases.work(connection, "SMP-1-C2", "ann", done)
        row = await cases.find(connection, "SMP-1-C1")
    assert row is not None
    kept = {name: row[name] for name in ("number", "stage", "status", "result", "minutes", "notes")}
    assert kept == {
        "number": "T-1",
        "stage": "dispatch",
        "status": "closed",
        "result": "passed",
        "minutes": 10,
        "notes": ["tomorrow"],
    }
    async with database.read() as connection:
        assert await cases.listed(connection, status="open", after=None, limit=10) == []
        assert len(await cases.listed(connection, status="closed", after=None, limit=10)) == 1
        assert await cases.listed(connection, status=None, after="SMP-1-C1", limit=10) == []
