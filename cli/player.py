"""A scenario played on the real thing: through the HTTP API, on a test clock of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from pydantic import TypeAdapter

from adapters.programme_files import Programme
from cli.fleet_file import fleet_file
from cli.simulate import device_of
from cli.timeline import Row, rows
from domain.scenario import GivenOffer, Scenario, When, given_offers, local, numbered
from domain.view import Entry

WAIT = 60
_JSON: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
"""What a scenario says, with YAML's own dates and numbers, as JSON."""
ADDRESS = {"name": "Demo", "street": "1 rue de la Paix", "postal_code": "75002", "city": "Paris", "country": "FR"}


class PlayFailed(Exception):
    """The API answered something that no scenario expects."""


@dataclass(slots=True)
class Played:
    """A life that was lived on the server."""

    number: str
    currency: str
    entries: list[Entry] = field(default_factory=list)
    refusals: list[Row] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    invoices: int = 0
    credits: int = 0
    notices: int = 0

    def rows(self) -> list[Row]:
        """Its timeline, with what was refused on the way."""
        lines = rows(self.entries)
        for refusal in self.refusals:
            place = next((index for index, line in enumerate(lines) if line.on > refusal.on), len(lines))
            lines.insert(place, refusal)
        return lines


class Player:
    """Plays one scenario; ``run`` keeps its customer apart from those of other runs."""

    def __init__(self, http: httpx.AsyncClient, programme: Programme, story: Scenario, run: str) -> None:
        self.http, self.programme, self.story, self._run = http, programme, story, run
        self._salt = secrets.token_hex(3)
        self._count = 0
        self._clock = ""
        self._fleet = ""

    async def play(self) -> Played:
        """Live the scenario through, and read back what became of it."""
        played = await self.begin()
        await self.live(played, self.story.when)
        return await self.end(played)

    async def begin(self) -> Played:
        """Quote what the scenario offers, on a clock of its own."""
        story, terms = self.story, self.programme.terms
        made = await self._ask("POST", "/test-clocks", {"name": story.title, "now": _text(story.begins_at(terms))})
        self._clock = made["id"]
        await self._import_fleet()
        await self._register_devices(story.given.offers)
        quoted = await self._ask("POST", "/quotes", self._quote())
        return Played(number=quoted["number"], currency=terms.currency)

    async def live(self, played: Played, steps: Iterable[When]) -> None:
        """Take some of the scenario's steps, each at its time."""
        for step in steps:
            await self._move(local(step.at, self.programme.terms))
            await self._step(played, step)

    async def end(self, played: Played) -> Played:
        """Live on to the scenario's end, and read back what became of it."""
        await self._move(self.story.ends_at(self.programme.terms))
        await self._read(played)
        return played

    async def _import_fleet(self) -> None:
        given, terms = self.story.given, self.programme.terms
        if given.fleet is None or terms.fleet is None:
            return
        whose = {"customer": f"{given.customer.id}-{self._run}", "programme": terms.code}
        self._fleet = (await self._ask("POST", "/fleets", whose))["id"]
        headers = {"Idempotency-Key": f"{self._fleet}-devices", "Content-Type": "text/csv"}
        content = fleet_file(self.story, terms.fleet).encode()
        path = f"/fleets/{self._fleet}/devices"
        response = await self.http.request("PUT", path, content=content, headers=headers)
        if response.status_code >= 300:
            raise PlayFailed(f"PUT {path}: {response.status_code} {response.text}")

    async def _register_devices(self, items: Iterable[GivenOffer]) -> None:
        if self._fleet:
            return
        for item in items:
            service = self.programme.catalogue.service(item.service)
            if service is None:
                raise PlayFailed(f"the catalogue has no service {item.service}")
            device = device_of(service, item).model_dump(mode="json", exclude={"serial"}, exclude_none=True)
            await self._ask("PUT", f"/devices/{item.serial}", device)

    def _quote(self) -> dict[str, Any]:
        given = self.story.given
        customer = given.customer.model_dump(mode="json", exclude_none=True)
        offers = [_asked(item) | ({"serial": self._fleet} if self._fleet else {}) for item in given.offers]
        asked = {
            "programme": self.programme.terms.code,
            "customer": customer | {"id": f"{given.customer.id}-{self._run}"},
            "period": given.period,
            "offers": offers,
            "test_clock": self._clock,
        }
        more = given.model_dump(mode="json", exclude={"customer", "offers", "period", "fleet"}, exclude_none=True)
        return asked | more | ({"fleet": self._fleet} if self._fleet else {})

    async def _move(self, to: datetime) -> None:
        body = {"to": _text(to)}
        state = await self._ask("POST", f"/test-clocks/{self._clock}/advance", body, params={"wait": WAIT})
        for _ in range(10):
            if state["status"] == "ready":
                return
            state = await self._ask("GET", f"/test-clocks/{self._clock}", params={"wait": WAIT})
        raise PlayFailed(f"the clock does not arrive at {to}")

    async def _step(self, played: Played, step: When) -> None:
        response = await self._command(played.number, step)
        if response.status_code < 300:
            if step.refused:
                played.wrong.append(f"{step.at} {step.do} was taken; {step.refused.rule} should have refused it")
            return
        problem = response.json()
        since = (problem.get("allowed_from") or "")[:10] or None
        expected = step.refused
        if expected is None or (expected.rule, str(expected.since or "")) != (problem.get("rule"), since or ""):
            played.wrong.append(f"{step.at} {step.do}: {response.status_code} {problem}")
        what = f"Refused `{step.do}`: {problem['detail']}" + (f"; possible from {since}" if since else "")
        played.refusals.append(Row(on=step.at.date(), what=what, rule=problem.get("rule", ""), refused=True))

    async def _command(self, number: str, step: When) -> httpx.Response:
        body = numbered(step.with_, number)
        brought = given_offers(step)
        await self._register_devices(brought)
        match step.do:
            case "revise":
                return await self._send(
                    "PUT", f"/quotes/{number}", body | {"offers": [_asked(item) for item in brought]}
                )
            case "add_line":
                more = {name: value for name, value in body.items() if name not in GivenOffer.model_fields}
                return await self._send("POST", f"/contracts/{number}/add-line", more | _asked(brought[0]))
            case "accept" | "reject":
                return await self._send("POST", f"/quotes/{number}/{step.do}", body)
            case "checkout":
                return await self._checkout(number, body)
            case "pay":
                return await self._send("POST", f"/contracts/{number}/payments", body)
            case "report_payment" | "report_collection":
                return await self._send("POST", f"/contracts/{number}/payment-reports", body)
            case "report_inspection":
                return await self._send("POST", f"/contracts/{number}/inspections/{body.pop('line')}", body)
            case "open_case":
                body.pop("device", None)
                return await self._send("POST", f"/contracts/{number}/cases", body)
            case "advance_case":
                return await self._send("POST", f"/contracts/{number}/cases/{body.pop('case')}/advance", body)
            case name:
                return await self._send("POST", f"/contracts/{number}/{name.replace('_', '-')}", body)

    async def _checkout(self, number: str, body: dict[str, Any]) -> httpx.Response:
        discount = body.get("discount")
        details: dict[str, Any] = {name: body[name] for name in ("method", "form", "invoice_on") if name in body}
        if discount:
            details |= {"coupon": discount["code"], "coupon_line": discount["line"]}
        checkout = f"/contracts/{number}/checkout"
        await self._send("PUT", f"{checkout}/billing-address", ADDRESS)
        await self._send("PUT", f"{checkout}/payment-details", details)
        return await self._send("POST", f"{checkout}/confirmation", {"password": f"demo-{self._run}-password"})

    async def _read(self, played: Played) -> None:
        contract = f"/contracts/{played.number}"
        cursor: str | None = None
        while True:
            params = {"limit": 200} | ({"page": cursor} if cursor else {})
            page = await self._ask("GET", f"{contract}/events", params=params)
            played.entries += [Entry.model_validate(item) for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        played.entries = [entry for entry in played.entries if not entry.kind.startswith("operations.")]
        played.invoices = len(await self._ask("GET", f"{contract}/invoices"))
        played.credits = len(await self._ask("GET", f"{contract}/credit-notes"))
        played.notices = len(await self._ask("GET", f"{contract}/notices"))

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> Any:
        response = await self._send(method, path, body, params)
        if response.status_code >= 300:
            raise PlayFailed(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> httpx.Response:
        self._count += 1
        headers = {"Idempotency-Key": f"{self._run}-{self._clock or 'clock'}-{self._salt}-{self._count}"}
        plain = None if body is None else _JSON.dump_python(body, mode="json")
        return await self.http.request(method, path, json=plain, params=params, headers=headers)


def _asked(item: GivenOffer) -> dict[str, Any]:
    return {"id": item.id, "serial": item.serial, "service": item.service, "quantity": item.quantity}


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
