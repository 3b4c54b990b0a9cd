"""A backup of a running house, its loss and its restoration: contracts in every stage live on as if nothing was."""

from __future__ import annotations

import asyncio
import copy
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from rich.console import Console
from sqlalchemy import select

from adapters.programme_files import load
from cli.agreement import disagreements
from cli.backup import _back_up, _restore
from cli.demo import differs
from cli.player import Played, Player
from cli.preparation import PROGRAMMES, opened
from cli.serve import running
from cli.simulate import simulated
from runtime.backups import CannotBackUp, sealed
from runtime.ports import free_ports
from runtime.postgres_cluster import PostgresCluster
from runtime.settings import Settings, read_settings
from runtime.temporal import connect
from runtime.temporal_server import AlreadyRunning, reach_temporal
from storage.database import Database
from storage.reconcile import Difference, differences
from storage.tables import audit_entry, invoice, message
from tests.campaigns.portfolio import Estate
from tests.replay.record import calling
from tests.runtime.launched import Environment, everything, tenure
from tests.workflows.living import eventually
from workflows.attributes import ALL

# A life of a programme, and how many of its steps are taken before the backup: each then stands in another stage.
STAGES = {
    "quoted": ("icm", "reinstated", 0),
    "accepted": ("hpj", "package", 1),
    "not paid yet": ("hpg", "given-up", 2),
    "deferred": ("hpg", "deferred", 2),
    "suspended": ("hpg", "lapsed", 5),
    "unpaid": ("hpg", "unpaid", 4),
    "in notice": ("hpg", "month_end", 4),
    "about to end, with its next term quoted": ("hpj", "renewed", 6),
    "in mid-life, with supplies": ("xec", "kept", 8),
}
Urls = tuple[str | None, str | None]
STATUSES = {"Quoted", "Accepted", "Draft", "Scheduled", "Suspended", "Active"}


def settings_of(folder: Path, url: str | None = None) -> Settings:
    """A house of its own: its data, its ports."""
    temporal, ui = free_ports(2)
    return read_settings(
        var_dir=folder / "var",
        database_url=url or f"sqlite+aiosqlite:///{folder / 'var' / 'tenure.db'}",
        temporal_port=temporal,
        temporal_ui_port=ui,
        public_url="http://tenure.example",
        patience_seconds=20,
    )


@asynccontextmanager
async def house(read: Settings) -> AsyncIterator[Estate]:
    """The house, running, and the way into it."""
    async with running(read, headless=True) as made, calling(made) as estate:
        yield estate


async def begun(estate: Estate, stages: dict[str, tuple[str, str, int]]) -> dict[str, tuple[Player, Played]]:
    """A contract in each of the stages, and who plays on with it."""

    async def one(code: str, name: str, steps: int) -> tuple[Player, Played]:
        programme = load(PROGRAMMES / code / "terms.yaml")
        player = Player(estate.http, programme, programme.lives()[name], uuid4().hex[:6])
        played = await player.begin()
        await player.live(played, player.story.when[:steps])
        return player, played

    made = await asyncio.gather(*(one(*stage) for stage in stages.values()))
    return dict(zip(stages, made, strict=True))


async def live_on(
    estate: Estate, lives: dict[str, tuple[Player, Played]], stages: dict[str, tuple[str, str, int]]
) -> dict[str, Played]:
    """Every life from its stage to its end; who plays it can do so again from the same place."""

    async def one(stage: str) -> Played:
        player, played = copy.copy(lives[stage][0]), copy.deepcopy(lives[stage][1])
        player.http = estate.http
        await player.live(played, player.story.when[stages[stage][2] :])
        return await player.end(played)

    ended = await asyncio.gather(*map(one, lives))
    return dict(zip(lives, ended, strict=True))


def check_lives(lives: dict[str, tuple[Player, Played]], ended: dict[str, Played]) -> None:
    """Each trail is the simulator's."""
    for stage, (player, _) in lives.items():
        played = ended[stage]
        expected, wrong = simulated(player.programme, player.story, played.number)
        assert [*wrong, *played.wrong, *differs(expected.entries, played.entries)] == [], stage


