"""What is asked twice under one key happens once, whenever and however often it is asked."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from api import starts
from api.quotes import QuoteRequest, _written
from storage.tables import idempotency
from tests.api.house import PASSWORD, Caller, House, secret


async def test_a_repeat_gets_the_first_answer(house: House) -> None:
    """The same command under the same key is answered as before, though it could not happen any more."""
    number = await house.quote()
    path = f"/v1/quotes/{number}/accept"
    first = await house.caller.send("POST", path, key="yes", json={"revision": 1})
    again = await house.caller.send("POST", path, key="yes", json={"revision": 1})
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["idempotent-replayed"] == "true"
    problem = await house.caller.refused("POST", path, {"revision": 2}, status=422, key="yes")
    assert problem["field"] == "Idempotency-Key"


async def test_quotes_sent_at_once_under_one_key_are_one(any_house: House) -> None:
    """Ten senders of one quote get the same contract, and no number is lost on the way."""
    house = any_house
    clock = await house.clock()
    asked = {
        "programme": house.code,
        "customer": house.customer(),
        "period": 1,
        "offers": [{"serial": "SN-NOCOVER", "service": "care-pagewide-xl"}],
        "test_clock": clock,
    }
    made = await asyncio.gather(*(house.caller.post("/v1/quotes", asked, key="one") for _ in range(10)))
    assert {item["number"] for item in made} == {f"{house.code}-2027-000001"}
    other = await house.caller.post("/v1/quotes", asked, key="two")
    assert other["number"] == f"{house.code}-2027-000002"


async def test_commands_sent_at_once_under_one_key_are_one(house: House) -> None:
    """Five senders of one confirmation get the same answer, and one order is placed."""
    number = await house.accepted()
    path = f"/v1/contracts/{number}/checkout/confirmation"
    await asyncio.gather(*(house.caller.post(path, {"password": PASSWORD}, key=f"buy-{number}") for _ in range(5)))
    await house.becomes(number, "Active")
    events = (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]
    assert [event["kind"] for event in events].count("order_placed") == 1


async def test_a_key_holds_across_a_terms_end(house: House) -> None:
    """A renewal that is repeated in the next term, even where the kept answer was lost, does not renew that one."""
    number = await house.ordered()
    await house.becomes(number, "Active")
    await house.advance(number, to="2027-12-01T12:00:00Z")
    path = f"/v1/contracts/{number}/renew"
    await house.caller.post(path, key=f"renew-{number}")
    await house.advance(number, to="2028-12-01T12:00:00Z")
    async with house.database.write() as connection:
        await connection.execute(idempotency.delete().where(idempotency.c.key == f"renew-{number}"))
    shown = await house.caller.post(path, key=f"renew-{number}")
    assert (shown["term"]["number"], shown["renewal_answer"]) == (2, None)
    events = (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]
    assert [event["kind"] for event in events].count("renewal_accepted") == 1


async def test_two_callers_may_choose_the_same_key(house: House) -> None:
    """A key is its caller's own: another caller's command under the same name is another command."""
    other = Caller(house.http, await secret(house.database, "operate"))
    mine = await house.caller.post("/v1/test-clocks", {"name": "mine"}, key="same")
    theirs = await other.post("/v1/test-clocks", {"name": "theirs"}, key="same")
    assert mine["id"] != theirs["id"]


async def test_a_contract_that_was_only_written_down_is_started(house: House) -> None:
    """Where a process ended between a contract's row and its workflow, the row is read as quoted, and then started."""
    asked = {
        "programme": house.code,
        "customer": house.customer(),
        "period": 1,
        "offers": [{"serial": "SN-NOCOVER", "service": "care-pagewide-xl"}],
        "test_clock": await house.clock(),
    }
    services = house.app.state.services
    _, number = await _written(services, QuoteRequest.model_validate(asked), f"lost:{house.code}", "tests")
    assert (await house.caller.get(f"/v1/contracts/{number}"))["status"] == "Quoted"
    assert number in await starts.finish(services, timedelta(seconds=-1))
    accepted = await house.caller.post(f"/v1/quotes/{number}/accept", {"revision": 1})
    assert accepted["status"] == "Accepted"


async def test_a_key_holds_when_its_command_has_ended_the_contract(house: House) -> None:
    """A no to the last quote is repeated after the contract is over: it gets its answer, and a new no is refused."""
    number = await house.quote()
    path, key = f"/v1/quotes/{number}/reject", f"no-{number}"
    first = await house.caller.post(path, {"reason": "too dear"}, key=key)
    await house.sees(f"/v1/contracts/{number}", lambda shown: shown["closed"])
    async with house.database.write() as connection:
        await connection.execute(idempotency.delete().where(idempotency.c.key == key))
    again = await house.caller.post(path, {"reason": "too dear"}, key=key)
    assert (again["status"], again["ended_on"]) == (first["status"], first["ended_on"])
    await house.caller.refused("POST", path, {"reason": "too dear"}, status=409)
