"""Contracts of several programmes that live on one test clock, made through the API as people make them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client

import worker
from adapters.message_list import Messages
from adapters.papers import Papers
from adapters.programme_files import load
from api.app import create_app
from api.services import Services
from cli.player import Player
from cli.preparation import PROGRAMMES, prepare
from domain.scenario import Scenario
from runtime.settings import Settings, read_settings
from storage import keys
from storage.database import Database
from storage.tables import counter
from tests.api.house import Caller, secret

BEGINS = "2027-01-08T09:00:00Z"
_AT_ONCE = 6
_FR = {"name": "Atelier Brun", "email": "achats@atelier.example", "language": "fr", "country": "FR"}
_JP = {"name": "東製作所", "email": "soumu@higashi.example", "language": "ja", "country": "JP"}
_CA = {"name": "Imprimerie Laval", "email": "ti@laval.example", "language": "fr", "country": "CA", "region": "QC"}
_ES = {"name": "Almacenes Sol", "email": "it@sol.example", "language": "en", "country": "ES"}
_FORM = {"kind": "purchase_order", "details": {"reference": "PO-77"}}
_REPLY = {"kind": "reply_form", "details": {"signed_by": "A", "signed_on": "2027-01-08", "seal": "B"}}
_SIGNED = {"kind": "electronic_signature", "details": {"signed_by": "A", "signed_on": "2027-01-08"}}
_WARRANTY = [{"kind": "warranty", "last_day": "2027-03-31"}]

_ACCOUNT = {"method": "on_account"}
KINDS: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], list[dict[str, Any]]]] = {
    "monthly": ("hpg", _FR, {"period": 1}, {"service": "care-designjet"}, [{"method": "pm_ok_card"}]),
    "contract": (
        "hpj",
        _JP,
        {"period": 12, "start_on": "2027-02-01", "reseller": "Sample Sales"},
        {"service": "foundation-care", "model": "ProServer D380"},
        [_ACCOUNT | {"form": _REPLY}],
    ),
    "package": (
        "hpj",
        _JP,
        {"period": 12},
        {"service": "post-warranty-package", "cover": _WARRANTY},
        [_ACCOUNT | {"form": _FORM}],
    ),
    "machine": (
        "icm",
        _CA,
        {"period": 1},
        {"service": "hardware-onsite", "model": "9043-MR9"},
        [_ACCOUNT | {"form": _SIGNED}],
    ),
    "fleet": (
        "hpp",
        _ES,
        {"period": 12, "fleet": {"on": "2027-01-08", "counted": {"pc": 1200}}},
        {"service": "U80M9E", "quantity": 1200},
        [_ACCOUNT | {"form": _FORM}, {"do": "complete_onboarding"}],
    ),
    "endless": (
        "xec",
        _CA,
        {},
        {
            "service": "extended-service",
            "model": "VersaLink C405",
            "facts": {"networked": True},
            "cover": [{"kind": "warranty", "last_day": "2027-06-30"}],
            "in_use_since": "2026-07-01",
        },
        [_ACCOUNT],
    ),
}
"""By kind: its programme, its customer, what is offered, on what, and the steps after its acceptance."""


class Resident(Player):
    """A contract that is made on a clock which it shares with others."""

    async def settle(self, clock: str | None) -> str:
        """Quote, accept, order, on a clock or in real time; answers with the number."""
        self._clock = clock or ""
        await self._import_fleet()
        await self._register_devices(self.story.given.offers)
        asked = self._quote() | {"test_clock": clock}
        number = str((await self._ask("POST", "/quotes", asked))["number"])
        for step in self.story.when:
            response = await self._command(number, step)
            assert response.status_code < 300, (number, step.do, response.text)
        return number


@dataclass(frozen=True, slots=True)
class Estate:
    """A house with all the programmes that ship, and what its tests ask it with."""

    settings: Settings
    client: Client
    database: Database
    caller: Caller
    http: httpx.AsyncClient

    async def clock(self) -> str:
        """A new test clock at the beginning."""
        return str((await self.caller.post("/v1/test-clocks", {"name": "estate", "now": BEGINS}))["id"])

    async def advance(self, clock: str, to: str) -> None:
        """Move a clock, and wait until it has arrived."""
        state = await self.caller.post(f"/v1/test-clocks/{clock}/advance", {"to": to}, wait=60)
        while state["status"] == "advancing":
            state = await self.caller.get(f"/v1/test-clocks/{clock}", wait=60)

    async def people(self, clock: str | None, **counts: int) -> list[str]:
        """So many contracts of each kind, ordered on a clock or in real time; their numbers."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(kind: str) -> str:
            async with gate:
                return await _resident(self.http, kind).settle(clock)

        wanted = [kind for kind, count in counts.items() for _ in range(count)]
        return sorted(await asyncio.gather(*(one(kind) for kind in wanted)))

    async def finished(self, campaign: str, *, seconds: float = 90) -> dict[str, Any]:
        """A campaign once it is over."""
        return await self.becomes(campaign, "done", "cancelled", seconds=seconds)

    async def becomes(self, campaign: str, *statuses: str, seconds: float = 60) -> dict[str, Any]:
        """A campaign once it has one of these statuses."""
        return await self.sees(campaign, lambda shown: shown["status"] in statuses, seconds=seconds)

    async def sees(
        self, campaign: str, right: Callable[[dict[str, Any]], bool], *, seconds: float = 60
    ) -> dict[str, Any]:
        """A campaign once it is as it should be."""
        shown: dict[str, Any] = {}
        try:
            async with asyncio.timeout(seconds):
                while not shown or not right(shown):
                    shown = await self.caller.get(f"/v1/campaigns/{campaign}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"after {seconds} s the campaign is still {shown}")
        return shown

    async def rows(self, campaign: str, **narrowed: str) -> dict[str, dict[str, Any]]:
        """What each contract of a campaign answered."""
        page = await self.caller.get(f"/v1/campaigns/{campaign}/contracts", limit=200, **narrowed)
        assert page["next_cursor"] is None
        return {row["contract"]: row for row in page["items"]}

    async def quoted(self, number: str) -> int:
        """How often a contract's trail says that a renewal was quoted."""
        events = await self.caller.get(f"/v1/contracts/{number}/events", limit=200)
        return sum(item["kind"] == "renewal_quoted" for item in events["items"])


def _resident(http: httpx.AsyncClient, kind: str) -> Resident:
    programme, customer, given, offer, steps = KINDS[kind]
    run = uuid4().hex[:8]
    serial = "FLEET" if "fleet" in given else f"SN-{run}"
    story = Scenario.model_validate(
        {
            "title": kind,
            "story": kind,
            "starts": "2027-01-08T09:00:00",
            "given": {"customer": customer | {"id": kind}, "offers": [{"id": "1", "serial": serial} | offer]} | given,
            "when": [
                {"at": "2027-01-08T10:00:00", "do": "accept", "with": {"revision": 1}},
                *(
                    {"at": "2027-01-08T10:00:00", "do": step.get("do", "checkout"), "with": _body(step)}
                    for step in steps
                ),
            ],
            "until": "2028-12-31",
        }
    )
    return Resident(http, load(PROGRAMMES / programme / "terms.yaml"), story, run)


def _body(step: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in step.items() if name != "do"}


@asynccontextmanager
async def estate_on(url: str, client: Client, folder: Path, *, working: bool = True) -> AsyncIterator[Estate]:
    """A house with every programme that ships; its contracts' numbers are apart from those of other houses."""
    settings = read_settings(
        database_url=url,
        task_queue=f"estate-{uuid4().hex[:8]}",
        patience_seconds=20,
        var_dir=folder,
        temporal_address=client.service_client.config.target_host,
    )
    database = Database(url)
    await prepare(database)
    await _apart(database)
    app = create_app(Services(database, client, settings, Papers(PROGRAMMES), Messages(PROGRAMMES)))
    key = await secret(database, *keys.SCOPES)
    transport = httpx.ASGITransport(app=app)
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://tenure.example", timeout=90) as http,
        httpx.AsyncClient(
            transport=transport, base_url="http://tenure.example/v1", timeout=90, headers=headers
        ) as player,
    ):
        made = Estate(settings, client, database, Caller(http, key), player)
        if not working:
            yield made
        else:
            async with worker.build(client, settings, database, worker.outside(settings, database)):
                yield made
    await database.close()


async def _apart(database: Database) -> None:
    """Begin to count contracts at a number of this house's own: all houses share one Temporal server."""
    first = int(uuid4().hex[:5], 16) % 90_000 * 10
    async with database.write() as connection:
        for code in {kind[0].upper() for kind in KINDS.values()}:
            scopes = {f"contract/{code}/{year}" for year in (2027, datetime.now(UTC).year)}
            await connection.execute(counter.insert(), [{"scope": scope, "value": first} for scope in scopes])
