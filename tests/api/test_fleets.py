"""Fleets through the API: imported whole or not at all, counted for a quote, audited, served device by device."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import pytest

from adapters.message_list import Messages
from adapters.papers import Papers
from adapters.programme_files import load
from api.commands import state_of
from api.fleet_files import DeviceFile
from api.line_files import MOST_ERRORS
from api.services import Services
from cli.player import Player
from cli.simulate import simulated
from domain.scenario import Scenario, timeline
from domain.warranty.terms import WarrantyTerm
from tests.api.fleet_programme import publish
from tests.api.house import ADDRESS, Caller, House, secret
from tests.domain.test_warranty import TERM

HEADER = "serial,kind,model,country,included,warranty_end,care_pack_end"


@pytest.fixture(scope="session")
async def programme(house: House) -> str:
    """A programme for fleets beside the house's own."""
    return await publish(house)


def lines(number: int, kind: str = "desktop", *, included: str = "yes", ends: str = "2032-12-31") -> list[str]:
    """So many lines of a file."""
    return [f"{kind[:2].upper()}-{n:06d},{kind},Modèle {n % 7},FR,{included},{ends}," for n in range(number)]


def csv_of(*parts: list[str], header: str = HEADER) -> bytes:
    """A file of these lines."""
    return "\n".join([header, *(line for part in parts for line in part), ""]).encode()


class Fleets:
    """Someone who makes fleets."""

    def __init__(self, house: House, programme: str) -> None:
        self.house, self.programme, self.caller = house, programme, house.caller
        self.customer = house.customer()

    async def make(self, *parts: list[str]) -> str:
        """A fleet of the customer's with the devices of these lines."""
        body = {"customer": self.customer["id"], "programme": self.programme}
        made = await self.caller.post("/v1/fleets", body)
        await self.put(made["id"], csv_of(*parts))
        return str(made["id"])

    async def put(self, fleet: str, content: bytes) -> Any:
        """The file's devices as the fleet's; it must be taken."""
        response = await self.send(fleet, content)
        assert response.status_code == 200, response.text
        return response.json()

    async def send(self, fleet: str, content: bytes, **more: Any) -> httpx.Response:
        """The file sent."""
        headers = {"Content-Type": more.pop("media_type", "text/csv")}
        path = f"/v1/fleets/{fleet}/devices"
        return await self.caller.send("PUT", path, content=content, headers=headers, **more)

    def asked(self, fleet: str, *services: str, **more: Any) -> dict[str, Any]:
        """A quote for the fleet."""
        offers = [{"serial": fleet, "service": service} for service in services or ["access-pc"]]
        return {
            "programme": self.programme,
            "customer": self.customer,
            "period": 1,
            "offers": offers,
            "fleet": fleet,
        } | more

    async def served(self, fleet: str, clock: str) -> str:
        """A contract for the fleet, paid and active on a test clock; answers with its number."""
        number = str((await self.caller.post("/v1/quotes", self.asked(fleet, test_clock=clock)))["number"])
        contract = f"/v1/contracts/{number}"
        await self.caller.post(f"/v1/quotes/{number}/accept", {"revision": 1})
        await self.caller.put(f"{contract}/checkout/billing-address", ADDRESS)
        await self.caller.put(f"{contract}/checkout/payment-details", {"method": "pm_ok"})
        await self.caller.post(f"{contract}/checkout/confirmation", {"password": "correct horse battery"})
        await self.house.becomes(number, "Active")
        return number


@pytest.fixture
def fleets(house: House, programme: str) -> Fleets:
    """Someone with a new customer."""
    return Fleets(house, programme)


# The import


