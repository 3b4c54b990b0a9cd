"""The forecast of a million contracts, and the decider by itself: `python -m bench.forecast`.

The portfolio is single-device contracts of every programme that bills: each service, model and billing period, begun on
each day of two years. Contracts that are older than that are alike to ones of its second year, so a million of them has
just these shapes; a portfolio with fewer services has fewer, one with many devices per contract has more.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import resource
import tempfile
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.programme_files import Programme, load_all
from bench.machine import machine
from cli.preparation import PROGRAMMES, prepare
from cli.simulate import offer
from domain.commands import Accept, Checkout, Quote
from domain.decider import next_due
from domain.forecast.asked import Asked, Progress
from domain.forecast.batch import Batch, Group
from domain.forecast.future import Programmes, agreed, form_of, future
from domain.forecast.kept import Kept, kept
from domain.forecast.suppose import Answers
from domain.refusal import Refusal
from domain.scenario import GivenOffer
from domain.simulator import Life, PriceListWorld
from domain.state import RUNNING, Customer
from storage.database import Database
from storage.portfolio import forecast
from storage.tables import contract, contract_state

LATEST = Path(__file__).parent / "latest-forecast.json"
AS_OF = datetime(2027, 11, 25, 8, tzinfo=UTC)
DAYS = 730
CHUNK = 4000
SAMPLE = 2000
WHAT_IF = {
    "title": "4 % more and 60 days' notice",
    "programmes": {
        "HPG": {"prices": [{"percent": "4"}], "terms": {"renewal": {"notice_days": 60}}},
        "ICM": {"terms": {"renewal": {"price": {"policy": "uplift", "percent": "4"}}}},
    },
}
Kind = tuple[str, str, str, int]
"""Programme, service, model, months of a billing period."""


@cache
def shipped() -> tuple[Programme, ...]:
    """The programmes that ship."""
    return load_all(PROGRAMMES)


def agreed_programmes() -> Programmes:
    """The programmes that ship, as forecasts know them."""
    found = shipped()
    return Programmes(
        terms={(item.terms.code, item.terms.version): item.terms for item in found},
        catalogues={item.terms.code: item.catalogue for item in found},
    )


def kinds(programmes: tuple[Programme, ...]) -> Iterator[Kind]:
    """Every way in which one device may be served and billed."""
    for item in programmes:
        periods = item.terms.billing.periods if item.terms.billing and not item.terms.fleet else ()
        for service in item.catalogue.services:
            for model in service.models:
                yield from ((item.terms.code, service.id, model, months) for months in periods)


def templates(kind: Kind) -> list[tuple[Kept, datetime]]:
    """The contracts of one kind, begun on each of the days, as they stand at the instant of the forecast."""
    code, service, model, months = kind
    programme = next(item for item in shipped() if item.terms.code == code)
    answers = agreed(agreed_programmes(), Answers(renew=Decimal(1)))
    found: list[tuple[Kept, datetime]] = []
    for back in range(1, DAYS + 1):
        begins = AS_OF - timedelta(days=back)
        try:
            life = _begun(programme, service, model, months, begins)
        except Refusal:
            return []
        stands = future(life.contract, answers, "renews", end=AS_OF).contract
        due = next_due(stands)
        if stands.status in RUNNING and due:
            found.append((kept(stands, 1), due.at))
    return found


def _begun(programme: Programme, service: str, model: str, months: int, at: datetime) -> Life:
    terms = programme.terms
    given = GivenOffer(id="1", service=service, serial="SERIAL", model=model, in_use_since=at.date())
    country = next(iter(terms.countries))
    customer = Customer(id="c", name="c", email="c@bench.example", language="en", country=country)
    quote = Quote(
        id="quote",
        number=f"{terms.code}-2000-000000",
        terms=terms,
        customer=customer,
        period=months,
        offers=(offer(programme, given, "en"),),
        start_on=at.date() + timedelta(days=1) if terms.quote.deadline == "day_before_start" else None,
    )
    life = Life.begin(quote, at, _world(terms.code))
    life.give(Accept(id="accept", revision=1), at)
    life.give(Checkout(id="checkout", method="pm_ok", registered=True, form=form_of(terms, ())), at)
    return life


@cache
def _world(code: str) -> PriceListWorld:
    """A world with the programme's price list, which is made once in a process."""
    programme = next(item for item in shipped() if item.terms.code == code)
    return PriceListWorld(prices=programme.catalogue.price_list(), settles=True)


