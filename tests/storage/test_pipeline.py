"""The renewals pipeline: each end of term at its stage, with the price of the next, in whatever order records come."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.commands import Cancel, DeclineRenewal, Renew, Undo
from domain.pipeline import Stage
from domain.simulator import Life, PriceListWorld
from domain.state import Price
from storage import pipeline
from storage.database import Database
from storage.pipeline import Narrowed
from tests.domain.samples import PRICES, offer, ordered, terms, utc
from tests.forecast.written import record, write

BEGINS = utc(2027, 3, 1)
LISTED = PriceListWorld(prices=(Price(service="care", model="M1", prices=PRICES),))


def life(index: int, mode: str = "tacit", period: int = 1, at: datetime = BEGINS) -> Life:
    """A contract of one device that began in March, on a number of its own."""
    made = ordered(offer(), at=at, under=terms(renewal={"mode": mode}), period=period)
    made.contract = made.contract.model_copy(update={"number": f"SMP-2027-{index:06d}"})
    return made


async def stages(database: Database, **narrowed: Any) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """How many terms are at each stage of each month, and their sum."""
    async with database.read() as connection:
        rows = await pipeline.months(connection, Narrowed(**narrowed), clock=None, first="2027-01", last="2030-12")
    return {(row["month"], row["stage"]): (row["contracts"], row["amount"]) for row in rows}


YEAR = Decimal(49 * 12)


async def test_a_term_goes_through_the_pipeline(database: Database) -> None:
    """Due at today's prices, quoted at the offer's, ordered, renewed; and the next term is due."""
    one = life(1)
    await write(database, [one])
    assert await stages(database) == {("2028-02", "due"): (1, YEAR)}
    one.live_until(utc(2028, 1, 1))
    await write(database, [one])
    assert await stages(database) == {("2028-02", "quoted"): (1, YEAR)}
    one.give(Renew(id="yes"), utc(2028, 1, 2))
    await write(database, [one])
    assert await stages(database) == {("2028-02", "ordered"): (1, YEAR)}
    one.live_until(utc(2028, 3, 2))
    await write(database, [one])
    assert await stages(database) == {("2028-02", "renewed"): (1, YEAR), ("2029-02", "due"): (1, YEAR)}


async def test_who_does_not_renew_is_told_apart(database: Database) -> None:
    """A no, a cancellation and silence; a no that is taken back is a quote again."""
    no, left, silent = life(1), life(2), life(3, "on_acceptance", period=12)
    for each in (no, left, silent):
        each.live_until(utc(2028, 1, 1))
    no.give(DeclineRenewal(id="no"), utc(2028, 1, 2))
    left.give(Cancel(id="bye", reason="moving"), utc(2028, 1, 2))
    await write(database, [no, left, silent])
    assert await stages(database) == {("2028-02", "declined"): (2, YEAR * 2), ("2028-02", "quoted"): (1, Decimal(520))}
    no.give(Undo(id="after-all", what="renewal"), utc(2028, 1, 3))
    for each in (left, silent):
        each.live_until(utc(2028, 4, 1))
    await write(database, [no, left, silent])
    assert await stages(database) == {
        ("2028-02", "declined"): (1, YEAR),
        ("2028-02", "lapsed"): (1, Decimal(520)),
        ("2028-02", "quoted"): (1, YEAR),
    }


async def test_an_old_record_moves_nothing_back(database: Database) -> None:
    """A record that is delivered again, later, changes nothing."""
    one = life(1)
    early = record(one)
    one.live_until(utc(2028, 1, 1))
    await write(database, [one])
    async with database.write() as connection:
        assert early.view
        await pipeline.write(connection, early.view, early.entries)
    assert await stages(database) == {("2028-02", "quoted"): (1, YEAR)}


async def test_the_contracts_behind_the_figures(database: Database) -> None:
    """Narrowed by what is given, page by page, each once."""
    some = [life(index) for index in range(5)]
    await write(database, some)
    assert await stages(database, country="FR", programme="SMP", stage=Stage.DUE.value)
    assert await stages(database, country="CA") == {}
    seen: list[str] = []
    after = None
    async with database.read() as connection:
        while True:
            page = await pipeline.page(
                connection, Narrowed(), clock=None, first="2028-02", last="2028-02", after=after, limit=2
            )
            seen += [row["contract"] for row in page]
            if len(page) < 2:
                break
            after = f"{page[-1]['contract']}/{page[-1]['term']}"
    assert seen == [each.contract.number for each in some]
