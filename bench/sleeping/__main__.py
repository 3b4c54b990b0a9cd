"""`python -m bench.sleeping`: fifty thousand contracts sleep, five thousand of them are billed in one instant.

Everything is kept in a folder, so that a run that was cut short goes on, and a later one only repeats the day: the
sleepers are there, and so many new contracts fall due at the next midnight there is in any time zone.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.machine import machine
from bench.sleeping.day import DUE_IN, live_through
from bench.sleeping.filling import Midnight, bring_due, fill, midnight
from bench.sleeping.house import House, house
from bench.sleeping.report import bytes_asleep, method, weighed

LATEST = Path(__file__).parents[1] / "latest-sleeping.json"
FOLDER = Path(tempfile.gettempdir()) / "tenure-sleeping"
MARKS = (0.2, 0.5)
"""The shares of all contracts at which everything is weighed while sleepers come in, besides none and all."""


class Until(StrEnum):
    """How far a run goes."""

    SLEEPERS = "sleepers"
    DUE = "due"
    DAY = "day"


def main(
    *,
    contracts: Annotated[int, typer.Option(help="How many sleep when the day begins, those that are due included.")] = (
        50_000
    ),
    due: Annotated[int, typer.Option(help="How many of them are billed in the same instant.", min=1)] = 5_000,
    folder: Annotated[Path, typer.Option(help="Where everything is kept, outside the checkout.")] = FOLDER,
    at: Annotated[
        str, typer.Option(help="When they are to fall due at the earliest, in UTC: 2026-11-25T16:00; soon without it.")
    ] = "",
    spread: Annotated[float, typer.Option(help="Over how many seconds bills are spread; 0: all at once.", min=0)] = 600,
    cached: Annotated[int, typer.Option(help="How many contracts the worker keeps in memory.", min=0)] = 500,
    shards: Annotated[int, typer.Option(help="Temporal's history shards, fixed when the folder is new.")] = 4,
    until: Annotated[Until, typer.Option(help="Stop when the sleepers are in, or what is due, or after the day.")] = (
        Until.DAY
    ),
) -> None:
    """Measure, print, and write bench/latest-sleeping.json; exits with 1 where something is not as it must be."""
    folder.mkdir(parents=True, exist_ok=True)
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC) if at else None
    told = {"spread_seconds": spread, "max_cached_workflows": cached}
    report = asyncio.run(_measure(folder.resolve(), _Plan(contracts, due, moment, shards, told), until))
    print(json.dumps(report, indent=2))
    if until is not Until.DAY:
        return
    LATEST.write_text(json.dumps(report, indent=2) + "\n")
    if report["day"]["wrong"]:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be measured, and with which settings."""

    contracts: int
    due: int
    at: datetime | None
    shards: int
    settings: dict[str, Any]


async def _measure(folder: Path, plan: _Plan, until: Until) -> dict[str, Any]:
    kept = _Kept(folder)
    async with house(folder, shards=plan.shards, **plan.settings) as running:
        await _filled(running, kept, plan)
        report = {
            "machine": await machine(),
            "method": method(plan.contracts, plan.due, plan.shards),
            "settings": plan.settings,
            "asleep": kept.data["asleep"],
            "database_bytes_a_contract": bytes_asleep(kept.data["asleep"]),
        }
        if until is Until.SLEEPERS:
            return report
        when, numbers = await _brought(running, kept, plan)
        if until is Until.DUE:
            return report | {"due_at": when.at.isoformat()}
        running.cluster.set("synchronous_commit", "on")
        return report | {"day": await live_through(running, when, numbers)}


async def _filled(running: House, kept: _Kept, plan: _Plan) -> None:
    """Bring the sleepers in by steps, and weigh everything at each."""
    as_of = datetime.fromisoformat(kept.data.setdefault("as_of", datetime.now(UTC).date().isoformat())).date()
    if not kept.data["asleep"]:
        kept.add("asleep", await weighed(running, 0))
    for until in (*(round(plan.contracts * share) for share in MARKS), plan.contracts - plan.due):
        if until <= kept.data["asleep"][-1]["brought_in"]:
            continue
        print(f"{datetime.now(UTC):%H:%M:%S} bringing in sleepers until there are {until}", file=sys.stderr)
        # What is brought in can be brought in again: only the day itself has to be as safe as a house in service is.
        running.cluster.set("synchronous_commit", "off")
        await fill(running, kept.folder, until, as_of)
        kept.add("asleep", await weighed(running, until))


async def _brought(running: House, kept: _Kept, plan: _Plan) -> tuple[Midnight, list[str]]:
    """What falls due: what an earlier run brought in for a midnight to come, or new contracts."""
    due, soon = plan.due, datetime.now(UTC) + DUE_IN
    waiting = kept.data.get("due")
    spread = plan.settings["spread_seconds"]
    if waiting and datetime.fromisoformat(waiting["at"]) > soon and waiting["agreed"] == [due, spread]:
        when = Midnight(datetime.fromisoformat(waiting["at"]), waiting["zone"])
    else:
        when = midnight(plan.at or soon + timedelta(seconds=due / 12))
    numbers = await bring_due(running, kept.folder, due, when)
    kept.put("due", {"at": when.at.isoformat(), "zone": when.zone, "agreed": [due, spread]})
    return when, numbers


class _Kept:
    """What is known of the folder from one run to the next."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "known.json"
        self.data: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {"asleep": []}

    def add(self, name: str, item: Any) -> None:
        """Put something behind what is there."""
        self.put(name, [*self.data[name], item])

    def put(self, name: str, item: Any) -> None:
        """Keep something under a name."""
        self.data[name] = item
        self._file.write_text(json.dumps(self.data, indent=2))


if __name__ == "__main__":
    typer.run(main)
