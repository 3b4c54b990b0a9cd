"""Unsubscribing from courtesies, end to end: by the mail's own header, without a key, until asked back."""

from __future__ import annotations

from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from activities.messages import MessageActivities
from adapters.mail_embedded import EmbeddedMail
from adapters.message_kinds import sample
from adapters.texts import Texts
from domain.effects import SendMessage
from storage import contracts, outbox, people
from tests.activities.samples import job, run
from tests.api.house import House
from tests.storage.samples import AT, CONTRACT, row


async def _mails(house: House) -> list[EmailMessage]:
    async with house.database.read() as connection:
        rows = await outbox.mailbox(connection, recipient=None, limit=50)
    return [message_from_string(item["raw"], _class=EmailMessage, policy=default) for item in reversed(rows)]


@pytest.mark.rule("COM-5")
async def test_a_courtesy_stops_in_one_click_and_a_notice_never(any_house: House) -> None:
    """The header's address works without a key, twice; the courtesy is proven unsubscribed, notices go on."""
    house = any_house
    texts, mail = Texts(house.settings.var_dir), EmbeddedMail(house.database, "Desk <desk@sample.example>")
    messages = MessageActivities(house.database, texts, mail, "https://tenure.example")

    async def send(name: str, occurrence: int) -> None:
        data: Any = sample()["data"]
        effect = SendMessage(
            key=f"{CONTRACT}/1/message/{name}-{occurrence}", at=AT, rule="SMP-9", message=name, data=data
        )
        sending = job(effect)
        header = sending.contract.model_copy(update={"programme": house.code})
        await run(messages.send, sending.model_copy(update={"contract": header}))

    who = job(SendMessage(key="x", at=AT, rule="SMP-9", message="quote")).contract.customer
    async with house.database.write() as connection:
        await people.keep_customer(connection, who)
        await contracts.begin(connection, row() | {"customer": who.id})
    await send("quote", 1)
    await send("supply_low", 1)
    notice, courtesy = await _mails(house)
    assert notice["List-Unsubscribe"] is None
    assert courtesy["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    where = str(courtesy["List-Unsubscribe"]).strip("<>").removeprefix("https://tenure.example")
    assert "<form" in (await house.http.get(where)).text
    assert await house.caller.get(f"/v1/customers/{who.id}/unsubscribed") == []
    for _ in range(2):
        assert (await house.http.post(where, data={"List-Unsubscribe": "One-Click"})).status_code == 200
    assert (await house.http.post(where[:-3] + "xyz")).status_code == 404
    await send("supply_low", 2)
    await send("quote", 2)
    assert len(await _mails(house)) == 3
    log = await house.caller.get(f"/v1/customers/{who.id}/messages", limit=3)
    assert [(item["name"], item["outcome"]) for item in log["items"]] == [
        ("quote", "sent"),
        ("supply_low", "unsubscribed"),
        ("supply_low", "sent"),
    ]
    rest = await house.caller.get(f"/v1/customers/{who.id}/messages", limit=3, page=log["next_cursor"])
    assert [item["name"] for item in rest["items"]] == ["quote"]
    back = f"/v1/customers/{who.id}/unsubscribed/supply_low"
    assert (await house.caller.send("DELETE", back)).json()["subscribed"] is True
    await send("supply_low", 3)
    assert len(await _mails(house)) == 4
    listed = await house.caller.get(f"/v1/programmes/{house.code}/messages")
    assert {item["kind"] for item in listed if item["name"] in {"quote", "renewal_quote"}} == {"notice"}
