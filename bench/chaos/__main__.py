"""`python -m bench.chaos`, `make chaos`: rounds of faults, a line for each; exits with 1 where anything differs."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.chaos.faults import EVERY
from bench.chaos.histories import unreadable
from bench.chaos.house import standing
from bench.chaos.rounds import Round, lived_round
from bench.machine import machine
from runtime.settings import CHECKOUT

LATEST = Path(__file__).parents[1] / "latest-chaos.json"
PATIENCE = 120.0
"""Seconds that an effect may hold a contract up: longer than any fault of the house lasts, see the package."""


def main(
    *,
    rounds: Annotated[int, typer.Option(help="How many rounds.", min=1)] = 10,
    contracts: Annotated[int, typer.Option(help="Contracts of a round.", min=1)] = 25,
    seed: Annotated[int, typer.Option(help="The first round's; each next round has the next.")] = 1,
    at_once: Annotated[int, typer.Option(help="Rounds that go on at the same time in the house.", min=1)] = 2,
    every: Annotated[float, typer.Option(help="Seconds between two faults of a round, on an average.")] = EVERY,
    a_house: Annotated[int, typer.Option(help="Rounds after which the house is given up for a new one.", min=1)] = 20,
) -> None:
    """Live, shake, compare; print a line for each round, and write bench/latest-chaos.json."""
    measured_on = asyncio.run(machine())
    began, done = time.monotonic(), []
    seeds = list(range(seed, seed + rounds))
    report: dict[str, Any] = {}
    for start in range(0, rounds, a_house):
        done += asyncio.run(_house(seeds[start : start + a_house], contracts, at_once, every))
        report = _report(measured_on, done, contracts, time.monotonic() - began)
        LATEST.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps({name: value for name, value in report.items() if name != "rounds"}, indent=2))
    if report["differences"]:
        raise typer.Exit(1)


async def _house(seeds: list[int], contracts: int, at_once: int, every: float) -> list[Round]:
    turn = asyncio.Semaphore(at_once)
    with tempfile.TemporaryDirectory(prefix="tenure-chaos-", ignore_cleanup_errors=True) as folder:
        async with standing(Path(folder), patience=PATIENCE) as house:

            async def one(seed: int) -> Round:
                async with turn:
                    try:
                        done = await lived_round(house, seed, contracts, every=every)
                    except Exception as failed:  # noqa: BLE001 - whatever it is, the other rounds go on
                        done = Round(seed, contracts, wrong=[f"round {seed} failed: {failed!r}"])
                print("\n".join([done.line, *done.wrong]), file=sys.stderr, flush=True)
                return done

            done = await asyncio.gather(*map(one, seeds))
            kept = CHECKOUT / "var" / "chaos" / f"seed-{done[0].seed}"
            unread = await unreadable(house.client, kept)
        print("\n".join(unread), file=sys.stderr, end="\n" if unread else "")
        done[-1].wrong += unread
        _keep_logs(Path(folder), done, kept)
        return done


def _keep_logs(folder: Path, done: list[Round], kept: Path) -> None:
    """Keep what the processes said, where anything differs."""
    if not any(item.wrong for item in done):
        return
    kept.mkdir(parents=True, exist_ok=True)
    for log in folder.glob("*.log"):
        shutil.copy(log, kept)
    print(f"what the processes said is kept in {kept}", file=sys.stderr)


def _report(measured_on: dict[str, Any], done: list[Round], contracts: int, seconds: float) -> dict[str, Any]:
    faults: Counter[str] = Counter()
    for item in done:
        faults.update(item.faults)
    return {
        "machine": measured_on,
        "rounds_lived": len(done),
        "contracts_each": contracts,
        "seeds": [done[0].seed, done[-1].seed],
        "seconds": round(seconds, 1),
        "events": sum(item.events for item in done),
        "requests": sum(item.requests for item in done),
        "doubled": sum(item.doubled for item in done),
        "sent_again": sum(item.again for item in done),
        "events_heard_again": sum(item.heard_again for item in done),
        "faults": dict(sorted(faults.items())),
        "rounds_that_differ": [item.seed for item in done if item.wrong],
        "differences": sum(len(item.wrong) for item in done),
        "rounds": [item.figures() for item in done],
    }


if __name__ == "__main__":
    typer.run(main)
