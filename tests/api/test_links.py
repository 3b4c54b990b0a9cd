"""Links in offers: unguessable, good until the offer is over, and once; without an account."""

from __future__ import annotations

import re
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from storage import outbox
from storage.tables import link, message
from tests.api.house import House


async def mailed(house: House, number: str, about: str) -> list[str]:
    """The links in a contract's mails whose subject speaks of something, the oldest first."""
    async with house.database.read() as connection:
        mails = await outbox.mailbox(connection, recipient=None, limit=500)
    found: list[str] = []
    for row in reversed(mails):
        mail = message_from_string(row["raw"], _class=EmailMessage, policy=default)
        if number in row["subject"] and re.search(about, row["subject"]):
            text: Any = mail.get_body(("plain",))
            found += re.findall(r"https?://\S+/v1/links/\S+", text.get_content())
    return found


def path(url: str) -> str:
    """The link's path, as the house under test is asked."""
    return url[url.index("/v1/") :]


async def ask(house: House, method: str, where: str, body: Any = None) -> httpx.Response:
    """Without a key."""
    return await house.http.request(method, where, json=body)


@pytest.mark.rule("HPG-9")
async def test_a_quote_is_seen_and_accepted_by_its_link(house: House) -> None:
    """Whoever has the link sees the offer; the yes is taken once, and its repeat gets the same answer."""
    number = await house.quote()
    await house.notices(number)
    (url,) = await mailed(house, number, "devis")
    seen = (await ask(house, "GET", path(url))).json()
    assert (seen["about"], seen["contract"], seen["open"], seen["answered"]) == ("quote", number, True, None)
    assert [item["serial"] for item in seen["offered"]] == ["SN-NOCOVER"]
    for _ in range(2):
        answer = await ask(house, "POST", f"{path(url)}/accept", {})
        assert (answer.status_code, answer.json()["status"], answer.json()["answered"]) == (200, "Accepted", "accepted")
    refused = await ask(house, "POST", f"{path(url)}/decline", {"reason": "no"})
    assert refused.status_code == 409
    trail = (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]
    accepted = [entry for entry in trail if entry["kind"] == "quote_accepted"]
    assert len(accepted) == 1
    assert accepted[0]["by"].startswith("the customer, by link ")


@pytest.mark.rule("HPG-9")
async def test_a_link_opens_nothing_once_its_offer_is_over(house: House) -> None:
    """After the last day, and where another revision has taken its place, it is gone; another guess opens nothing."""
    number = await house.quote()
    await house.notices(number)
    (old,) = await mailed(house, number, "devis")
    offers = [{"serial": "SN-NOCOVER", "service": "care-pagewide-xl"}]
    await house.caller.put(f"/v1/quotes/{number}", {"period": 3, "offers": offers})
    await house.notices(number, lambda all_: len(all_) == 2)
    assert (await ask(house, "POST", f"{path(old)}/accept", {})).status_code == 410
    assert (await ask(house, "GET", path(old))).json()["open"] is False
    new = (await mailed(house, number, "révisé"))[-1]
    assert (await ask(house, "GET", path(new))).json()["open"] is True
    await house.advance(number, by="P40D")
    gone = await ask(house, "GET", path(new))
    assert (gone.status_code, gone.headers["content-type"]) == (410, "application/problem+json")
    assert (await ask(house, "POST", f"{path(new)}/accept", {})).status_code == 410
    assert (await ask(house, "GET", path(new)[:-3] + "xyz")).status_code == 404


@pytest.mark.rule("HPJ-7")
async def test_a_renewal_is_answered_by_the_link_of_its_quote_or_of_a_reminder(house: House) -> None:
    """The quote's link and each reminder's answer the same question, once between them."""
    number = await house.ordered(clock=await house.clock("2027-01-31T09:00:00Z"))
    await house.becomes(number, "Active")
    await house.advance(number, to="2027-12-05T12:00:00Z")
    await house.notices(number, lambda all_: any(item["name"] == "reminder" for item in all_))
    (quoted,) = await mailed(house, number, "Renouvellement du")
    (reminded,) = await mailed(house, number, "jours")
    for url in (quoted, reminded):
        seen = (await ask(house, "GET", path(url))).json()
        assert (seen["about"], seen["open"], seen["first_day"], seen["last_day"]) == (
            "renewal",
            True,
            "2028-01-31",
            "2029-01-30",
        )
        assert seen["until"] == "2028-01-30"
        assert seen["offered"]
    answer = await ask(house, "POST", f"{path(reminded)}/decline", {"reason": "nous déménageons"})
    assert (answer.status_code, answer.json()["answered"], answer.json()["open"]) == (200, "declined", False)
    assert (await ask(house, "POST", f"{path(quoted)}/accept", {})).status_code == 410
    shown = await house.caller.get(f"/v1/contracts/{number}")
    assert (shown["renewal_answer"], shown["ending"]["last_day"]) == ("declined", "2028-01-30")


async def test_only_the_hash_of_a_link_is_kept_and_readers_of_the_proof_do_not_get_it(house: House) -> None:
    """Who may read a contract cannot answer in its customer's place."""
    number = await house.quote()
    (notice,) = await house.notices(number)
    (url,) = await mailed(house, number, "devis")
    secret = url.rpartition("/")[2]
    assert len(secret) >= 40
    assert secret not in notice["body"]
    assert "/v1/links/(hidden)" in notice["body"]
    async with house.database.read() as connection:
        rows = (await connection.execute(select(link).where(link.c.contract == number))).mappings().all()
        kept = (await connection.execute(select(message.c.key).where(message.c.contract == number))).scalars().all()
    assert [row["key"] for row in rows] == list(kept)
    assert secret not in str([dict(row) for row in rows])