async def test_twenty_thousand_devices_are_imported(fleets: Fleets) -> None:
    """They are all there, page by page; a second import replaces them; the same file sent again changes nothing."""
    fleet = await fleets.make(lines(20_000))
    shown = await fleets.caller.get(f"/v1/fleets/{fleet}")
    assert shown["kinds"] == [{"kind": "desktop", "included": 20_000, "left_out": 0}]
    assert shown["imported_at"] is not None
    page = await fleets.caller.get(f"/v1/fleets/{fleet}/devices", limit=2)
    assert [item["serial"] for item in page["items"]] == ["DE-000000", "DE-000001"]
    page = await fleets.caller.get(f"/v1/fleets/{fleet}/devices", limit=1, page=page["next_cursor"])
    assert page["items"][0] == {
        "serial": "DE-000002",
        "kind": "desktop",
        "model": "Modèle 2",
        "country": "FR",
        "included": True,
        "cover": [{"kind": "warranty", "last_day": "2032-12-31", "basis": None}],
        "dates": {},
    }
    again, key = csv_of(lines(3, "printer"), lines(2, "display", included="no")), uuid4().hex
    for _ in range(2):
        response = await fleets.send(fleet, again, key=key)
        assert response.json()["kinds"] == [
            {"kind": "display", "included": 0, "left_out": 2},
            {"kind": "printer", "included": 3, "left_out": 0},
        ]
    other = await fleets.send(fleet, csv_of(lines(4)), key=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:tenure:key-reused")


async def test_bad_lines_are_all_reported_and_nothing_is_imported(fleets: Fleets) -> None:
    """Three bad lines among many: each with number, field and remedy; the devices of before stay."""
    fleet = await fleets.make(lines(5))
    bad = lines(3000)
    bad[6] = bad[6].replace("2032-12-31", "31.12.2032")
    bad[1200] = bad[1200].replace(",yes,", ",perhaps,")
    bad[2500] = bad[17]
    response = await fleets.send(fleet, csv_of(bad))
    problem = response.json()
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert [(item["line"], item["field"]) for item in problem["errors"]] == [
        (8, "warranty_end"),
        (1202, "included"),
        (2502, "serial"),
    ]
    assert problem["errors"][0]["remedy"] == "write year, month and day, such as `2028-05-17`"
    assert problem["errors"][2]["reason"] == "DE-000017 is on line 19 already"
    assert problem["detail"].startswith("3 lines are wrong, nothing was imported")
    assert problem["total"] == 3
    assert (await fleets.caller.get(f"/v1/fleets/{fleet}"))["devices"] == 5


async def test_a_thousand_errors_are_listed_and_all_are_counted(fleets: Fleets) -> None:
    """Of 2,500 bad lines the first thousand are told in full."""
    fleet = await fleets.make(lines(1))
    problem = (await fleets.send(fleet, csv_of(lines(2500, ends="soon")))).json()
    assert (len(problem["errors"]), problem["total"]) == (MOST_ERRORS, 2500)


def errors_of(content: bytes) -> list[tuple[int, str, str]]:
    """Line, field and reason of everything that is wrong with a file."""
    file = DeviceFile(BytesIO(content), ("warranty", "care_pack"))
    for _ in file:
        pass
    assert all(item["remedy"] for item in file.errors)
    return [(item["line"], item["field"], item["reason"]) for item in file.errors]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [(1, name, f"the column {name} is missing") for name in HEADER.split(",")[:5]]),
        (csv_of(), [(2, "serial", "there are no devices")]),
        (csv_of(lines(1), header="serial,kind,model,country,included,waranty_end,x")[:57], None),
        (csv_of(["S 1,desktop,M,FR,yes,,"]), [(2, "serial", "`S 1` is no serial")]),
        (csv_of(["S1,Desktop,,fr,yes,,"]), None),
        (csv_of(["S1,desktop,M,FR,,,"]), [(2, "included", "`` is neither yes nor no")]),
        (csv_of(["S1,desktop,M,FR,yes,"]), [(2, "line", "it has 6 fields, the header has 7")]),
        (csv_of(["S1,desktop,M,FR,yes,1066-10-14,"]), [(2, "warranty_end", "1066-10-14 cannot be meant")]),
        (csv_of(['S1,desktop,"M"x,FR,yes,,', "S2,desktop,M,FR,no,,"]), [(2, "line", "',' expected after '\"'")]),
        (csv_of(["S1,desktop,M\xe9,FR,yes,,"]).replace("é".encode(), b"\xe9"), [(2, "line", "the text is not UTF-8")]),
        (csv_of(["S1,desktop," + "M" * 70_000 + ",FR,yes,,"]), None),
    ],
)
def test_each_mistake_is_named(content: bytes, expected: list[tuple[int, str, str]] | None) -> None:
    """With line, field, reason and remedy."""
    found = errors_of(content)
    assert found if expected is None else found == expected


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + csv_of(["S1,desktop,M,FR,yes,,"]),
        csv_of(["S1,desktop,M,FR,yes,,"]).replace(b"\n", b"\r\n"),
        csv_of(["S1,desktop,M,FR,yes,,"]).replace(b",", b";"),
        csv_of(["", "S1,desktop,M,FR,yes,,", ",,,,,,"]),
        csv_of(['S1,desktop,"M, ""big""",FR,TRUE,,']),
        csv_of(["yes,S1,FR,M,desktop"], header="Included,Serial,Country,Model,Kind"),
    ],
)
def test_files_as_spreadsheets_write_them_are_taken(content: bytes) -> None:
    """With a byte-order mark, Windows line ends, semicolons, empty lines, quotes, or columns in another order."""
    file = DeviceFile(BytesIO(content), ("warranty", "care_pack"))
    assert [item.serial for item in file] == ["S1"]
    assert file.errors == []


