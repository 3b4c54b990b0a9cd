"""Records the histories that the replay gate replays, those that are missing: `make histories RELEASE=v2`.

What a release has kept stays for good: a change that breaks one of its histories would break a contract that sleeps in
production. Until a release is out, its histories are recorded anew where a decision is changed on purpose.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import httpx
from temporalio.client import Client

import api.bringing.bring
import api.quotes
from adapters.message_list import Messages
from adapters.papers import Papers
from adapters.programme_files import load_all
from api.app import create_app
from api.services import Services
from cli.player import Player
from cli.preparation import PROGRAMMES
from cli.serve import House, running
from runtime.progress import narration
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import read_settings
from runtime.temporal import connect
from runtime.temporal_binary import temporal_binary
from runtime.temporal_server import EmbeddedServer
from storage import keys
from tests.api.house import Caller
from tests.campaigns.portfolio import Estate
from tests.replay.kept import HISTORIES, save_runs, slug
from tests.replay.stages import lived, stages
from tests.takeover.samples import AS_OF, take_over
from tests.workflows.lives import LIVES
from tests.workflows.living import Contract, eventually, worker
from tests.workflows.world import MemoryWorld
from workflows import attributes, catalogue
from workflows.messages import Baton, BooksClosing, ContractStart

WAYS = {"one by one": 1, "at once": catalogue.BATCH}
"""How many effects a contract asks for at once: those of earlier releases one by one."""


@dataclass
class Recorder:
    """Plays every life of a release on one server, and keeps what its workflows did."""

    client: Client
    release: str
    saved: list[Path] = field(default_factory=list)

    def lacks(self, name: str) -> bool:
        """Whether nothing is kept under a name yet: what is kept is not played again."""
        return not (HISTORIES / f"{slug(f'{self.release} {name}')}-1.json.gz").exists()

    async def keep(self, workflow: str, name: str) -> None:
        """Keep every run of a workflow under a name."""
        self.saved += await save_runs(self.client, workflow, f"{self.release} {name}")

    async def lives(self) -> None:
        """The lives that the interpreter is tested with, and a contract that is taken over."""
        for title, (offered, begins, steps, until) in LIVES.items():
            for way, batch in self._ways(title):
                async with self._contract(offered) as contract:
                    await contract.begin(begins, batch=batch)
                    await contract.play(steps, until)
                await self.keep(f"contract:{contract.number}", f"{title} {way}")
        for way, batch in self._ways("taken over"):
            async with self._contract(take_over()) as contract:
                await contract.begin(datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC), batch=batch)
                await contract.move(datetime(2028, 9, 2, tzinfo=UTC))
            await self.keep(f"contract:{contract.number}", f"taken over {way}")

    def _ways(self, title: str) -> list[tuple[str, int]]:
        return [(way, batch) for way, batch in WAYS.items() if self.lacks(f"{title} {way}")]

    async def stages(self) -> None:
        """A contract that sleeps in every stage: on a test clock with its whole history, and on real time."""
        at = datetime(2027, 6, 15, 10, tzinfo=UTC)
        for title, (first, begins, script) in stages(at).items():
            if not self.lacks(f"stage {title}"):
                continue
            async with self._contract(first) as contract:
                await contract.begin(begins, batch=catalogue.BATCH)
                await contract.play(script, at)
                await self.keep(f"contract:{contract.number}", f"stage {title}")
        now = datetime.now(UTC).replace(microsecond=0)
        for title, stage in stages(now).items():
            if not self.lacks(f"asleep {title}"):
                continue
            async with self._contract(stage[0]) as contract:
                life = lived(stage, now, contract.number)
                baton = Baton(contract=life.contract, seq=len(life.entries))
                start = ContractStart(now=now, batch=catalogue.BATCH, baton=baton)
                await contract.start(start)
                await eventually(contract.is_settled)
                await self.keep(f"contract:{contract.number}", f"asleep {title}")

    async def troubles(self) -> None:
        """Contracts whose world does not answer, or says no for good."""
        if not self.lacks("trouble the desk says no"):
            return
        at = datetime(2027, 6, 15, 10, tzinfo=UTC)
        first, begins, script = stages(at)["active"]
        async with self._contract(first, MemoryWorld(broken={"messages"})) as contract:
            await contract.begin(begins, patience_seconds=0.5, batch=catalogue.BATCH)
            await contract.play(script, at)
            await self.keep(f"contract:{contract.number}", "trouble the mail does not answer")
            contract.world.broken.clear()
            await eventually(lambda: not contract.world.views[contract.number].attention, seconds=60)
            await self.keep(f"contract:{contract.number}", "trouble the mail answers again")
        first, begins, script = stages(at)["waiting for an inspection"]
        async with self._contract(first, MemoryWorld(refusing={"ticketing"})) as contract:
            await contract.begin(begins, batch=catalogue.BATCH)
            await contract.play(script, at)
            await eventually(lambda: bool(contract.world.views[contract.number].attention))
            await self.keep(f"contract:{contract.number}", "trouble the desk says no")

    @asynccontextmanager
    async def _contract(self, first: object, world: MemoryWorld | None = None) -> AsyncIterator[Contract]:
        world = world or MemoryWorld()
        async with worker(self.client, world) as queue:
            yield Contract(self.client, queue, first, world)  # type: ignore[arg-type]


async def whole_house(recorder: Recorder, address: str) -> None:
    """Every programme's lives as `./tenure demo` plays them, and whatever else a house's worker runs."""
    with tempfile.TemporaryDirectory() as folder:
        read = read_settings(
            temporal_address=address,
            var_dir=Path(folder),
            database_url=f"sqlite+aiosqlite:///{folder}/tenure.db",
            public_url="http://tenure.example",
            task_queue="recorded",
        )
        async with running(read) as house, calling(house) as estate:
            for way, batch in WAYS.items():
                with (
                    patch.object(catalogue, "BATCH", batch),
                    patch.object(api.quotes, "BATCH", batch),
                    patch.object(api.bringing.bring, "BATCH", batch),
                ):
                    await _golden_lives(recorder, estate, way)
            if recorder.lacks("desk"):
                await _campaigns(recorder, estate)
                await _housekeeping(recorder, estate)
                await recorder.keep(f"dispatcher:{read.task_queue}", "dispatcher")
                await recorder.keep(f"desk:{read.task_queue}", "desk")


@asynccontextmanager
async def calling(house: House) -> AsyncIterator[Estate]:
    """The way into a house, without a web server between."""
    app = create_app(Services(house.database, house.client, house.settings, Papers(PROGRAMMES), Messages(PROGRAMMES)))
    async with house.database.write() as connection:
        _, key = await keys.create(connection, "recorder", keys.SCOPES)
    transport, headers = httpx.ASGITransport(app=app), {"Authorization": f"Bearer {key}"}
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://tenure.example", timeout=120) as http,
        httpx.AsyncClient(
            transport=transport, base_url="http://tenure.example/v1", timeout=120, headers=headers
        ) as player,
    ):
        yield Estate(house.settings, house.client, house.database, Caller(http, key), player)


async def _golden_lives(recorder: Recorder, estate: Estate, way: str) -> None:
    for programme in load_all(PROGRAMMES):
        for name, story in programme.lives().items():
            if not recorder.lacks(f"{programme.terms.code} {name} {way}"):
                continue
            played = await Player(estate.http, programme, story, uuid4().hex[:6]).play()
            await recorder.keep(f"contract:{played.number}", f"{programme.terms.code} {name} {way}")


async def _campaigns(recorder: Recorder, estate: Estate) -> None:
    """One that is done, one that is paused, and the clock on which their contracts live."""
    clock = await estate.clock()
    await estate.people(clock, monthly=2, machine=2)
    await estate.advance(clock, "2027-07-01T09:00:00Z")
    selection = {"ends_in_from": 0, "ends_in_until": 365, "test_clock": clock}
    slow = {"name": "Slow", "selection": selection, "pace": {"batch": 1, "at_once": 1, "per_second": 1}}
    paused = (await estate.caller.post("/v1/campaigns", slow))["id"]
    await estate.caller.post(f"/v1/campaigns/{paused}/pause", {"reason": "lunch"})
    await estate.becomes(paused, "paused")
    done = (await estate.caller.post("/v1/campaigns", slow | {"name": "Renewals"}))["id"]
    await estate.finished(done)
    await recorder.keep(f"campaign:{paused}", "campaign paused")
    await recorder.keep(f"campaign:{done}", "campaign done")
    await recorder.keep(f"clock:{clock}", "test clock")
    await estate.caller.send("DELETE", f"/v1/test-clocks/{clock}")
    await estate.client.get_workflow_handle(f"clock:{clock}").result()
    await recorder.keep(f"clock:{clock}", "test clock deleted")


async def _housekeeping(recorder: Recorder, estate: Estate) -> None:
    forecast = (await estate.caller.post("/v1/forecasts", {"months": 12}))["id"]
    await estate.caller.get(f"/v1/forecasts/{forecast}", wait=60)
    await recorder.keep(f"forecast:{forecast}", "forecast")
    await estate.client.execute_workflow(
        "CloseBooks", BooksClosing(limit=5), id="close-books", task_queue=estate.settings.task_queue
    )
    await recorder.keep("close-books", "close books")


async def main(release: str, *, anew: bool) -> None:
    """Play the lives of which nothing is kept on a server in memory, and keep their histories; or all of them anew."""
    with narration() as tell:
        binary = await temporal_binary(tell)
    async with EmbeddedServer(binary, data_dir=None, headless=True) as server:
        client = await connect(read_settings(temporal_address=server.address))
        await ensure_search_attributes(client, attributes.ALL)
        for earlier in HISTORIES.glob(f"{release}-*") if anew else ():
            earlier.unlink()
        recorder = Recorder(client, release)
        await recorder.lives()
        await recorder.stages()
        await recorder.troubles()
        await whole_house(recorder, server.address)
    kept = [path.stat().st_size for path in HISTORIES.glob(f"{release}-*")]
    sys.stdout.write(f"{len(recorder.saved)} recorded; {len(kept)} of {release}, {sum(kept) / 1e6:.1f} MB\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], anew="anew" in sys.argv[2:]))
