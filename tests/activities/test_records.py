"""Records, requotes, cases and test clocks, as the worker runs them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.records import RecordActivities
from activities.ticketing import TicketingActivities
from adapters.desk_embedded import EmbeddedDesk
from domain.effects import CloseCase, MoveCase, OpenCaseEffect, Requote
from storage import contracts, programmes
from storage.database import Database
from tests.activities.samples import job, run
from tests.domain.samples import terms
from tests.storage.samples import AT, CONTRACT, record, row

REQUOTE = Requote(key=f"{CONTRACT}/1/requote/1", at=AT, rule="COM-1")


@pytest.fixture(autouse=True)
async def _known(database: Database) -> None:
    async with database.write() as connection:
        await contracts.begin(connection, row())


async def _publish(database: Database, version: int, models: tuple[str, ...] = ("M1",), price: str = "59.90") -> None:
    named = {"en": "Care"}
    service = {
        "id": "care",
        "countries": ["FR"],
        "device_type": "office",
        "models": list(models),
        "name": named,
        "summary": named,
        "details": named,
        "prices": {"1": price},
    }
    async with database.write() as connection:
        await programmes.store(
            connection,
            code="SMP",
            version=version,
            terms=terms(version=version).model_dump(mode="json"),
            catalogue={"services": [service]},
            sha256=str(version) * 64,
        )


async def test_a_record_is_written_by_itself(database: Database) -> None:
    """What no effect carries along is written all the same, once."""
    activities = RecordActivities(database)
    for _ in range(2):
        await run(activities.record, record(2, "quoted", "quote_accepted"))
    async with database.read() as connection:
        assert len(await contracts.entries(connection, CONTRACT, after=0, limit=9)) == 2
        assert await contracts.version_of(connection, CONTRACT) == 2


async def test_a_requote_gives_the_price_of_the_day(database: Database) -> None:
    """Prices come from the newest list; terms only where they are newer than the contract's."""
    await _publish(database, 1)
    same = await run(RecordActivities(database).requote, job(REQUOTE, record(1, "quoted")))
    assert (same.prices, same.terms) == ({"1": {1: Decimal("59.90")}}, None)
    await _publish(database, 2, price="64.90")
    newer = await run(RecordActivities(database).requote, job(REQUOTE))
    assert newer.prices == {"1": {1: Decimal("64.90")}}
    assert newer.terms is not None
    assert newer.terms.version == 2


async def test_a_line_that_is_not_offered_keeps_its_price(database: Database) -> None:
    """A model that has left the list is left out of the answer."""
    await _publish(database, 1, models=("M2",))
    assert (await run(RecordActivities(database).requote, job(REQUOTE))).prices == {}


async def test_a_case_is_worked_on_once(database: Database) -> None:
    """Opened, moved and closed, each as often as it likes: one case, one number, each note once."""
    activities = TicketingActivities(database, EmbeddedDesk(database), "https://tenure.example")
    opened = OpenCaseEffect(key="o", at=AT, rule="SMP-14", case="N1-1", subject="Jam", serial="SN1", stage="remote")
    moved = MoveCase(key="m", at=AT, rule="SMP-14", case="N1-1", stage="dispatch", note="needs a roller")
    closed = CloseCase(key="c", at=AT, rule="SMP-14", case="N1-1", note="works")
    effects: tuple[tuple[Any, Any], ...] = (
        (activities.open_case, opened),
        (activities.move_case, moved),
        (activities.close_case, closed),
    )
    for activity, effect in effects:
        for _ in range(2):
            await run(activity, job(effect, record(1, "quoted")))
    async with database.read() as connection:
        (ticket,) = await contracts.tickets(connection, CONTRACT)
    assert (ticket["number"], ticket["stage"], ticket["status"]) == ("T-000001", "dispatch", "closed")
    assert ticket["notes"] == ["needs a roller", "works"]


async def test_an_unknown_case_is_refused_for_good(database: Database) -> None:
    """A case that the desk does not know will not be known later either."""
    activities = TicketingActivities(database, EmbeddedDesk(database), "https://tenure.example")
    with pytest.raises(ApplicationError, match="knows no case") as error:
        await run(activities.close_case, job(CloseCase(key="c", at=AT, rule="SMP-14", case="N9")))
    assert (error.value.type, error.value.non_retryable) == ("ticketing.refused", True)
