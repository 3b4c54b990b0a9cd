"""A deploy as an operator does it: gate, migrate, new workers, current, old workers stopped; and a rollback."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from adapters.programme_files import load
from cli.demo import differs
from cli.player import Played, Player
from cli.preparation import PROGRAMMES
from cli.simulate import simulated
from runtime import deployments
from runtime.ports import free_port
from runtime.settings import read_settings
from runtime.temporal import connect
from runtime.temporal_server import EmbeddedServer
from tests.builds import A_NEW_FIELD, build, environment, run

PATIENCE_SECONDS = 60
LIVES = (("hpj", "renewed"), ("icm", "reinstated"))


@dataclass
class Site:
    """A Temporal server, a database, and the builds that are deployed there."""

    folder: Path
    env: dict[str, str]
    api: str

    def build(self, name: str, *edits: Any) -> Path:
        """A build of that name."""
        folder = self.folder / name
        folder.mkdir()
        return build(folder, *edits)

    def tenure(self, folder: Path, *arguments: str) -> str:
        """What a command of a build prints; it must succeed."""
        done = run(folder, *arguments, **self.env, TENURE_BUILD_ID=folder.name)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    async def current(self, name: str) -> None:
        """What `deploy current` does, without another process."""
        client = await connect(read_settings(temporal_address=self.env["TEMPORAL_ADDRESS"]))
        await deployments.make_current(client, self.env["TENURE_WORKER_DEPLOYMENT"], name)

    @contextmanager
    def program(self, folder: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """A build's worker or API, for as long as the block lasts, ended in order."""
        log = self.folder / f"{folder.name}-{name}-{uuid4().hex[:4]}.log"
        env = environment(self.env | {"TENURE_BUILD_ID": folder.name})
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "cli", name], cwd=folder, env=env, stdout=output, stderr=output
            )
        try:
            yield process
            stop(process)
        finally:
            process.kill()
            process.wait()


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a program in order; it may have ended so already."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0


def current(shown: str) -> list[str]:
    """The build that a deployment's table calls current."""
    return [line.split()[1] for line in shown.splitlines() if "current" in line]


@pytest.fixture
async def site(temporal_program: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A server of its own, because everything in it belongs to one deployment."""
    async with EmbeddedServer(temporal_program, data_dir=None, headless=True) as server:
        port = free_port()
        env = {
            "TEMPORAL_ADDRESS": server.address,
            "TENURE_VAR_DIR": str(tmp_path / "var"),
            "TENURE_WORKER_DEPLOYMENT": "tenure",
            "TENURE_API_PORT": str(port),
        }
        yield Site(tmp_path, env, f"http://127.0.0.1:{port}")


@asynccontextmanager
async def players(site: Site, secret: str) -> AsyncIterator[list[Player]]:
    """Those who play the lives through the API."""
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=f"{site.api}/v1", headers=headers, timeout=120) as http:
        until = time.monotonic() + PATIENCE_SECONDS
        while not await answers(http, site.api):
            assert time.monotonic() < until
            await asyncio.sleep(0.1)
        programmes = {code: load(PROGRAMMES / code / "terms.yaml") for code, _ in LIVES}
        yield [Player(http, programmes[code], programmes[code].lives()[name], "deploy") for code, name in LIVES]


async def answers(http: httpx.AsyncClient, api: str) -> bool:
    """Whether the API is there."""
    try:
        return (await http.get(f"{api}/health")).is_success
    except httpx.TransportError:
        return False


async def third(playing: list[Player], played: list[Played], part: int) -> None:
    """Let each live a third of its steps."""

    async def one(player: Player, so_far: Played) -> None:
        steps = player.story.when
        cut = [0, len(steps) // 3, 2 * len(steps) // 3, len(steps)]
        await player.live(so_far, steps[cut[part] : cut[part + 1]])

    await asyncio.gather(*map(one, playing, played))


@pytest.mark.timeout(900)
async def test_contracts_live_on_through_a_deploy_and_a_rollback(site: Site) -> None:
    """Asleep on build A they go on with B, which knows a field more, and after a rollback with A again.

    At every step the workers of the other build are stopped. Each life is the simulator's.
    """
    a, b = site.build("a"), site.build("b", A_NEW_FIELD)
    site.tenure(a, "migrate")
    secret = site.tenure(a, "keys", "create", "deploy").strip()
    with site.program(a, "api"), ExitStack() as workers:
        async with players(site, secret) as playing:
            running = workers.enter_context(site.program(a, "worker"))
            await site.current("a")
            played = list(await asyncio.gather(*(player.begin() for player in playing)))
            await third(playing, played, 0)
            assert "goes on with all of them" in site.tenure(b, "gate")
            site.tenure(b, "migrate")
            coming = workers.enter_context(site.program(b, "worker"))
            assert "go on with build b" in site.tenure(b, "deploy", "current", "b")
            stop(running)
            await third(playing, played, 1)
            assert current(site.tenure(b, "deploy", "show")) == ["b"]
            workers.enter_context(site.program(a, "worker"))
            await site.current("a")
            stop(coming)
            await third(playing, played, 2)
            ended = await asyncio.gather(*map(Player.end, playing, played))
    for player, life in zip(playing, ended, strict=True):
        expected, wrong = simulated(player.programme, player.story, life.number)
        assert [*wrong, *life.wrong, *differs(expected.entries, life.entries)] == []


async def test_without_a_deployment_there_is_nothing_to_choose(site: Site) -> None:
    """Who asks for a build where workers are not versioned is told what to set."""
    done = run(site.build("a"), "deploy", "current", "a", TEMPORAL_ADDRESS=site.env["TEMPORAL_ADDRESS"])
    assert done.returncode == 1
    assert done.stderr.startswith("Workers are not versioned: set TENURE_WORKER_DEPLOYMENT")
