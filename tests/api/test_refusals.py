"""Every no of the API is a problem that says what is wrong, by which rule, and what may be done instead."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from storage import keys
from tests.api.house import ADDRESS, PASSWORD, Caller, House, secret

ACCEPT = {"revision": 1}


async def test_what_comes_too_early_says_from_when(house: House) -> None:
    """A renewal before its quote is refused with the first date, and with what may be done now."""
    number = await house.ordered()
    await house.becomes(number, "Active")
    path = f"/v1/contracts/{number}/renew"
    problem = await house.caller.refused("POST", path, status=409)
    assert problem["type"] == "urn:tenure:refused"
    assert problem["rule"] == "COM-1"
    assert problem["allowed_from"] == "2027-11-01"
    assert "cancel" in {item["command"] for item in problem["allowed"]}


async def test_what_is_over_says_so(house: House) -> None:
    """A contract that has ended, and whose workflow is closed, still refuses with the date on which it ended."""
    number = await house.quote()
    await house.caller.post(f"/v1/quotes/{number}/reject", {"reason": "too dear"})
    await house.becomes(number, "Rejected")
    problem = await house.caller.refused("POST", f"/v1/quotes/{number}/accept", ACCEPT, status=409)
    assert "2027-01-31" in problem["detail"]


async def test_an_earlier_revision_cannot_be_accepted(house: House) -> None:
    """A revised quote keeps its earlier offers readable, and only the latest can be accepted."""
    number = await house.quote()
    revised = {"period": 12, "offers": [{"serial": "SN-NOCOVER", "service": "uptime-pagewide-xl"}]}
    await house.caller.put(f"/v1/quotes/{number}", revised)
    shown = await house.caller.get(f"/v1/quotes/{number}")
    assert [entry["data"]["period"] for entry in shown["revisions"]] == [1, 12]
    problem = await house.caller.refused("POST", f"/v1/quotes/{number}/accept", ACCEPT, status=409)
    assert (problem["field"], problem["allowed_when"]) == ("revision", "revision 2 is accepted")


async def test_a_confirmation_names_the_step_that_is_missing(house: House) -> None:
    """The checkout has three steps; the last one says which of the others was left out, and nothing happens."""
    number = await house.quote()
    await house.caller.post(f"/v1/quotes/{number}/accept", ACCEPT)
    path = f"/v1/contracts/{number}/checkout"
    problem = await house.caller.refused("POST", f"{path}/confirmation", {}, status=409)
    assert problem["field"] == "billing_address"
    await house.caller.put(f"{path}/billing-address", ADDRESS)
    problem = await house.caller.refused("POST", f"{path}/confirmation", {}, status=409)
    assert problem["field"] == "method"
    await house.caller.put(f"{path}/payment-details", {"method": "pm_ok"})
    problem = await house.caller.refused("POST", f"{path}/confirmation", {}, status=409)
    assert problem["field"] == "password"
    assert (await house.caller.get(f"/v1/contracts/{number}"))["status"] == "Accepted"
    await house.caller.post(f"{path}/confirmation", {"password": PASSWORD})
    customer = (await house.caller.get(f"/v1/contracts/{number}"))["customer"]["id"]
    assert (await house.caller.get(f"/v1/customers/{customer}"))["registered_at"] is not None


@pytest.mark.parametrize("card", ["4242424242424242", "4242 4242 4242 4242", "3782-822463-10005"])
async def test_a_card_number_is_never_taken(house: House, card: str) -> None:
    """What looks like a card number is refused before anything is kept, and the answer does not repeat it."""
    number = await house.quote()
    path = f"/v1/contracts/{number}/checkout/payment-details"
    problem = await house.caller.refused("PUT", path, {"method": card}, status=422)
    assert "token" in problem["detail"]
    assert card not in str(problem)
    assert (await house.caller.get(f"/v1/contracts/{number}/checkout"))["method"] is None


@pytest.mark.parametrize(
    ("offer", "field"),
    [
        ({"serial": "SN-NOBODY-KNOWS", "service": "care-designjet"}, "offers.0.serial"),
        ({"serial": "SN-NOCOVER", "service": "care-designjet"}, "offers.0.service"),
    ],
)
async def test_what_is_not_on_offer_says_what_is(house: House, offer: dict[str, str], field: str) -> None:
    """A quote for an unknown device or a service that does not fit it is refused, and leaves nothing behind."""
    customer = house.customer()
    asked = {"programme": house.code, "customer": customer, "period": 1, "offers": [offer]}
    problem = await house.caller.refused("POST", "/v1/quotes", asked, status=409)
    assert problem["field"] == field
    assert problem["allowed_when"]
    assert (await house.caller.get("/v1/contracts", customer=customer["id"]))["items"] == []


async def test_invalid_input_names_each_field(house: House) -> None:
    """A request that is not valid is answered with every field that is wrong."""
    problem = await house.caller.refused("POST", "/v1/test-clocks", {"name": "", "nwo": "2027"}, status=422)
    assert {item["field"] for item in problem["errors"]} == {"name", "nwo"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/contracts/AB-2027-000001", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/devices/SN-NOBODY", 404),
        ("POST", "/v1/contracts/AB-2027-000001/resume", 404),
        ("DELETE", "/v1/contracts", 405),
        ("GET", "/v1/contracts/not-a-number", 422),
    ],
)
async def test_what_is_not_there_is_a_problem_too(caller: Caller, method: str, path: str, status: int) -> None:
    """A path, a method or a thing that does not exist is answered in the same form as everything else."""
    await caller.refused(method, path, status=status)


async def test_a_command_without_a_key_of_its_own_is_sent_back(house: House) -> None:
    """Every command needs an Idempotency-Key; the problem says what it is for."""
    number = await house.quote()
    key = await secret(house.database, "admin")
    response = await house.http.post(
        f"/v1/quotes/{number}/accept", json=ACCEPT, headers={"Authorization": f"Bearer {key}"}
    )
    assert response.status_code == 400
    assert response.json()["field"] == "Idempotency-Key"


@pytest.mark.parametrize("header", [None, "Bearer tnr_wrong", "Basic YTpi"])
async def test_nobody_without_a_key_gets_in(house: House, header: str | None) -> None:
    """Without a good API key nothing is answered but how to send one."""
    response = await house.http.get("/v1/contracts", headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["content-type"] == "application/problem+json"


SCOPED: list[tuple[str, str, str, Any]] = [
    ("read", "GET", "/v1/contracts", None),
    ("quote", "POST", "/v1/quotes", {}),
    ("order", "POST", "/v1/contracts/AB-2027-000001/cancel", {"reason": "no need"}),
    ("operate", "POST", "/v1/contracts/AB-2027-000001/suspend", {"reason": "no need"}),
    ("admin", "PUT", "/v1/coupons/FREE-100", {}),
]


@pytest.mark.parametrize(("scope", "method", "path", "body"), SCOPED)
async def test_a_key_does_what_its_scopes_say(house: House, scope: str, method: str, path: str, body: Any) -> None:
    """A key with all the other scopes is refused, naming the one that is missing; with it alone it gets through."""
    others = {"read", "quote", "order", "operate"} - {scope}
    without = Caller(house.http, await secret(house.database, *others))
    problem = await without.refused(method, path, body, status=403)
    assert f"`{scope}`" in problem["detail"]
    with_it = Caller(house.http, await secret(house.database, scope))
    response = await with_it.send(method, path, json=body)
    assert response.status_code in {200, 404, 422}


async def test_a_revoked_key_is_useless(house: House) -> None:
    """A key that was revoked is not known any more."""
    async with house.database.write() as connection:
        key, made = await keys.create(connection, "short-lived", ("read",))
    someone = Caller(house.http, made)
    await someone.get("/v1/contracts")
    async with house.database.write() as connection:
        await keys.revoke(connection, key.id)
    await someone.refused("GET", "/v1/contracts", status=401)


async def test_a_case_for_another_device_is_refused(house: House) -> None:
    """A call for help with a device that the contract does not have says which ones it has."""
    number = await house.ordered()
    await house.becomes(number, "Active")
    problem = await house.caller.refused(
        "POST", f"/v1/contracts/{number}/cases", {"serial": "SN-OTHER", "subject": uuid4().hex}, status=409
    )
    assert "SN-NOCOVER" in problem["allowed_when"]