def test_a_warranty_is_reckoned_from_a_date_column() -> None:
    """Where there are terms of warranty; a last day that the file states goes before."""
    content = csv_of(
        ["S1,desktop,M1,FR,yes,,2027-01-31", "S2,desktop,M1,FR,yes,2027-03-01,2027-01-31", "S3,desktop,M1,FR,yes,,"],
        header="serial,kind,model,country,included,warranty_end,purchased_on",
    )
    lasts = WarrantyTerm.model_validate(
        TERM | {"device_types": ["desktop"], "counted_from": [{"fact": "purchased_on"}]}
    )
    file = DeviceFile(BytesIO(content), ("warranty",), (lasts,))
    covers = [[cover.last_day.isoformat() for cover in device.cover] for device in file]
    assert covers == [["2028-01-30"], ["2027-03-01"], []]
    assert file.errors == []


def test_reading_takes_little_memory() -> None:
    """Twenty thousand lines are read one after the other: what is kept of them is who was there already."""
    content = BytesIO(csv_of(lines(20_000)))
    gc.collect()
    tracemalloc.start()
    try:
        file = DeviceFile(content, ("warranty", "care_pack"))
        assert sum(1 for _ in file) == 20_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


async def test_only_csv_is_taken_and_only_from_who_may(house: House, fleets: Fleets) -> None:
    """Another media type, a key without the scope, no such fleet: each a problem."""
    fleet = await fleets.make(lines(1))
    assert (await fleets.send(fleet, b"[]", media_type="application/json")).status_code == 415
    assert (await fleets.send("FLEET-NONE", csv_of(lines(1)))).status_code == 404
    reader = Fleets(house, fleets.programme)
    reader.caller = Caller(house.http, await secret(house.database, "read"))
    assert (await reader.send(fleet, csv_of(lines(1)))).status_code == 403


async def test_a_file_may_come_in_pieces(fleets: Fleets) -> None:
    """The body is taken as it arrives, however it is cut."""
    fleet = await fleets.make(lines(1))
    content = csv_of(lines(50))

    async def pieces() -> Any:
        for start in range(0, len(content), 37):
            yield content[start : start + 37]

    headers = {"Content-Type": "text/csv"}
    response = await fleets.caller.send("PUT", f"/v1/fleets/{fleet}/devices", content=pieces(), headers=headers)
    assert response.json()["devices"] == 50


# The quote


