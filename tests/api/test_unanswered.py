"""A process that dies between a contract's answer and its writing leaves nothing behind that is not seen to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from api import unanswered
from api.once import Once
from storage import idempotency
from tests.api.house import House

AT_ONCE = timedelta(seconds=-1)


def kinds(trail: dict[str, Any]) -> list[str]:
    """The kinds of entry of a trail."""
    return [entry["kind"] for entry in trail["items"]]


async def died(house: House, monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    """An acceptance whose process ends as soon as the contract has answered."""

    def ends(*_: object) -> None:
        raise SystemExit("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Once, "tell", ends)
        with pytest.raises(BaseException, match="killed"):
            await house.caller.post(f"/v1/quotes/{number}/accept", {"revision": 1}, key=f"yes-{number}")


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


async def test_a_refusal_leaves_nothing_to_be_seen_to(house: House) -> None:
    """A no has changed nothing; what was answered is done."""
    number = await house.quote()
    await house.caller.refused("POST", f"/v1/quotes/{number}/accept", {"revision": 7}, status=409)
    await house.caller.post(f"/v1/quotes/{number}/accept", {"revision": 1})
    services = house.app.state.services
    async with house.database.read() as connection:
        assert await idempotency.unanswered(connection, services.now() + timedelta(hours=1)) == []
