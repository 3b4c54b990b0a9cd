"""The launcher: everything up and down again, keys, and what it says when it cannot go on."""

import re
import signal
import socket
from pathlib import Path

import httpx
import psutil
import pytest
from fastapi import FastAPI

from cli.http import CannotServe, serving
from cli.serve import running
from runtime.ports import is_free
from runtime.settings import read_settings
from runtime.temporal_server import EmbeddedServer
from tests.runtime.launched import PATIENCE_SECONDS, Environment, everything, tenure


def test_everything_comes_up_ends_in_order_and_comes_up_again(environment: Environment, tmp_path: Path) -> None:
    """`up` prints addresses that answer; SIGTERM and Ctrl-C end the whole process tree; the data stays."""
    log = tmp_path / "log"
    for asked, end in enumerate((signal.SIGTERM, signal.SIGINT)):
        with everything(environment, log) as process:
            addresses = re.findall(r"http://\S+", log.read_text())
            assert len(addresses) == 3
            assert [httpx.get(url, follow_redirects=True).status_code for url in addresses] == [200, 200, 200]
            assert ready(environment) == 200
            family = psutil.Process(process.pid).children(recursive=True)
            assert [child.name() for child in family] == ["temporal"]
            assert ("keys create" in log.read_text()) == (asked == 0)
            if asked == 0:
                assert tenure(environment, "keys", "create", "me").returncode == 0
            process.send_signal(end)
            assert process.wait(PATIENCE_SECONDS) == 0, log.read_text()
        assert not any(child.is_running() for child in family)
        assert "Traceback" not in log.read_text()


async def test_a_house_that_is_left_ends_without_a_word(temporal_server: EmbeddedServer, tmp_path: Path) -> None:
    """A command that has done its work, like the demo, leaves a house that ends in order by itself."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'tenure.db'}"
    read = read_settings(temporal_address=temporal_server.address, database_url=url, task_queue=tmp_path.name)
    async with running(read) as house:
        assert await house.client.service_client.check_health()


def ready(environment: Environment) -> int:
    """What the readiness probe says."""
    return httpx.get(f"http://127.0.0.1:{environment['TENURE_API_PORT']}/ready").status_code


def test_server_goes_when_everything_is_killed(environment: Environment, tmp_path: Path) -> None:
    """After a SIGKILL no Temporal server stays behind that would hold the data and the port."""
    with everything(environment, tmp_path / "log") as process:
        (server,) = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        psutil.wait_procs([server], timeout=10)
    assert is_free(int(environment["TENURE_TEMPORAL_PORT"]))


def test_key_is_shown_once_listed_and_revoked(environment: Environment) -> None:
    """The secret is the only thing on standard output, so that a script can take it; the list never has it."""
    secret = tenure(environment, "keys", "create", "shop", "--scope", "read").stdout.strip()
    key_id = secret.split("_")[1]
    listed = tenure(environment, "keys", "list").stdout
    assert key_id in listed
    assert secret not in listed
    assert tenure(environment, "keys", "revoke", key_id).returncode == 0
    again = tenure(environment, "keys", "revoke", key_id)
    assert (again.returncode, "could be revoked" in again.stderr) == (2, True)


def test_unknown_scope_is_refused(environment: Environment) -> None:
    """A misspelt scope makes no key, and the right ones are named."""
    done = tenure(environment, "keys", "create", "shop", "--scope", "everything")
    assert done.returncode == 2
    assert "operate" in done.stderr


def test_migrating_twice_is_migrating_once(environment: Environment) -> None:
    """The command can be part of every deployment."""
    first, second = tenure(environment, "migrate"), tenure(environment, "migrate")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert first.stdout == second.stdout


@pytest.mark.parametrize("command", ["worker", "api"])
def test_database_that_is_behind_is_told_plainly(environment: Environment, command: str) -> None:
    """A program that would fail at its first query says at its start what is to be done."""
    done = tenure(environment, command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The database does not have this version's tables: run ./tenure migrate first.\n"


def test_wrong_setting_is_told_plainly(environment: Environment) -> None:
    """A misspelt variable ends the command with one sentence that names it."""
    done = tenure({**environment, "TENURE_API_PRT": "1"}, "up")
    assert done.returncode == 1
    assert done.stderr == "TENURE_API_PRT: there is no such setting, did you mean TENURE_API_PORT?\n"


def test_missing_server_is_told_plainly(environment: Environment) -> None:
    """A worker that finds no Temporal server names the address it tried."""
    tenure(environment, "migrate")
    done = tenure({**environment, "TEMPORAL_ADDRESS": "127.0.0.1:1"}, "worker")
    assert done.returncode == 1
    assert done.stderr == "No Temporal server answers at 127.0.0.1:1: is TEMPORAL_ADDRESS right?\n"


async def test_taken_port_of_the_api_names_the_setting() -> None:
    """Nothing is served beside another program: the message has the address, the reason and the variables."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotServe, match=rf"127\.0\.0\.1:{port} \(Address already in use\): set .*_PORT"):
            async with serving(FastAPI(), read_settings(api_port=port)):
                pass