async def documents(database: Database) -> tuple[dict[str, list[int]], Counter[str]]:
    """The invoices' numbers by their series, in order, and how often each message of ours was sent under its id."""
    async with database.read() as connection:
        numbers = sorted(await connection.scalars(select(invoice.c.number).where(invoice.c.number.is_not(None))))
        sent = Counter(await connection.scalars(select(message.c.message_id)))
    series: dict[str, list[int]] = {}
    for number in numbers:
        name, _, count = number.rpartition("-")
        series.setdefault(name, []).append(int(count))
    return series, sent


async def unsettled(database: Database) -> list[Difference]:
    """Where trail, documents, books and payments differ."""
    async with database.read() as connection:
        return [item async for item in differences(connection)]


async def restored(read: Settings, folder: Path) -> list[Difference]:
    """What `./tenure restore` finds that differs."""
    _, wrong = await _restore(read, folder, 1000, Console(quiet=True))
    return list(wrong)


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Where our database is before the disaster, and where after it; none for the house's own file."""
    if request.param == "sqlite":
        yield None, None
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_server")
    with cluster.database() as before, cluster.database() as after:
        yield before, after


@pytest.mark.timeout(900)
async def test_contracts_in_every_stage_live_on_from_a_backup(urls: Urls, tmp_path: Path) -> None:
    """Backed up while it runs, lived on for years, lost, restored, lived on: each life is the simulator's.

    Invoices have no gap in their numbers, nothing is there twice, and what was sent after the backup is sent again
    under the id under which it was sent.
    """
    stages = STAGES if urls[0] is None else dict(list(STAGES.items())[3:6])
    read = settings_of(tmp_path, urls[0])
    backup = tmp_path / "backup"
    backup.mkdir()
    async with house(read) as estate:
        lives = await begun(estate, stages)
        statuses = {(await estate.caller.get(f"/v1/contracts/{life.number}"))["status"] for _, life in lives.values()}
        facts = await _back_up(read, backup)
        assert facts["contracts"] == len(stages)
        first = await live_on(estate, lives, stages)
        check_lives(lives, first)
        _, told_before = await documents(estate.database)
    assert urls[0] or statuses == STATUSES

    shutil.rmtree(read.var_dir)
    read = read.model_copy(update={"database_url": urls[1]}) if urls[1] else read
    assert await restored(read, backup) == []
    async with house(read) as estate:
        again = await live_on(estate, lives, stages)
        check_lives(lives, again)
        assert await unsettled(estate.database) == []
        series, told_again = await documents(estate.database)
        assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in series.values())
        assert told_again == told_before
        assert set(told_again.values()) == {1}
    for stage, played in again.items():
        assert (played.invoices, played.credits, played.notices) == (
            first[stage].invoices,
            first[stage].credits,
            first[stage].notices,
        )


@pytest.mark.timeout(900)
async def test_copies_of_different_ages_are_told_apart_and_bill_nothing(tmp_path: Path) -> None:
    """Which of both is older is said for each contract; and what differs from the trail is not written, nor billed.

    A contract of whose pause only the database knows would bill on: it stops instead, until a person has looked.
    """
    read = settings_of(tmp_path)
    old, new, mixed = (tmp_path / name for name in ("old", "new", "mixed"))
    for folder in (old, new, mixed):
        folder.mkdir()
    stages = {"active": ("hpg", "month_end", 2), "quoted": ("icm", "reinstated", 0)}
    async with house(read) as estate:
        lives = await begun(estate, stages)
        number = lives["active"][1].number
        await _back_up(read, old)
        await estate.caller.post(f"/v1/contracts/{number}/suspend", {"reason": "holiday"})
        other = await begun(estate, {"new": ("icm", "reinstated", 0)})
        await eventually(lambda: _is_suspended(estate, number))
        await _back_up(read, new)
    lost = other["new"][1].number

    later = await disagreements_of(tmp_path, ours=old, temporals=new)
    assert "the database is older, and lacks" in later[number]
    assert "the database is older" in later[lost]
    earlier = await disagreements_of(tmp_path, ours=new, temporals=old)
    assert "Temporal is older, and knows nothing of suspended" in earlier[number]
    assert "it does not know this contract" in earlier[lost]
    assert set(later) == set(earlier) == {number, lost}

    mixed_up = settings_of(tmp_path / "mixed")
    async with house(mixed_up) as estate:
        before = await trail(estate.database, number), await documents(estate.database)
        await estate.caller.send("POST", f"/v1/contracts/{number}/test-clock/advance", json={"by": "P2M"})
        handle = estate.client.get_workflow_handle(f"contract:{number}")

        async def stopped() -> bool:
            pending = (await handle.describe()).raw_description.pending_activities
            return any("not of the same backup" in item.last_failure.message for item in pending)

        await eventually(stopped, seconds=60)
        assert (await trail(estate.database, number), await documents(estate.database)) == before