@pytest.mark.rule("HPP-2")
async def test_a_quote_needs_the_minimum_and_the_whole_base(fleets: Fleets) -> None:
    """249 are refused, saying both numbers; so is a part of the base, naming what is missing; the whole is quoted."""
    fleet = await fleets.make(lines(249))
    asked = fleets.asked(fleet)
    short = await fleets.caller.refused("POST", "/v1/quotes", asked, status=409)
    assert (short["rule"], short["field"]) == ("HPG-1", "fleet")
    assert "at least 250 pc or 250 printer; counted are 249 pc" in short["detail"]
    await fleets.put(fleet, csv_of(lines(250), lines(2, "notebook", included="no")))
    partial = await fleets.caller.refused("POST", "/v1/quotes", asked, status=409)
    assert "2 eligible devices of it are missing: NO-000000, NO-000001" in partial["detail"]
    census = await fleets.caller.get(f"/v1/fleets/{fleet}/census", on="2027-01-31")
    assert (census["counted"], census["missing"]) == ({"pc": 250}, 2)
    assert census["lacking"] == {"access": {}, "management": {"printer": 1000}}
    await fleets.put(fleet, csv_of(lines(250), lines(2, "notebook")))
    quoted = await fleets.caller.post("/v1/quotes", asked)
    assert [(line["serial"], line["quantity"], line["level"]) for line in quoted["lines"]] == [(fleet, 252, "access")]
    assert quoted["fleet"]["agreed"]["counted"] == {"pc": 252}


@pytest.mark.rule("HPP-2")
async def test_each_class_has_its_line_and_a_revision_counts_anew(fleets: Fleets) -> None:
    """PCs and printers each for as many as there are; after another import the revision has the new numbers."""
    fleet = await fleets.make(lines(250), lines(3, "printer"), lines(9, "display", ends=""))
    asked = fleets.asked(fleet, "access-pc", "access-printer")
    number = (await fleets.caller.post("/v1/quotes", asked))["number"]
    await fleets.put(fleet, csv_of(lines(300), lines(4, "printer")))
    revised = await fleets.caller.put(f"/v1/quotes/{number}", {"period": 1, "offers": asked["offers"]})
    assert [line["quantity"] for line in revised["lines"]] == [300, 4]
    wrong = {"period": 1, "offers": [asked["offers"][0] | {"quantity": 299}, asked["offers"][1]]}
    assert "for 299 pc" in (await fleets.caller.refused("PUT", f"/v1/quotes/{number}", wrong, status=409))["detail"]


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"fleet": "FLEET-NONE"}, 404, "no fleet FLEET-NONE"),
        ({"fleet": None}, 409, "is not known"),
        ({"customer": {"id": "someone-else"}}, 409, "another customer's"),
        ({"service": "access-printer"}, 409, "has no printer that counts"),
        ({"service": "care-designjet"}, 409, "is not offered for fleets in FR"),
        ({"programme": "own"}, 409, "takes no fleets"),
    ],
)
async def test_what_does_not_fit_is_refused(fleets: Fleets, changes: dict[str, Any], status: int, says: str) -> None:
    """A fleet that is not there, unnamed or not the customer's; a service for other devices; a programme without."""
    fleet = await fleets.make(lines(250))
    asked = fleets.asked(fleet, changes.get("service", "access-pc")) | {
        key: value for key, value in changes.items() if key == "fleet"
    }
    if "customer" in changes:
        asked["customer"] = asked["customer"] | changes["customer"]
    if "programme" in changes:
        asked["programme"] = fleets.house.code
    problem = await fleets.caller.refused("POST", "/v1/quotes", asked, status=status)
    assert says in problem["detail"]


async def test_a_programme_without_fleets_makes_none(fleets: Fleets) -> None:
    """It says so at once."""
    body = {"customer": "c-1", "programme": fleets.house.code}
    problem = await fleets.caller.refused("POST", "/v1/fleets", body, status=409)
    assert "takes no fleets" in problem["detail"]


# The contract


async def _events(fleets: Fleets, number: str) -> list[dict[str, Any]]:
    page = await fleets.caller.get(f"/v1/contracts/{number}/events", limit=200)
    return list(page["items"])


def _dates(events: list[dict[str, Any]], kind: str) -> list[str]:
    return [event["on"] for event in events if event["kind"] == kind]


