"""`./tenure import` and `./tenure export`, as a person types them, against everything running."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.portfolio import portfolio
from domain.calendar import instant
from domain.effects import Outcome
from domain.retrace import restored
from domain.simulator import Life
from domain.terms import Terms
from runtime.settings import CHECKOUT
from storage import contracts
from storage.contracts import Filters
from storage.database import Database
from storage.programmes import everything as all_programmes
from tests.runtime.launched import PATIENCE_SECONDS, Environment, everything, tenure

MANY = 60
WATCHED = timedelta(days=420)


def write(path: Path, number: int) -> Path:
    """A file of contracts, as of some days ago."""
    day = datetime.now(UTC).date() - timedelta(days=4)
    lines = [json.dumps(record) for record in portfolio(day, seed=3).records(number)]
    path.write_text("\n".join(lines) + "\n")
    return path


def database(environment: Environment) -> str:
    """Where the house keeps its contracts."""
    return str(Path(environment["TENURE_VAR_DIR"]) / "tenure.db")


def asked(environment: Environment, query: str) -> list[Any]:
    """What the house's database answers."""
    with sqlite3.connect(database(environment)) as connection:
        return connection.execute(query).fetchall()


def eventually_started(environment: Environment, number: int) -> None:
    """Wait until so many contracts have said something themselves."""
    until = time.monotonic() + PATIENCE_SECONDS
    while asked(environment, "select count(*) from contract where status <> 'Starting'") != [(number,)]:
        assert time.monotonic() < until, asked(environment, "select status, count(*) from contract group by status")
        time.sleep(0.1)


@pytest.mark.timeout(300)
def test_an_import_that_is_killed_goes_on(environment: Environment, tmp_path: Path) -> None:
    """Killed in the middle and run again: every contract is there once, with one beginning; a third run adds none."""
    file = write(tmp_path / "contracts.jsonl", MANY)
    with everything(environment, tmp_path / "log"):
        command = ["./tenure", "import", str(file), "--rate", "3"]
        with subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL) as first:
            until = time.monotonic() + PATIENCE_SECONDS
            while asked(environment, "select count(*) from contract")[0][0] < MANY / 4:
                assert first.poll() is None
                assert time.monotonic() < until
                time.sleep(0.02)
            first.kill()
        assert 0 < asked(environment, "select count(*) from contract")[0][0] < MANY
        again = tenure(environment, "import", str(file))
        assert again.returncode == 0, again.stdout + again.stderr
        eventually_started(environment, MANY)
        third = tenure(environment, "import", str(file))
        assert f"0 contracts to bring in, {MANY} are there" in third.stdout, third.stdout
    assert asked(environment, "select count(*) from audit_entry where kind = 'taken_over'") == [(MANY,)]
    assert asked(environment, "select count(*), count(distinct contract) from brought_contract") == [(MANY, MANY)]
    agrees = tenure(environment, "reconcile")
    assert "Everything agrees." in agrees.stdout, agrees.stdout


def test_a_dry_run_needs_no_server(environment: Environment, tmp_path: Path) -> None:
    """It prints what would be done, in figures; wrong lines are named, and end it with 1."""
    file = write(tmp_path / "contracts.jsonl", 20)
    tenure(environment, "migrate")
    done = tenure(environment, "import", str(file), "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 contracts to bring in, 0 are there" in done.stdout
    assert all(title in done.stdout for title in ("Recurring", "What happens next", "Net a month"))
    with file.open("a") as out:
        out.write('{"reference": "wrong", "programme": "HPG"}\n')
    wrong = tenure(environment, "import", str(file))
    assert wrong.returncode == 1
    assert "line 21, lines: a contract has at least one line" in wrong.stdout
    assert "Nothing was brought in." in wrong.stdout
    nowhere = tenure(environment, "import", str(file), "--clock", "none")
    assert (nowhere.returncode, "there is no test clock none" in nowhere.stderr) == (2, True)
    assert asked(environment, "select count(*) from contract") == [(0,)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
async def test_what_is_exported_has_the_same_future_elsewhere(
    environment: Environment, tmp_path: Path, suffix: str
) -> None:
    """Every contract, as it stood the day before yesterday, given out and brought into an empty system."""
    file = write(tmp_path / "contracts.jsonl", MANY)
    other = environment | {"TENURE_VAR_DIR": str(tmp_path / "other")}
    moved, day = tmp_path / f"moved.{suffix}", datetime.now(UTC).date() - timedelta(days=2)
    for house, brought in ((environment, file), (other, moved)):
        with everything(house, tmp_path / "log"):
            done = tenure(house, "import", str(brought))
            assert done.returncode == 0, done.stdout + done.stderr
            eventually_started(house, MANY)
            _eventually_settled(house)
        if house is environment:
            given = tenure(house, "export", str(moved), "--as-of", day.isoformat())
            assert f"{MANY} contracts as of {day}" in given.stderr, given.stderr
    stayed, went = [await _futures(database(house), day) for house in (environment, other)]
    assert len(stayed) == MANY
    for number, future in stayed.items():
        assert went[number] == future, number


def _eventually_settled(environment: Environment) -> None:
    """Wait until no contract has anything to do or to tell any more."""
    until = time.monotonic() + PATIENCE_SECONDS
    now, before = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" "), [(-1,)]
    while True:
        told = asked(environment, "select count(*) from audit_entry")
        due = asked(environment, f"select count(*) from contract where next_due_at <= '{now}'")  # noqa: S608
        if told == before and due == [(0,)]:
            return
        assert time.monotonic() < until, asked(environment, "select number, next_due_at from contract")
        before = told
        time.sleep(2)


async def _futures(path: str, day: date) -> dict[str, list[tuple[Any, ...]]]:
    """What each contract has done since a day, and will do, as its trail tells it."""
    opened = Database(f"sqlite+aiosqlite:///{path}")
    found = {}
    async with opened.read() as connection:
        terms: dict[str, dict[int, Terms]] = {}
        for row in await all_programmes(connection):
            terms.setdefault(row["code"], {})[row["version"]] = Terms.model_validate(row["terms"])
        for view in await contracts.page(connection, Filters(), after=None, limit=MANY):
            entries = await contracts.entries(connection, view.number, after=0, limit=500)
            contract = restored(entries, terms[view.programme])
            assert contract is not None
            life = Life(contract, lambda _contract, _effect: Outcome())
            life.live_until(instant(day, contract.zone) + WATCHED)
            since = [item for item in entries if item.at >= instant(day, contract.zone)]
            own = [item for item in (*since, *life.entries) if item.kind != "taken_over"]
            found[view.number] = [(item.at, item.kind, item.amount, item.summary) for item in own]
    await opened.close()
    return found
