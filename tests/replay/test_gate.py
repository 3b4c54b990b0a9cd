"""The gate shown shut: builds that would break a sleeping contract, or decide otherwise for it, are refused."""

from __future__ import annotations

import io
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from cli.gate import Wanted, judged
from runtime.gate import differences, read
from runtime.settings import read_settings
from tests.builds import A_CENT_MORE, A_DAY_SOONER, A_NEW_FIELD, RECORDS_BEFORE_IT_SLEEPS, Edit, build, run
from tests.replay.kept import HISTORIES
from tests.replay.stages import lived, stages
from tests.workflows.living import Contract, eventually, worker
from tests.workflows.world import MemoryWorld
from workflows.messages import Baton, ContractStart

QUEUE = "TENURE_TASK_QUEUE"
ASLEEP = ("quoted", "active", "renewal quoted")


@pytest.fixture
def sleeping(tmp_path: Path) -> Path:
    """The newest kept histories of contracts that sleep."""
    folder = tmp_path / "kept"
    folder.mkdir()
    for name in ("asleep-quoted", "asleep-active", "stage-active", "stage-suspended"):
        (path,) = HISTORIES.glob(f"v2-{name}-1.json.gz")
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Where another build goes."""
    folder = tmp_path / "build"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("edit", "name", "what"),
    [
        (RECORDS_BEFORE_IT_SLEEPS, "v2-asleep-active-1", "v2-asleep-active-1 breaks: [TMPRL1100]"),
        (A_DAY_SOONER, "v2-asleep-quoted-1", "decides otherwise: event"),
        (A_CENT_MORE, "v2-stage-active-1", 'bill.charges[0].net was "49.00", this build says "49.01"'),
    ],
    ids=["another activity before its timer", "another day", "another amount"],
)
def test_a_build_that_would_break_a_sleeping_contract_is_refused(
    sleeping: Path, checkout: Path, edit: Edit, name: str, what: str
) -> None:
    """Each is named with what differs, whether Temporal would have noticed it or not."""
    done = run(build(checkout, edit), "gate", "--from", str(sleeping))
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith(name)]
    assert lines, done.stdout
    assert any(what in line for line in lines), done.stdout
    assert "refuse this build" in done.stdout


def test_what_decides_otherwise_may_be_let_pass_on_purpose(sleeping: Path, checkout: Path) -> None:
    """Whoever has looked at the differences lets them pass."""
    done = run(build(checkout, A_CENT_MORE), "gate", "--from", str(sleeping), "--only-breaks")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_kept_history_that_asks_otherwise_is_seen() -> None:
    """Fields for readers may differ and new ones may come; any other difference is told with its place."""
    told = {"key": "a", "summary": "old", "lines": [{"net": "49"}], "gone": None}
    assert [*differences(told, told | {"summary": "new", "more": 1}, {"summary"})] == []
    now = {"key": "a", "summary": "old", "lines": [{"net": "50"}]}
    assert [*differences(told, now)] == ['lines[0].net was "49", this build says "50"']
    assert [*differences(told, {"key": "a", "summary": "old", "lines": []})] == [
        'lines was [{"net": "49"}], this build says []'
    ]
    assert [*differences({"key": "a"}, None)] == [' was {"key": "a"}, this build says null']


def test_a_timer_sleeps_until_the_day_of_the_contract() -> None:
    """The kept sleepers have a timer each, so that the gate has a day to compare."""
    (path,) = HISTORIES.glob("v2-asleep-quoted-1.json.gz")
    types = [event.event_type for event in read(path).events]
    assert types.count(EventType.EVENT_TYPE_TIMER_STARTED) == 1


@dataclass(frozen=True, slots=True)
class Sleepers:
    """Contracts that sleep on a server with no worker: their numbers by stage, and where they are."""

    numbers: dict[str, str]
    env: dict[str, str]


@pytest.fixture
async def sleepers(temporal_client: Client) -> AsyncIterator[Sleepers]:
    """Contracts in several stages, asleep on real time on the server; their worker has stopped."""
    now = datetime.now(UTC).replace(microsecond=0)
    numbers: dict[str, str] = {}
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        for title in ASLEEP:
            stage = stages(now)[title]
            contract = Contract(temporal_client, queue, stage[0], world)
            life = lived(stage, now, contract.number)
            await contract.start(ContractStart(now=now, baton=Baton(contract=life.contract, seq=len(life.entries))))
            await eventually(contract.is_settled)
            numbers[title] = contract.number

    async def listed() -> bool:
        return (await temporal_client.count_workflows(f'TaskQueue = "{queue}"')).count == len(ASLEEP)

    await eventually(listed)
    address = temporal_client.service_client.config.target_host
    yield Sleepers(numbers, {"TEMPORAL_ADDRESS": address, QUEUE: queue})
    for number in numbers.values():
        await temporal_client.get_workflow_handle(f"contract:{number}").terminate("the test is over")


async def test_the_gate_asks_the_contracts_of_a_live_server(sleepers: Sleepers, tmp_path: Path) -> None:
    """A good build is let through; a broken one is refused for the contracts whose sleep it would break, by number.

    Nothing is changed on the server, and no worker needs to run.
    """
    for name in ("good", "sooner", "broken"):
        (tmp_path / name).mkdir()
    good = build(tmp_path / "good", A_NEW_FIELD)
    done = run(good, "gate", **sleepers.env)
    assert (done.returncode, done.stdout) == (0, "3 replayed: this build goes on with all of them.\n"), done.stderr

    sooner = build(tmp_path / "sooner", A_DAY_SOONER)
    done = run(sooner, "gate", **sleepers.env)
    assert done.returncode == 1
    number = sleepers.numbers["quoted"]
    (said,) = [line for line in done.stdout.splitlines() if "decides otherwise" in line]
    assert said.startswith(f"{number} decides otherwise: event")
    assert "the quote lapses" in said
    assert "1 of 3 refuse this build." in done.stdout

    broken = build(tmp_path / "broken", RECORDS_BEFORE_IT_SLEEPS)
    done = run(broken, "gate", **sleepers.env)
    assert done.returncode == 1
    named = {line.split()[0] for line in done.stdout.splitlines() if " breaks: " in line}
    assert named == set(sleepers.numbers.values())


async def test_a_sample_has_one_of_each_kind_of_sleep(sleepers: Sleepers) -> None:
    """Where there are too many to ask all, so many of each that wait for the same step are asked; or one by number."""
    read_now = read_settings(temporal_address=sleepers.env["TEMPORAL_ADDRESS"], task_queue=sleepers.env[QUEUE])
    console = Console(file=io.StringIO())
    one = sleepers.numbers["active"]
    for asked, fit in ((Wanted(sample=1), 2), (Wanted(), 3), (Wanted(contract=one), 1), (Wanted(contract="none"), 0)):
        assert await judged(read_now, console, asked) == Counter(fit=fit)