@pytest.mark.rule("HPP-6")
@pytest.mark.rule("HPP-2")
async def test_twenty_thousand_devices_are_quoted_audited_and_renewed(house: House, fleets: Fleets) -> None:
    """A contract for 20,000 devices lives on counts alone: its state and what its runs hand over stay below 64 KB."""
    fleet = await fleets.make(lines(20_000))
    clock = await house.clock("2027-01-31T09:00:00Z")
    number = await house.ordered(**fleets.asked(fleet, "management-pc"), clock=clock)
    await house.becomes(number, "Active")
    await house.advance(number, to="2027-05-01T12:00:00Z")
    assert _dates(await _events(fleets, number), "fleet_audited") == ["2027-04-30"]
    await fleets.put(fleet, csv_of(lines(4990), lines(5000, "notebook", ends="2027-06-01")))
    await house.advance(number, to="2027-08-01T12:00:00Z")
    shown = await fleets.caller.get(f"/v1/contracts/{number}")
    adjustment = shown["fleet"]["adjustment"]
    assert adjustment["shortfall"] == {"pc": 10}
    assert shown["fleet"]["last"]["uncovered"] == 5000
    cases = await house.sees(f"/v1/contracts/{number}/cases", bool)
    assert [(case["case"], case["status"]) for case in cases] == [(adjustment["id"], "open")]
    await fleets.put(fleet, csv_of(lines(20_000)))
    settle = {"adjustment": adjustment["id"], "how": "dismissed", "reason": "warranties were extended"}
    await fleets.caller.post(f"/v1/contracts/{number}/settle-adjustment", settle)
    await house.sees(f"/v1/contracts/{number}/cases", lambda cases: cases[0]["status"] == "closed")
    await house.advance(number, to="2028-02-01T12:00:00Z")
    events = await _events(fleets, number)
    assert _dates(events, "renewed") == ["2028-01-31"]
    assert _dates(events, "fleet_audited") == sorted(
        ["2027-04-30", "2027-07-31", "2027-10-31", *_dates(events, "renewal_opened"), "2028-01-31"]
    )
    assert len(_dates(events, "adjustment_opened")) == 1
    notices = await fleets.caller.get(f"/v1/contracts/{number}/notices")
    sent = {notice["name"]: notice["outcome"] for notice in notices}
    assert (sent["adjustment_opened"], sent["adjustment_settled"]) == ("sent", "sent")
    await is_small(house, number)


async def is_small(house: House, number: str) -> None:
    """The contract's state, and what one of its runs hands to the next, stay below 64 KB."""
    services = Services(
        house.database, house.client, house.settings, Papers(house.settings.var_dir), Messages(house.settings.var_dir)
    )
    assert len((await state_of(services, number)).model_dump_json()) < 64 * 1024
    history = await house.client.get_workflow_handle(f"contract:{number}").fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes
    assert started.continued_execution_run_id
    assert sum(len(payload.data) for payload in started.input.payloads) < 64 * 1024


@pytest.mark.rule("HPP-6")
async def test_a_count_can_be_asked_for(house: House, fleets: Fleets) -> None:
    """Between audits too: the devices as they are now are compared with what was agreed."""
    fleet = await fleets.make(lines(250))
    number = await house.ordered(**fleets.asked(fleet), clock=await house.clock("2027-01-31T09:00:00Z"))
    await house.becomes(number, "Active")
    await fleets.put(fleet, csv_of(lines(251)))
    shown = await fleets.caller.post(f"/v1/contracts/{number}/report-census", {})
    assert shown["fleet"]["adjustment"]["excess"] == {"pc": 1}
    settle = {"adjustment": shown["fleet"]["adjustment"]["id"], "how": "true_up", "reason": "bought with order 7"}
    shown = await fleets.caller.post(f"/v1/contracts/{number}/settle-adjustment", settle)
    assert (shown["fleet"]["adjustment"], shown["fleet"]["agreed"]["counted"]) == (None, {"pc": 251})
    assert shown["lines"][0]["quantity"] == 250


