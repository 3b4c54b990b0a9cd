"""Whom a campaign's selection means, on each kind of database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.campaign import Selection, Standing
from storage import campaigns, selection
from storage.database import Database
from storage.tables import contract

NOW = datetime(2027, 7, 1, tzinfo=UTC)
WINDOW = {"ends_until": date(2027, 12, 31)}


def row(number: int, **more: Any) -> dict[str, Any]:
    """A running contract as the read model has it."""
    view = {
        "customer": {"country": more.pop("country", "FR")},
        "lines": [{"level": level} for level in more.pop("levels", [])],
    }
    return {
        "number": f"SMP-2027-{number:06d}",
        "status": "Active",
        "programme": "SMP",
        "customer": "c-1",
        "reseller": None,
        "version": 1,
        "term_last": date(2027, 10, 31),
        "attention": False,
        "clock": None,
        "now": NOW,
        "closed": False,
        "view": view,
        "start": {},
        "creation_key": str(number),
        "created_at": NOW,
    } | more


ROWS = [
    row(1),
    row(2, country="JP", customer="c-2"),
    row(3, levels=[None, "gold"], programme="OTH"),
    row(4, levels=["silver"], reseller="Sample Sales"),
    row(5, term_last=date(2028, 1, 1)),
    row(6, term_last=None),
    row(7, clock="clock-1"),
    row(8, status="Expired"),
    row(9, status="Suspended", term_last=date(2027, 8, 1)),
    row(10, closed=True),
]


@pytest.fixture
async def filled(database: Database) -> Database:
    """A database with contracts of every kind."""
    async with database.write() as connection:
        await connection.execute(contract.insert(), ROWS)
    return database


@pytest.mark.parametrize(
    ("narrowed", "meant"),
    [
        ({}, [1, 2, 3, 4, 9]),
        ({"country": "JP"}, [2]),
        ({"customer": "c-2"}, [2]),
        ({"level": "gold"}, [3]),
        ({"level": "bronze"}, []),
        ({"programme": "OTH"}, [3]),
        ({"reseller": "Sample Sales", "level": "silver"}, [4]),
        ({"ends_from": date(2027, 8, 2)}, [1, 2, 3, 4]),
        ({"ends_until": date(2028, 1, 1)}, [1, 2, 3, 4, 5, 9]),
        ({"clock": "clock-1"}, [7]),
    ],
)
async def test_a_selection_means_what_it_says(filled: Database, narrowed: dict[str, Any], meant: list[int]) -> None:
    """Running contracts in the window, narrowed by each thing that is given, in pages by number."""
    wanted = Selection.model_validate(WINDOW | narrowed)
    found: list[int] = []
    async with filled.read() as connection:
        after: str | None = None
        while page := await selection.page(connection, wanted, after=after, limit=2):
            found += [int(number[-6:]) for number, _ in page]
            after = page[-1][0]
    assert found == meant


async def test_what_was_picked_is_picked_once_and_adds_up(filled: Database) -> None:
    """Picking again adds nobody; an answer that was kept stays; the rest is left out when the campaign is cancelled."""
    wanted = Selection.model_validate(WINDOW)
    values = {"id": "c", "name": "c", "selection": {}, "pace": {}, "by": "tests"}
    async with filled.write() as connection:
        await campaigns.begin(connection, values)
        again = await campaigns.begin(connection, values | {"name": "another"})
        assert again["name"] == "c"
        for _ in range(2):
            await campaigns.pick(connection, "c", wanted, after=None, limit=100)
        await campaigns.answered(connection, "c", "SMP-2027-000001", {"outcome": "quoted"})
        await campaigns.answered(connection, "c", "SMP-2027-000001", {"outcome": "failed"})
        await campaigns.answered(connection, "c", "SMP-2027-000002", {"outcome": "hindered"})
        await campaigns.answered(connection, "c", "SMP-2027-000003", {"outcome": "failed"})
        assert await campaigns.outcomes(connection, ["c"]) == {
            "c": {"waiting": 2, "failed": 1, "hindered": 1, "quoted": 1}
        }
        for _ in range(2):
            await campaigns.reopen(connection, "c", 2)
        left = await campaigns.waiting(connection, "c", after=None, limit=100)
        assert [(int(number[-6:]), attempt) for number, attempt in left] == [(2, 2), (3, 1), (4, 1), (9, 1)]
        await campaigns.stand(connection, "c", Standing.CANCELLED)
        assert await campaigns.outcomes(connection, ["c"]) == {"c": {"left_out": 4, "quoted": 1}}
