"""`./tenure demo`: whole lives on a real server, worker, API and database, each compared with the simulator."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from dataclasses import dataclass
from typing import Any

import httpx
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from adapters.programme_files import Programme, load_all
from cli.player import Played, Player
from cli.preparation import PROGRAMMES
from cli.serve import answering, running
from cli.simulate import simulated
from cli.timeline import table
from domain.scenario import Scenario
from domain.view import Entry
from runtime.ports import free_ports
from runtime.settings import Settings, settings
from storage import keys
from storage.reconcile import differences


@dataclass(frozen=True, slots=True)
class Told:
    """One life that was played, and how it differs from what it should be."""

    story: Scenario
    played: Played
    wrong: list[str]


def demo() -> None:
    """Play every programme's example lives on a real server; exits with 0 only if each equals the simulator's."""
    console = Console(soft_wrap=False, width=max(100, Console().width))
    differs = asyncio.run(_demo(settings(), console))
    if differs:
        raise typer.Exit(1)


async def _demo(read: Settings, console: Console) -> int:
    port, temporal, ui = free_ports(3)
    own = read.model_copy(
        update={
            "var_dir": read.var_dir / "demo",
            "database_url": f"sqlite+aiosqlite:///{read.var_dir / 'demo' / 'tenure.db'}",
            "api_port": port,
            "temporal_port": temporal,
            "temporal_ui_port": ui,
            "public_url": f"http://127.0.0.1:{port}",
        }
    )
    # Each demonstration begins with nothing: what an earlier one kept may be of other versions of the programmes.
    shutil.rmtree(own.var_dir, ignore_errors=True)
    console.print("Starting Temporal, a worker, the API and a database ...")
    lives: list[Told] = []
    async with running(own, headless=True) as house, answering(house):
        async with house.database.write() as connection:
            _, secret = await keys.create(connection, "demo", keys.SCOPES)
        headers = {"Authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(base_url=f"{own.public_url}/v1", headers=headers, timeout=120) as http:
            for programme in load_all(PROGRAMMES):
                lives += await _lives(http, programme, console)
        async with house.database.read() as connection:
            unsettled = [item async for item in differences(connection)]
    for life in lives:
        _print(console, life)
    wrong = sum(bool(life.wrong) for life in lives)
    console.print(
        f"{len(lives)} lives, {len(lives) - wrong} equal to the simulator's.", style="red" if wrong else "green"
    )
    for item in unsettled:
        console.print(f"{item.contract} {item.where}: {item.what}", style="red", markup=False)
    if not unsettled:
        console.print("Events, documents, books and payments agree.", style="green")
    return wrong + len(unsettled)


async def _lives(http: httpx.AsyncClient, programme: Programme, console: Console) -> list[Told]:
    run = secrets.token_hex(3)
    lives: list[Told] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        for story in programme.lives().values():
            task = progress.add_task(f"{programme.terms.code}: {story.title}")
            lives.append(await _life(http, programme, story, run))
            progress.update(task, completed=100, total=100)
    return lives


async def _life(http: httpx.AsyncClient, programme: Programme, story: Scenario, run: str) -> Told:
    played = await Player(http, programme, story, run).play()
    life, wrong = simulated(programme, story, played.number)
    return Told(story=story, played=played, wrong=[*wrong, *played.wrong, *differs(life.entries, played.entries)])


def differs(expected: list[Entry], happened: list[Entry]) -> list[str]:
    """Every line in which the real trail is not the simulator's."""
    left, right = [_line(entry) for entry in expected], [_line(entry) for entry in happened]
    pairs = [(a, b) for a, b in zip(left, right, strict=False) if a != b]
    missing = [f"simulator: {a}  real: {b}" for a, b in pairs]
    if len(left) != len(right):
        missing.append(f"the simulator has {len(left)} entries, the real contract {len(right)}")
    return missing


def _line(entry: Entry) -> tuple[Any, ...]:
    return (entry.at, entry.on, entry.kind, entry.rule, entry.amount, entry.currency)


def _print(console: Console, life: Told) -> None:
    entries, currency = life.played.entries, life.played.currency
    console.print()
    console.print(life.story.story, style="italic")
    console.print(table(f"{life.story.title} ({life.played.number})", life.played.rows(), currency))
    invoiced = f"{life.played.invoices} invoices, {life.played.credits} credit notes, {life.played.notices} notices"
    console.print(f"{len(entries)} events, {invoiced}.", style="dim")
    for line in life.wrong:
        console.print(line, style="red", markup=False)