@pytest.mark.rule("HPP-8")
async def test_help_is_for_devices_of_the_fleet(house: House, fleets: Fleets) -> None:
    """A covered device gets its case by its own serial number; one whose cover has lapsed, or a stranger, does not."""
    fleet = await fleets.make(lines(250), lines(1, "notebook", ends="2027-02-28"))
    number = await house.ordered(**fleets.asked(fleet), clock=await house.clock("2027-01-31T09:00:00Z"))
    await house.becomes(number, "Active")
    await house.advance(number, to="2027-03-01T12:00:00Z")
    path = f"/v1/contracts/{number}/cases"
    await fleets.caller.post(path, {"serial": "DE-000007", "subject": "it does not start"})
    cases = await house.sees(path, bool)
    assert [case["serial"] for case in cases] == ["DE-000007"]
    for serial, why in (
        ("NO-000000", "own cover ended on 2027-02-28"),
        ("SN-STRANGER", "not a device of this contract's fleet"),
    ):
        problem = await fleets.caller.refused("POST", path, {"serial": serial, "subject": "help"}, status=409)
        assert problem["rule"] == "HPG-3"
        assert why in problem["detail"]


async def test_two_imports_at_once_leave_one_of_them(fleets: Fleets) -> None:
    """Neither is mixed with the other."""
    fleet = await fleets.make(lines(1))
    await asyncio.gather(fleets.put(fleet, csv_of(lines(1500))), fleets.put(fleet, csv_of(lines(1400, "printer"))))
    shown = await fleets.caller.get(f"/v1/fleets/{fleet}")
    assert shown["devices"] in {1400, 1500}
    assert len(shown["kinds"]) == 1


def test_lines_are_what_the_tests_mean() -> None:
    """The sample lines have as many fields as the header."""
    parts: Iterator[str] = iter(lines(2))
    assert {line.count(",") for line in parts} == {HEADER.count(",")}


@pytest.mark.rule("HPP-6")
async def test_a_life_of_a_fleet_is_the_same_on_the_server_and_in_the_simulator(house: House, programme: str) -> None:
    """A scenario with a fleet: quoted, audited, a difference settled, help refused; both timelines are equal."""
    story, files = Scenario.model_validate(STORY), load(house.settings.var_dir / programme.lower())
    life, wrong = simulated(files, story, "SIMULATED")
    assert [line for line in wrong if "should have" in line or "refused" in line] == []
    transport, key = httpx.ASGITransport(app=house.app), await secret(house.database, "admin")
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://tenure.example/v1", headers=headers, timeout=60
    ) as http:
        played = await Player(http, files, story, uuid4().hex[:8]).play()
    assert played.wrong == []
    told = [str(line) for line in timeline(life.entries)]
    assert [str(line) for line in timeline(played.entries)] == told
    assert sum("adjustment_opened" in line for line in told) == 1


LAPSES = {
    "serial": "NB-1",
    "kind": "notebook",
    "model": "Notebook",
    "country": "FR",
    "included": True,
    "cover": [{"kind": "warranty", "last_day": "2027-03-31"}],
}
STORY: dict[str, Any] = {
    "title": "A fleet that grows",
    "story": "300 PCs, one of which lapses; somebody counts 301.",
    "starts": "2027-01-31T10:00:00",
    "given": {
        "customer": {"id": "c", "name": "C", "email": "c@c.example", "language": "fr", "country": "FR"},
        "period": 1,
        "offers": [{"id": "1", "service": "access-pc", "serial": "FLEET-1", "quantity": 300}],
        "fleet": {"on": "2027-01-31", "counted": {"pc": 300}},
    },
    "when": [
        {"at": "2027-01-31T10:01:00", "do": "accept", "with": {"revision": 1}},
        {"at": "2027-01-31T10:02:00", "do": "checkout", "with": {"method": "pm_ok"}},
        {
            "at": "2027-04-02T10:00:00",
            "do": "open_case",
            "with": {"serial": "NB-1", "subject": "black screen", "device": LAPSES},
            "refused": {"rule": "HPG-3"},
        },
        {
            "at": "2027-04-03T10:00:00",
            "do": "report_census",
            "with": {"census": {"on": "2027-04-03", "counted": {"pc": 301}}},
        },
        {"at": "2027-04-04T10:00:00", "do": "settle_adjustment", "with": {"how": "true_up", "reason": "bought"}},
    ],
    "until": "2027-06-01",
}