async def disagreements_of(tmp_path: Path, *, ours: Path, temporals: Path) -> dict[str, str]:
    """What differs in a house of two halves, by contract; the house is left there."""
    folder = tmp_path / "mixed"
    shutil.rmtree(folder, ignore_errors=True)
    read = settings_of(folder)
    read.var_dir.mkdir(parents=True)
    shutil.copy(ours / "tenure.db", read.var_dir)
    shutil.copy(temporals / "temporal.db", read.var_dir)
    async with opened(read) as database, reach_temporal(read, ALL, headless=True) as reached:
        found = await disagreements(await connect(reached), reached, database)
    return {item.contract: item.what for item in found}


async def _is_suspended(estate: Estate, number: str) -> bool:
    """Whether the suspension is written down."""
    return bool((await estate.caller.get(f"/v1/contracts/{number}"))["status"] == "Suspended")


async def trail(database: Database, number: str) -> list[tuple[int, str]]:
    """What is written down of a contract."""
    query = select(audit_entry.c.seq, audit_entry.c.kind).where(audit_entry.c.contract == number)
    async with database.read() as connection:
        return [(row.seq, row.kind) for row in await connection.execute(query.order_by(audit_entry.c.seq))]


async def test_what_a_restore_replaces_is_kept_and_new_numbers_are_others(tmp_path: Path) -> None:
    """A wrong restore can be undone by hand; a contract that is lost shares its number with no later one."""
    read = settings_of(tmp_path)
    backup = tmp_path / "backup"
    backup.mkdir()
    async with house(read) as estate:
        await begun(estate, {"quoted": ("icm", "reinstated", 0)})
        await _back_up(read, backup)
        with pytest.raises(AlreadyRunning):
            await restored(read, backup)
        (lost,) = (await begun(estate, {"lost": ("icm", "reinstated", 0)})).values()
    assert await restored(read, backup) == []
    (aside,) = read.var_dir.glob("before-*")
    assert {"temporal.db", "tenure.db"} <= {path.name for path in aside.iterdir()}
    async with house(read) as estate:
        (made,) = (await begun(estate, {"new": ("icm", "reinstated", 0)})).values()
    assert int(made[1].number.rpartition("-")[2]) == int(lost[1].number.rpartition("-")[2]) + 1000


async def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    """A folder without its list, a damaged copy, and a server that is elsewhere: each says what to do."""
    read = settings_of(tmp_path)
    with pytest.raises(CannotBackUp, match="is no backup"):
        await restored(read, tmp_path)
    (tmp_path / "temporal.db").write_bytes(b"x")
    (tmp_path / "manifest.json").write_text('{"format": 1, "files": {"temporal.db": "0"}}')
    with pytest.raises(CannotBackUp, match="not what was backed up"):
        sealed(tmp_path)
    elsewhere = read.model_copy(update={"temporal_address": "temporal.example:7233"})
    with pytest.raises(CannotBackUp, match=r"Temporal runs at temporal\.example:7233"):
        await restored(elsewhere, tmp_path)


@pytest.mark.timeout(600)
def test_an_operator_backs_up_a_running_house_and_restores_it(environment: Environment, tmp_path: Path) -> None:
    """Each command says what it did, or what stands against it; while the house runs nothing is put in its place."""
    folder = str(tmp_path / "backup")
    with everything(environment, tmp_path / "log"):
        made = tenure(environment, "backup", folder)
        assert (made.returncode, made.stdout[: len(folder)]) == (0, folder), made.stderr
        again = tenure(environment, "backup", folder)
        assert (again.returncode, "is there already" in again.stderr) == (1, True)
        served = tenure(environment, "restore", folder)
        assert (served.returncode, "is already served by" in served.stderr) == (1, True)
        agrees = tenure(environment, "reconcile")
        assert (agrees.returncode, agrees.stdout) == (0, "Everything agrees.\n"), agrees.stdout + agrees.stderr
    back = tenure(environment, "restore", folder)
    assert back.returncode == 0, back.stdout + back.stderr
    assert "What was here is in" in back.stdout
    assert "cannot be known from here" in back.stdout
