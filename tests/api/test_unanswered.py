"""A process that dies between a contract's answer and its writing leaves nothing behind that is not seen to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from api import unanswered
from storage import idempotency
from tests.api.house import House

AT_ONCE = timedelta(seconds=-1)


def kinds(trail: dict[str, Any]) -> list[str]:
    """The kinds of entry of a trail."""
    return [entry["kind"] for entry in trail["items"]]


async def dies(
    house: House, monkeypatch: pytest.MonkeyPatch, path: str, key: str, asked: dict[str, Any] | None = None
) -> None:
    """A command whose process ends as soon as the contract has answered."""

    async def ends(*_: object, **__: object) -> None:
        raise SystemExit("killed")

    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "finish", ends)
        with pytest.raises(BaseException, match="killed"):
            await house.caller.post(path, asked, key=key)


async def died(house: House, monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    """An acceptance whose process ends before anything is written."""
    await dies(house, monkeypatch, f"/v1/quotes/{number}/accept", f"yes-{number}", {"revision": 1})


@pytest.fixture(autouse=True)
async def _nothing_left_before(house: House) -> None:
    """The house is shared: what other tests left without an answer is not this one's to count."""
    await unanswered.see_to(house.app.state.services, AT_ONCE)


async def test_the_contract_writes_what_a_dead_process_has_not(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The read model is behind; seen to, the contract writes its entry, and the request is looked at no more."""
    number = await house.quote()
    await died(house, monkeypatch, number)
    services = house.app.state.services
    assert await unanswered.see_to(services, AT_ONCE) == 1
    await house.sees(f"/v1/contracts/{number}", lambda shown: shown["status"] == "Accepted")
    assert kinds(await house.caller.get(f"/v1/contracts/{number}/events")) == ["quoted", "quote_accepted"]
    assert await unanswered.see_to(services, AT_ONCE) == 0


async def test_a_repeat_writes_what_a_dead_process_has_not(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same request again gets its answer, and a read after it sees what it did."""
    number = await house.quote()
    await died(house, monkeypatch, number)
    again = await house.caller.post(f"/v1/quotes/{number}/accept", {"revision": 1}, key=f"yes-{number}")
    assert again["status"] == "Accepted"
    assert (await house.caller.get(f"/v1/contracts/{number}"))["status"] == "Accepted"
    assert kinds(await house.caller.get(f"/v1/contracts/{number}/events")) == ["quoted", "quote_accepted"]


async def test_a_request_that_was_refused_first_is_seen_to_as_well(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A no leaves nothing to be seen to; the same request later is a request again."""
    number = await house.ordered()
    await house.becomes(number, "Active")
    services, path, key = house.app.state.services, f"/v1/contracts/{number}/resume", f"go-{number}"
    await house.caller.refused("POST", path, status=409, key=key)
    assert await unanswered.see_to(services, AT_ONCE) == 0
    await house.caller.post(f"/v1/contracts/{number}/suspend", {"reason": "moving house"})
    await dies(house, monkeypatch, path, key)
    assert await unanswered.see_to(services, AT_ONCE) == 1


async def test_a_refusal_leaves_nothing_to_be_seen_to(house: House) -> None:
    """A no has changed nothing; what was answered is done."""
    number = await house.quote()
    await house.caller.refused("POST", f"/v1/quotes/{number}/accept", {"revision": 7}, status=409)
    await house.caller.post(f"/v1/quotes/{number}/accept", {"revision": 1})
    services = house.app.state.services
    async with house.database.read() as connection:
        assert await idempotency.unanswered(connection, services.now() + timedelta(hours=1)) == []
