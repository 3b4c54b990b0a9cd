"""`python -m bench.cost`: what contracts cost at Temporal Cloud, counted from real histories, and how that grows."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from sqlalchemy import select

from bench import growth
from bench.histories import Counted, Place, Walk, counted, place, runs
from bench.house import House, house
from bench.machine import machine
from cli.player import Played, Player
from storage.tables import contract

LATEST = Path(__file__).parent / "latest-cost.json"
ORDINARY = {"HPG": "deferred", "HPJ": "renewed", "HPP": "managed", "ICM": "machines", "XEC": "kept"}
"""The life of each programme that most of its contracts live."""
CONTRACTS = 100_000
# Temporal Cloud's list prices in US dollars, without the plan's monthly fee.
PER_MILLION_ACTIONS, PER_ACTIVE_GB_HOUR, PER_RETAINED_GB_HOUR = 50.0, 0.042, 0.00105
HOURS, RETENTION_HOURS, GB = 8766, 30 * 24, 1e9


def main(
    contracts: Annotated[str, typer.Option(help="Numbers of contracts to grow through.")] = "10,30,100",
    devices: Annotated[str, typer.Option(help="Numbers of devices of one contract.")] = "1,10,50,100,200",
    years: Annotated[str, typer.Option(help="Years of one contract.")] = "1,2,3,4,5",
) -> None:
    """Measure, print, and write bench/latest-cost.json."""
    series = {
        name: [int(one) for one in text.split(",")]
        for name, text in (("contracts", contracts), ("devices", devices), ("years", years))
    }
    report = asyncio.run(_measure(series))
    LATEST.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


async def _measure(series: dict[str, list[int]]) -> dict[str, Any]:
    measured_on = await machine()
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        async with house(Path(folder)) as running:
            programmes = {code: await _programme(running, code, name) for code, name in ORDINARY.items()}
            grown = {name: await growth.measure(running, name, sizes) for name, sizes in series.items()}
    return {
        "machine": measured_on,
        "method": (
            "Each programme's ordinary example life, played over the API on a test clock that is moved from one "
            "happening to the next, so that each is done alone, as on real time; its histories are read and counted, "
            "a move as the timer in whose place it stands (bench/histories.py). Bytes are those of the events as they "
            f"are stored. The bill is at list prices, without the plan's fee: ${PER_MILLION_ACTIONS:.0f} a million "
            f"actions, ${PER_ACTIVE_GB_HOUR} and ${PER_RETAINED_GB_HOUR} a GB and hour of open and closed runs, the "
            "latter kept for 30 days."
        ),
        "programmes": programmes,
        "growth": grown,
    }


class Walker(Player):
    """Plays a life, and stops at each happening on the way, so that nothing is done together."""

    def __init__(self, running: House, http: httpx.AsyncClient, code: str, name: str) -> None:
        programme = running.programmes[code]
        super().__init__(http, programme, programme.lives()[name], secrets.token_hex(3))
        self._house, self.walk = running, Walk()

    async def _move(self, to: datetime) -> None:
        async with self._house.database.read() as connection:
            number = str(await connection.scalar(select(contract.c.number).where(contract.c.clock == self._clock)))
        shown = await self._ask("GET", f"/test-clocks/{self._clock}")
        while (upcoming := shown["next_happening"]) and (due := datetime.fromisoformat(upcoming)) <= to:
            await self._note(number, shown["now"])
            await super()._move(due)
            shown = await self._ask("GET", f"/test-clocks/{self._clock}")
        before = await self._note(number, shown["now"])
        if before.at < to:
            await super()._move(to)
            self.walk.idle.append((before, await self._note(number, to.isoformat())))

    async def _note(self, number: str, now: str) -> Place:
        found = await place(self._house.client, number, datetime.fromisoformat(now))
        self.walk.places.append(found)
        return found


async def _programme(running: House, code: str, name: str) -> dict[str, Any]:
    base = str(running.http.base_url).rstrip("/") + "/v1"
    async with httpx.AsyncClient(base_url=base, headers=running.http.headers, timeout=120) as http:
        walker = Walker(running, http, code, name)
        played: Played = await walker.play()
    found = counted(walker.walk, await runs(running.client, played.number), len(played.refusals))
    shown = {"life": name, **per_year(found), "bill": bill(found)}
    print(code, json.dumps(shown), file=sys.stderr)
    return shown


def per_year(found: Counted) -> dict[str, Any]:
    """What a contract takes in a year."""
    return {
        "years": round(found.years, 2),
        "actions_per_year": round(found.actions.total() / found.years, 1),
        "actions_by_kind": {kind: round(count / found.years, 1) for kind, count in sorted(found.actions.items())},
        "events_per_year": round(found.events / found.years, 1),
        "bytes_written_per_year": round(found.written / found.years),
        "bytes_open_on_average": round(found.held),
    }


def bill(found: Counted) -> dict[str, int]:
    """What so many contracts cost in a year, in US dollars."""
    actions = found.actions.total() / found.years * CONTRACTS / 1e6 * PER_MILLION_ACTIONS
    active = found.held * CONTRACTS / GB * HOURS * PER_ACTIVE_GB_HOUR
    retained = found.closed / found.years * CONTRACTS / GB * RETENTION_HOURS * PER_RETAINED_GB_HOUR
    parts = {"actions": round(actions), "open_histories": round(active), "closed_histories": round(retained)}
    return parts | {"together": sum(parts.values())}


if __name__ == "__main__":
    typer.run(main)