def rows(batch: list[tuple[str, str, Kept, datetime]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Contracts of their own numbers, each with its own state, from their templates."""
    return [_row(number, programme, template, due) for number, programme, template, due in batch]


def _row(number: str, programme: str, template: Kept, due: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    text = zlib.decompress(template.state).replace(template.contract.encode(), number.encode())
    state = template._replace(contract=number, state=zlib.compress(text, 1))
    shown = {
        "number": number,
        "status": "Active",
        "programme": programme,
        "customer": f"c-{number}",
        "version": 1,
        "next_due_at": due,
        "attention": False,
        "now": AS_OF,
        "closed": False,
        "view": {},
        "start": {},
        "creation_key": number,
        "created_at": AS_OF,
    }
    return shown, state._asdict()


def main(
    contracts: Annotated[int, typer.Option(help="How many contracts.")] = 1_000_000,
    processes: Annotated[int, typer.Option(help="How many processes.")] = os.cpu_count() or 1,
) -> None:
    """Measure, print, and write bench/latest-forecast.json."""
    report = asyncio.run(_measure(contracts, processes))
    LATEST.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


async def _measure(count: int, processes: int) -> dict[str, Any]:
    measured_on = await machine()
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        database = Database(f"sqlite+aiosqlite:///{folder}/tenure.db")
        programmes = await prepare(database)
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
            lives = [(code, *item) for (code, *_), some in _templates(pool, programmes) for item in some]
            await _fill(database, pool, lives, count)
        decider = _decider(lives)
        runs = {
            "as agreed": await _timed(database, Asked(), processes),
            "with a what-if": await _timed(database, Asked.model_validate({"what_if": WHAT_IF}), processes),
            "answers drawn": await _timed(
                database, Asked.model_validate({"assume": {"renew": "0.8", "decline": "0.1"}}), processes
            ),
        }
        await database.close()
    return _report(measured_on, count, decider, runs)


def _templates(pool: ProcessPoolExecutor, programmes: tuple[Programme, ...]) -> Any:
    wanted = list(kinds(programmes))
    return zip(wanted, pool.map(templates, wanted), strict=True)


async def _fill(
    database: Database, pool: ProcessPoolExecutor, lives: list[tuple[str, Kept, datetime]], count: int
) -> None:
    """Write so many contracts down, each drawn from the templates."""
    dice = random.Random(1)
    drawn = ((index, *dice.choice(lives)) for index in range(count))
    numbered = ((f"{code}-2027-{index:06d}", code, template, due) for index, code, template, due in drawn)
    while (some := [list(islice(numbered, CHUNK)) for _ in range(4)])[0]:
        for made in pool.map(rows, some):
            if made:
                async with database.write() as connection:
                    await connection.execute(contract.insert(), [shown for shown, _ in made])
                    await connection.execute(contract_state.insert(), [state for _, state in made])


def _decider(lives: list[tuple[str, Kept, datetime]]) -> dict[str, Any]:
    """The decider by itself, in this process: every contract lived through, nothing shared."""
    programmes = agreed_programmes()
    batch = Batch(programmes, (agreed(programmes, Answers()),), AS_OF, 12)
    sample = random.Random(2).sample(lives, min(SAMPLE, len(lives)))
    groups = [Group(code, template, None, ({"silent": 1},)) for code, template, _ in sample]
    batch.live(groups[:100])
    began = time.process_time()
    lived = batch.live(groups)
    seconds = time.process_time() - began
    if lived.failed:
        raise RuntimeError(lived.failed[0].reason)
    return {
        "contract_years": len(groups),
        "cpu_seconds": round(seconds, 2),
        "per_second_and_core": round(len(groups) / seconds),
    }


async def _timed(database: Database, asked: Asked, processes: int) -> dict[str, Any]:
    phases: dict[str, float] = {}
    began = time.perf_counter()

    async def tell(progress: Progress) -> None:
        phases.setdefault(progress.phase, time.perf_counter() - began)

    used = _cpu()
    found = await forecast(database, asked, as_of=AS_OF, tell=tell, size=processes)
    if found.unread:
        raise RuntimeError(found.unread[0].reason)
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "seconds_until_the_first_futures": round(phases.get("living", 0.0), 1),
        "cpu_seconds": round(_cpu() - used, 1),
        "contracts": found.contracts,
        "shapes": found.shapes,
        "invoices": sum(row.base.invoices for row in found.rows),
    }


def _cpu() -> float:
    mine, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime


def _report(measured_on: dict[str, Any], count: int, decider: dict[str, Any], runs: dict[str, Any]) -> dict[str, Any]:
    mine, child = (
        resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "machine": measured_on,
        "method": (
            f"{count} active contracts of one device each in SQLite on disk, drawn from every service, model and "
            f"billing period that bills, begun on each of {DAYS} days; twelve months. `decider` lives through "
            f"{decider['contract_years']} of them one by one, in one process; the runs are whole forecasts from the "
            "database: states found, gathered by shape, lived through, summed up."
        ),
        "decider": decider,
        "forecast": runs,
        "peak_memory_mb": {"main": mine, "largest process": child},
    }


if __name__ == "__main__":
    typer.run(main)
