"""What sleeps, and what falls due: brought in with `./tenure import`, the same contracts however often it is tried.

The sleepers are the portfolio of `bench.portfolio`. Those that fall due live under a programme of their own, whose time
zone is one where the next midnight comes at the instant that is wanted: their timers are real, and ring together.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import func, select

from adapters.programme_files import Programme, load_all
from bench.portfolio import portfolio
from bench.sleeping.house import House
from cli.preparation import PROGRAMMES
from domain.calendar import DAY, MIDNIGHT, months_after
from domain.terms import Terms
from runtime.settings import CHECKOUT
from storage import programmes
from storage.contracts import STARTING
from storage.tables import brought_contract, contract

SLEEPERS = "Contracts 4/"
"""The system that the portfolio's contracts come from, as it stands before their names."""
CODE = "DUE"
"""The programme of the contracts that fall due together."""
MODEL = "HPG"
"""The programme that it is like but for its zone."""
METHOD = "pm_ok"
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Midnight:
    """An instant at which a day begins somewhere, and where."""

    at: datetime
    zone: str

    @property
    def day(self) -> date:
        """The day that begins."""
        return self.at.astimezone(ZoneInfo(self.zone)).date()

    @property
    def version(self) -> int:
        """The version of the programme for this zone: one for each minute of a day at which midnights are."""
        return 1 + self.at.hour * 60 + self.at.minute


def midnight(not_before: datetime) -> Midnight:
    """The next instant, by the quarter of an hour, at which it is midnight in a zone."""
    at = not_before.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while True:
        if at >= not_before:
            for zone in sorted(available_timezones() - {"localtime"}):
                if at.astimezone(ZoneInfo(zone)).time() == MIDNIGHT:
                    return Midnight(at, zone)
        at += QUARTER


async def fill(house: House, folder: Path, until: int, as_of: date) -> None:
    """Bring sleepers in until there are so many; those of a run that was cut short are left as they are."""
    async with house.database.read() as connection:
        mine = brought_contract.c.key.startswith(SLEEPERS)
        there = int(await connection.scalar(select(func.count()).select_from(brought_contract).where(mine)) or 0)
    if there < until:
        path = folder / f"sleepers-{until}.jsonl"
        _write(path, islice(portfolio(as_of, ending=0.0).records(until), there, until))
        await bring(house, path)
    await _all_begun(house)


async def bring_due(house: House, folder: Path, many: int, due: Midnight) -> list[str]:
    """So many contracts whose next bill is due at the midnight; answers with their numbers."""
    await _publish(house, due)
    path = folder / f"due-{due.at:%Y%m%dT%H%M}-{many}.jsonl"
    _write(path, due_records(many, due))
    await bring(house, path)
    async with house.database.read() as connection:
        query = select(contract.c.number).where(contract.c.programme == CODE, contract.c.next_due_at == due.at)
        return [str(number) for number in await connection.scalars(query)]


async def bring(house: House, path: Path) -> None:
    """`./tenure import` of a file, until every contract has said something itself."""
    command = [sys.executable, "-m", "cli", "import", str(path)]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=CHECKOUT,
        env=house.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed = (await process.communicate())[0].decode()
    if process.returncode:
        raise RuntimeError(printed)
    print(printed.strip().splitlines()[-1], file=sys.stderr)
    await _all_begun(house)


async def _all_begun(house: House) -> None:
    while waiting := await count(house, contract.c.status == STARTING):
        print(f"{waiting} contracts have not reported", file=sys.stderr)
        await asyncio.sleep(2)


async def count(house: House, *wanted: Any) -> int:
    """How many contracts there are of some kind."""
    async with house.database.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(contract).where(*wanted)) or 0)


def sold_in(due: Midnight) -> tuple[Terms, Programme]:
    """The terms of those that fall due, and the programme that they are like."""
    model = next(programme for programme in load_all(PROGRAMMES) if programme.terms.code == MODEL)
    return model.terms.model_copy(update={"code": CODE, "version": due.version, "time_zone": due.zone}), model


async def _publish(house: House, due: Midnight) -> None:
    terms, model = sold_in(due)
    async with house.database.write() as connection:
        await programmes.store(
            connection,
            code=CODE,
            version=due.version,
            terms=terms.model_dump(mode="json"),
            catalogue=model.catalogue.model_dump(mode="json"),
            sha256=model.sha256,
        )


def due_records(many: int, due: Midnight) -> Iterator[dict[str, Any]]:
    """Monthly contracts in the middle of their first year, billed until the day before; each bill is collected."""
    months = next(past for past in range(2, 9) if months_after(months_after(due.day, -past), past) == due.day)
    since = months_after(due.day, -months)
    for index in range(1, many + 1):
        customer = {"id": f"due-{index % 997}", "name": f"Atelier {index % 997}", "email": "bench@bench.example"}
        yield {
            "reference": f"{due.at:%Y%m%dT%H%M}-{index:06d}",
            "programme": CODE,
            "terms_version": due.version,
            "source": "Bench",
            "as_of": (due.day - DAY).isoformat(),
            "customer": customer | {"language": "fr", "country": "FR"},
            "period": 1,
            "order": {"method": METHOD},
            "active_since": since.isoformat(),
            "term": {"number": 1, "first": since.isoformat(), "last": (months_after(since, 12) - DAY).isoformat()},
            "lines": [_line(index, since, due)],
        }


def _line(index: int, since: date, due: Midnight) -> dict[str, Any]:
    return {
        "id": "1",
        "service": "care-designjet",
        "serial": f"{CODE}-{due.at:%d%H%M}-{index:06d}",
        "model": "DesignJet T-24",
        "active_since": since.isoformat(),
        "anchor": since.isoformat(),
        "billed_until": (due.day - DAY).isoformat(),
    }


def _write(path: Path, records: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        for record in records:
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


async def sleep_until(moment: datetime) -> None:
    """Wait for an instant of real time."""
    await asyncio.sleep(max(0.0, moment.timestamp() - time.time()))
