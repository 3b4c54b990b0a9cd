"""Whatever is sent to the running API: no server error, an answer as documented, no contract half made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import func, select

from cli.http import serving
from runtime.ports import free_port
from storage.contracts import STARTING
from storage.tables import audit_entry, contract
from tests.api.fleet_programme import publish
from tests.api.house import PASSWORD, House, secret

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 12


@pytest.mark.timeout(300)
async def test_any_input_is_answered_as_documented(own_house: House) -> None:
    """Made-up requests to every operation, half of them about things that exist, are answered as the document says."""
    house = own_house
    real = await _things(house)
    read = house.settings.model_copy(update={"api_port": free_port()})
    key = await secret(house.database, "admin")
    async with serving(house.app, read):
        url = f"http://127.0.0.1:{read.api_port}"
        broken = await asyncio.to_thread(lambda: list(_explore(url, key, real)))
    assert broken == []
    await _nothing_is_half_made(house)


async def _things(house: House) -> dict[str, list[Any]]:
    """Things that exist, on real time, so that no made-up move of a clock takes them through a century."""
    quoted = await house.quote(test_clock=None)
    accepted = await house.accepted(test_clock=None)
    active = await house.accepted(test_clock=None)
    await house.caller.post(f"/v1/contracts/{active}/checkout/confirmation", {"password": PASSWORD})
    shown = await house.becomes(active, "Active")
    fleets = await publish(house)
    fleet = await house.caller.post("/v1/fleets", {"customer": shown["customer"]["id"], "programme": fleets})
    return {
        "fleet": [fleet["id"]],
        "number": [quoted, accepted, active],
        "clock": [await house.clock()],
        "serial": ["SN-NOCOVER", "SN-WARRANTY"],
        "code": [house.code],
        "programme": [house.code, fleets],
        "coupon": ["SPRING-15"],
        "customer": [shown["customer"]["id"]],
        "case": [f"{active}-C1"],
        "line": ["1"],
        "term": [0],
        "name": ["quote-1"],
        "seq": [1, 2],
        "service": ["care-pagewide-xl", "uptime-pagewide-xl"],
        "country": ["FR"],
        "model": ["PageWide XL-8"],
        "device_type": ["production"],
        "language": ["fr", "en"],
        "period": [1, 3, 12],
        "revision": [1],
        "test_clock": [None],
        "method": ["pm_ok", "pm_declined"],
        "until": ["2027-12-31"],
        "page": [None],
    }


def _explore(url: str, key: str, real: dict[str, list[Any]]) -> Iterator[str]:
    """Every operation whose answers are not as documented, with the first such answer."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    found: Any
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/stream"):  # it has no end: tests/api/test_events_out.py listens to it
            continue
        try:
            _probe(operation, key, real)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - every kind of finding is collected
            yield f"{operation.label}: {error}"[:3000]


def _probe(operation: Any, key: str, real: dict[str, list[Any]]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), data=st.data())
    def probe(case: Any, data: st.DataObject) -> None:
        if data.draw(st.booleans()):
            for place in (case.path_parameters, case.query, case.body):
                _point_at_real_things(place, real, data)
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": uuid4().hex}
        response = case.call(headers=headers, timeout=60)
        case.validate_response(response, checks=CHECKS, headers=headers)

    probe()


def _point_at_real_things(place: Any, real: dict[str, list[Any]], data: st.DataObject) -> None:
    if isinstance(place, list):
        for item in place:
            _point_at_real_things(item, real, data)
    if isinstance(place, dict):
        for name, value in place.items():
            if isinstance(value, dict | list):
                _point_at_real_things(value, real, data)
            elif name in real:
                place[name] = data.draw(st.sampled_from(real[name]))


async def _nothing_is_half_made(house: House) -> None:
    """Every contract that has a row has started, and tells its trail without a gap."""
    trail = select(func.count()).select_from(audit_entry).where(audit_entry.c.contract == contract.c.number)
    last = select(func.max(audit_entry.c.seq)).where(audit_entry.c.contract == contract.c.number)
    query = select(contract.c.number, contract.c.status, trail.scalar_subquery(), last.scalar_subquery())
    async with asyncio.timeout(30):
        while True:
            async with house.database.read() as connection:
                rows = (await connection.execute(query)).all()
            if all(status != STARTING and count == highest for _, status, count, highest in rows):
                break
            await asyncio.sleep(0.1)
    assert rows
