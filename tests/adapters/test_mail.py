"""Every carrier of messages keeps the same promises: the embedded mailbox and a real SMTP server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser, Parser
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from activities.errors import Refused, Unreachable
from activities.messages import Attachment, MailPort
from adapters.mail_embedded import EmbeddedMail
from adapters.mail_smtp import Server, SmtpMail
from adapters.message_list import previewed
from cli.preparation import PROGRAMMES
from storage import outbox
from storage.database import Database
from storage.migrate import upgrade

SENDER = "Tenure <contracts@tenure.example>"
PAGE = Attachment(name="quote.html", media_type="text/html; charset=utf-8", content="<p>à payer</p>".encode())


@dataclass
class Inbox:
    """A mail server's side: it takes mail, or answers to a recipient or to the data as it is told."""

    to_recipient: str = "250 OK"
    to_data: str = "250 OK"
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the server's own name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to a recipient."""
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the mail."""
        if self.to_data.startswith("250"):
            content: Any = envelope.content
            self.mails.append(BytesParser(EmailMessage, policy=default).parsebytes(content))
        return self.to_data


@dataclass
class Carrier:
    """A carrier, and how to read what it has delivered."""

    mail: MailPort
    database: Database | None = None
    inbox: Inbox | None = None

    async def delivered(self) -> list[EmailMessage]:
        """Everything that has arrived."""
        if self.inbox:
            return self.inbox.mails
        assert self.database
        async with self.database.read() as connection:
            rows = await outbox.mailbox(connection, recipient=None, limit=10)
        return [Parser(EmailMessage, policy=default).parsestr(row["raw"]) for row in rows]


@pytest.fixture
def inbox(port: int) -> Iterator[tuple[Inbox, int]]:
    """A real SMTP server."""
    handler = Inbox()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture(params=["embedded", "smtp"])
async def carrier(request: pytest.FixtureRequest, tmp_path: Path, inbox: tuple[Inbox, int]) -> AsyncIterator[Carrier]:
    """Each carrier in turn."""
    if request.param == "smtp":
        handler, port = inbox
        yield Carrier(SmtpMail(Server("127.0.0.1", port), SENDER), inbox=handler)
        return
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'mail.db'}")
    await upgrade(database)
    yield Carrier(EmbeddedMail(database, SENDER), database=database)
    await database.close()


async def _send(mail: MailPort, **changes: Any) -> None:
    fields: dict[str, Any] = {
        "message_id": "<abc@tenure.invalid>",
        "to": "achats@atelier.example",
        "subject": "Votre échéance : 49,00 €",
        "text": "Bonjour,\nvotre contrat se renouvelle.\n",
        "attached": (PAGE,),
    }
    await mail.send(**fields | changes)


async def test_a_mail_arrives_as_it_was_written(carrier: Carrier) -> None:
    """Subject, text and documents arrive letter by letter, under the id that it was given."""
    await _send(carrier.mail)
    (mail,) = await carrier.delivered()
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == "Bonjour,\nvotre contrat se renouvelle.\n"
    assert (mail["Subject"], mail["To"], mail["From"]) == ("Votre échéance : 49,00 €", "achats@atelier.example", SENDER)
    assert mail["Message-ID"] == "<abc@tenure.invalid>"
    (page,) = mail.iter_attachments()
    assert (page.get_filename(), page.get_payload(decode=True)) == ("quote.html", PAGE.content)


async def test_a_repeat_is_recognisable(carrier: Carrier) -> None:
    """Sent again, it has the same id: whoever receives it sees one message."""
    await _send(carrier.mail)
    await _send(carrier.mail)
    assert {mail["Message-ID"] for mail in await carrier.delivered()} == {"<abc@tenure.invalid>"}


@pytest.mark.parametrize("where", ["to_recipient", "to_data"])
@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("451 try later", Unreachable),
        ("421 closing", Unreachable),
        ("550 no such user", Refused),
        ("552 full", Refused),
    ],
)
async def test_answers_are_told_apart(
    inbox: tuple[Inbox, int], where: str, answer: str, meaning: type[Exception]
) -> None:
    """A 5xx is final; everything else may pass."""
    handler, port = inbox
    setattr(handler, where, answer)
    with pytest.raises(meaning, match=answer[:3]):
        await _send(SmtpMail(Server("127.0.0.1", port), SENDER))


async def test_nobody_there_may_pass(port: int) -> None:
    """A server that does not listen is worth trying again."""
    with pytest.raises(Unreachable, match=str(port)):
        await _send(SmtpMail(Server("127.0.0.1", port), SENDER))


@pytest.mark.rule("COM-5")
@pytest.mark.parametrize("language", ["en", "fr", "ja"])
async def test_both_parts_and_the_way_out_arrive(carrier: Carrier, language: str) -> None:
    """Text and page arrive in each language as they were made; unsubscribing is offered where it is given, unbroken."""
    shown = previewed(PROGRAMMES, "HPG", language, "renewal_quote", "https://tenure.example")
    way_out = f"https://contracts.tenure-services.example/v1/unsubscribe/{'a' * 43}"
    await _send(carrier.mail, subject=shown.subject, text=shown.text, html=shown.html, unsubscribe=way_out)
    await _send(carrier.mail, message_id="<2@tenure.invalid>", text=shown.text, html=shown.html, attached=())
    courtesy, notice = sorted(await carrier.delivered(), key=lambda mail: mail["List-Unsubscribe"] is None)
    assert (courtesy["List-Unsubscribe"], courtesy["List-Unsubscribe-Post"]) == (
        f"<{way_out}>",
        "List-Unsubscribe=One-Click",
    )
    assert (notice["List-Unsubscribe"], notice["List-Unsubscribe-Post"]) == (None, None)
    assert notice.get_content_type() == "multipart/alternative"
    for mail in (courtesy, notice):
        plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
        assert plain is not None
        assert page is not None
        assert plain.get_content().replace("\r\n", "\n") == shown.text
        assert page.get_content().replace("\r\n", "\n").strip() == shown.html.strip()
    assert courtesy["Subject"] == shown.subject
