"""Messages and documents: composed once, sent once, proven."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from hashlib import sha256
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.errors import Refused, Unreachable
from activities.messages import Attachment, MessageActivities
from adapters.mail_embedded import EmbeddedMail
from domain.effects import SendAgain, SendMessage
from storage import contracts, outbox
from storage.database import Database
from tests.activities.samples import confirmation, job, printing, run, store_terms
from tests.storage.samples import AT, CONTRACT, record, row


class PlainTexts:
    """Texts that say what they are given, and count how often they were asked."""

    def __init__(self) -> None:
        self.asked = 0

    def message(self, programme: str, language: str, name: str, context: dict[str, Any]) -> tuple[str, str]:
        """The name as subject, the data as text."""
        self.asked += 1
        return f"{programme} {language} {name} {self.asked}", f"Chère {context['customer']['name']} {context['data']}\n"

    def html(self, programme: str, language: str, subject: str, text: str, ours: str) -> str:
        """The text as it is."""
        return f"<pre>{text}</pre>"

    def courtesy(self, programme: str, name: str) -> bool:
        """All are notices."""
        return False


@dataclass
class FailingMail:
    """A carrier that fails as it is told, before it takes what comes."""

    failures: list[Exception] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    async def send(
        self,
        *,
        message_id: str,
        to: str,
        subject: str,
        text: str,
        html: str | None = None,
        unsubscribe: str | None = None,
        attached: tuple[Attachment, ...] = (),
    ) -> None:
        """Fail while there are failures left."""
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(f"{message_id} {subject}")


@pytest.fixture(autouse=True)
async def _known(database: Database) -> None:
    async with database.write() as connection:
        await contracts.begin(connection, row())


def _message(**changes: Any) -> SendMessage:
    fields = {"key": f"{CONTRACT}/1/message/quote", "at": AT, "rule": "SMP-9", "message": "quote", "data": {"a": 1}}
    return SendMessage.model_validate(fields | changes)


async def _proof(database: Database) -> dict[str, Any]:
    async with database.read() as connection:
        (only,) = await contracts.messages(connection, CONTRACT)
    return only


async def test_a_message_is_sent_once_and_proven(database: Database) -> None:
    """Repeats send nothing; the proof says when it was due, composed and sent, by which rule, and its hash."""
    messages = MessageActivities(
        database, PlainTexts(), EmbeddedMail(database, "Desk <desk@sample.example>"), "https://tenure.example"
    )
    for _ in range(3):
        await run(messages.send, job(_message(), record(1, "quoted")))
    async with database.read() as connection:
        (mail,) = await outbox.mailbox(connection, recipient="desk@atelier.example", limit=10)
    proof = await _proof(database)
    assert (proof["outcome"], proof["due_at"], proof["rule"], proof["language"]) == ("sent", AT, "SMP-9", "fr")
    assert proof["composed_at"] <= proof["sent_at"]
    assert proof["sha256"] == sha256(f"{proof['subject']}\n{proof['body']}".encode()).hexdigest()
    assert mail["subject"] == "SMP fr quote 1"


async def test_what_was_composed_is_what_is_sent(database: Database) -> None:
    """While the carrier is down the message waits, composed; the words do not change when it goes out at last."""
    mail, texts = FailingMail([Unreachable("down"), Unreachable("down")]), PlainTexts()
    messages = MessageActivities(database, texts, mail, "https://tenure.example")
    for _ in range(2):
        with pytest.raises(ApplicationError) as error:
            await run(messages.send, job(_message()))
        assert (error.value.type, error.value.non_retryable) == ("messages.unreachable", False)
        assert (await _proof(database))["outcome"] == "composed"
    assert (await run(messages.send, job(_message()))).kind == "done"
    assert [item.split(" ", 1)[1] for item in mail.taken] == ["SMP fr quote 1"]
    assert texts.asked == 1


async def test_an_address_that_is_no_good_is_an_answer(database: Database) -> None:
    """A final no is written down with its reason and not tried again; the trail is kept all the same."""
    mail = FailingMail([Refused("550 no such user")])
    messages = MessageActivities(database, PlainTexts(), mail, "https://tenure.example")
    answers = [await run(messages.send, job(_message(), record(1, "quoted"))) for _ in range(2)]
    assert {(a.kind, a.reason, a.reference) for a in answers} == {
        ("bounced", "550 no such user", "desk@atelier.example")
    }
    proof = await _proof(database)
    assert (proof["outcome"], proof["sent_at"], mail.taken) == ("refused", None, [])
    async with database.read() as connection:
        assert len(await contracts.entries(connection, CONTRACT, after=0, limit=9)) == 1


async def test_a_customer_without_an_address_is_an_answer_too(database: Database) -> None:
    """The message is composed and kept, and the contract hears that it went nowhere."""
    messages = MessageActivities(database, PlainTexts(), FailingMail(), "https://tenure.example")
    sending = job(_message())
    nobody = sending.contract.customer.model_copy(update={"email": None})
    header = sending.contract.model_copy(update={"customer": nobody})
    answer = await run(messages.send, sending.model_copy(update={"contract": header}))
    assert (answer.kind, answer.reference) == ("bounced", None)
    proof = await _proof(database)
    assert (proof["outcome"], proof["recipient"], bool(proof["body"])) == ("refused", "", True)


async def test_sent_again_it_is_what_was_composed_then(database: Database) -> None:
    """Another address gets the same words and documents, once, as a message of its own with a proof of its own."""
    mail, texts = FailingMail([Refused("550 no such user")]), PlainTexts()
    messages = MessageActivities(database, texts, mail, "https://tenure.example")
    await run(messages.send, job(_message()))
    again = SendAgain(
        key=f"{CONTRACT}/1/message/quote-again-N1.1",
        at=AT,
        rule="SMP-9",
        of=_message().key,
        message="quote",
        to="new@atelier.example",
    )
    answers = [await run(messages.send_again, job(again)) for _ in range(2)]
    assert {answer.kind for answer in answers} == {"done"}
    assert len(mail.taken) == 1
    async with database.read() as connection:
        first, second = await contracts.messages(connection, CONTRACT)
    assert texts.asked == 1
    assert (first["outcome"], second["outcome"], second["recipient"]) == ("refused", "sent", "new@atelier.example")
    assert (first["sha256"], first["body"]) == (second["sha256"], second["body"])
    assert first["message_id"] != second["message_id"]
    unknown = again.model_copy(update={"key": "x", "of": "never"})
    with pytest.raises(ApplicationError, match="no message never") as error:
        await run(messages.send_again, job(unknown))
    assert error.value.non_retryable


async def test_attached_documents_go_along(database: Database) -> None:
    """A message waits for the documents that it speaks of; then they are in the mail, and their hashes in the proof."""
    messages = MessageActivities(
        database, PlainTexts(), EmbeddedMail(database, "Desk <desk@sample.example>"), "https://tenure.example"
    )
    sending = job(_message(attached=(confirmation().key,)))
    with pytest.raises(ApplicationError, match="not made yet") as error:
        await run(messages.send, sending)
    assert not error.value.non_retryable
    await store_terms(database)
    made = await run(printing(database).make, job(confirmation()))
    await run(messages.send, sending)
    async with database.read() as connection:
        (mail,) = await outbox.mailbox(connection, recipient=None, limit=10)
    parsed = message_from_string(mail["raw"], _class=EmailMessage, policy=default)
    (attachment,) = parsed.iter_attachments()
    assert attachment.get_filename() == f"cancellation-confirmation-{CONTRACT}.pdf"
    assert (await _proof(database))["documents"] == {confirmation().key: made.reference}
    assert sha256(attachment.get_payload(decode=True)).hexdigest() == made.reference  # type: ignore[arg-type]
