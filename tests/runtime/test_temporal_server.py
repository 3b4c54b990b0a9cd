"""The embedded Temporal server: its data stays, it is alone, and it never outlives us."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from runtime.ports import free_ports, is_free
from runtime.settings import CHECKOUT, read_settings
from runtime.temporal import TemporalUnreachable, connect
from runtime.temporal_server import AlreadyRunning, EmbeddedServer, EmbeddedServerFailed, reach_temporal

HOLDER = """
import asyncio, sys
from pathlib import Path
from runtime.temporal_server import EmbeddedServer

async def hold():
    async with EmbeddedServer(Path(sys.argv[1]), data_dir=Path(sys.argv[2]), headless=True) as server:
        print(server._process.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


def gone(pid: int, within: float = 10) -> bool:
    """Whether the process ends in that time."""
    until = time.monotonic() + within
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


async def test_data_is_kept_across_a_restart(temporal_program: Path, tmp_path: Path) -> None:
    """A workflow started before the server stopped is there after it started again, with its search attribute."""
    city = SearchAttributeKey.for_keyword("City")
    for started in (False, True):
        ports = dict(zip(("temporal_port", "temporal_ui_port"), free_ports(2), strict=True))
        settings = read_settings(var_dir=tmp_path, **ports)
        async with reach_temporal(settings, [city], headless=True) as reached:
            client = await connect(reached)
            if not started:
                await client.start_workflow("Sleeper", id="contract:1", task_queue="nobody")
            assert (await client.get_workflow_handle("contract:1").describe()).workflow_type == "Sleeper"
            assert (await client.count_workflows("City IS NULL")).count >= 0


async def test_server_in_the_settings_is_used_and_left_alone(temporal_server: EmbeddedServer, tmp_path: Path) -> None:
    """With an address given, nothing is started and nothing is stopped."""
    settings = read_settings(temporal_address=temporal_server.address, var_dir=tmp_path)
    async with reach_temporal(settings) as reached:
        assert reached is settings
    assert not list(tmp_path.iterdir())
    await Client.connect(temporal_server.address)


async def test_second_instance_on_the_same_data_is_refused(temporal_program: Path, tmp_path: Path) -> None:
    """Two servers on one database would ruin it: the second is told who has it, and the first goes on."""
    async with EmbeddedServer(temporal_program, data_dir=tmp_path, headless=True) as first:
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()} with its Temporal server"):
            await EmbeddedServer(temporal_program, data_dir=tmp_path, headless=True).__aenter__()
        await Client.connect(first.address)


async def test_lock_file_left_by_a_crash_is_no_obstacle(temporal_program: Path, tmp_path: Path) -> None:
    """Only a living holder counts, not the file that a dead one left."""
    (tmp_path / "temporal.lock").write_text("process 1 with its Temporal server, process 2")
    async with EmbeddedServer(temporal_program, data_dir=tmp_path, headless=True) as server:
        await Client.connect(server.address)


async def test_taken_port_names_the_setting(temporal_program: Path, temporal_server: EmbeddedServer) -> None:
    """A port that another program has is told by number, with the variable that moves ours."""
    with pytest.raises(EmbeddedServerFailed, match=f"Port {temporal_server.port} .* TENURE_TEMPORAL_PORT"):
        await EmbeddedServer(temporal_program, data_dir=None, port=temporal_server.port, headless=True).__aenter__()


async def test_server_that_cannot_start_shows_its_last_words(temporal_program: Path, tmp_path: Path) -> None:
    """What the server itself complained about reaches the person, and nothing is left running."""
    (tmp_path / "temporal.db").write_text("no database at all, but long enough to be looked at" * 100)
    server = EmbeddedServer(temporal_program, data_dir=tmp_path, headless=True)
    with pytest.raises(EmbeddedServerFailed, match="file is not a database"):
        await server.__aenter__()
    assert is_free(server.port)


async def test_pages_are_served_beside_it(temporal_program: Path) -> None:
    """The Temporal UI answers at the address that is printed, and a headless server names none."""
    async with EmbeddedServer(temporal_program, data_dir=None) as server:
        assert server.ui_url == f"http://127.0.0.1:{server.ui_port}"
        assert not is_free(server.ui_port)
    assert is_free(server.ui_port)
    assert EmbeddedServer(temporal_program, data_dir=None, headless=True).ui_url is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_server_ends_with_its_parent(temporal_program: Path, tmp_path: Path, end: signal.Signals) -> None:
    """However the parent dies, the server goes too, and its data can be served again at once."""
    command: list[str | Path] = [sys.executable, "-c", HOLDER, temporal_program, tmp_path]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        with closing(parent.stdout):
            server = int(parent.stdout.readline())
            assert psutil.Process(server).name() == "temporal"
            parent.send_signal(end)
            assert gone(server)


async def test_nobody_at_the_address_is_told_plainly() -> None:
    """A client that finds no server names the address it tried and what to do."""
    with pytest.raises(TemporalUnreachable, match=r"127\.0\.0\.1:1: is TEMPORAL_ADDRESS right\?"):
        await connect(read_settings(temporal_address="127.0.0.1:1"), patience=timedelta(seconds=0))
