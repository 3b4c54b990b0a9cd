"""Messages: composed in the customer's language, sent once, and proven: due, composed, sent or refused, delivered."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from temporalio import activity

from activities.errors import Refused, Unreachable, mapped
from domain.effects import OfferLink, Outcome, SendAgain, SendMessage
from storage import documents as papers
from storage import links, records
from storage.database import Database
from storage.links import KeptLink
from storage.outbox import Letter, find_message, keep_message, mark_message
from workflows.catalogue import Header, Job

LINKS = "/v1/links/"
"""Where the links in mails lead, under the public address."""
NO_ADDRESS = "the customer has no e-mail address"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document that goes along: its file name, its media type, and its content."""

    name: str
    media_type: str
    content: bytes


class MailPort(Protocol):
    """Who carries messages."""

    async def send(
        self, *, message_id: str, to: str, subject: str, text: str, attached: tuple[Attachment, ...] = ()
    ) -> None:
        """Send once per message id. Raises Refused for an address that is no good, else Unreachable."""


class TextsPort(Protocol):
    """Who writes messages."""

    def message(self, programme: str, language: str, name: str, context: dict[str, Any]) -> tuple[str, str]:
        """The subject and the text of a message in a language."""


class MessageActivities:
    """Composes and sends."""

    def __init__(self, database: Database, texts: TextsPort, mail: MailPort, public_url: str) -> None:
        self._database = database
        self._texts = texts
        self._mail = mail
        self._public_url = public_url

    @activity.defn(name="messages.send")
    async def send(self, job: Job) -> Outcome:
        """Compose and send a message, once. What was composed is what is sent, however often it is tried."""
        effect = job.effect
        assert isinstance(effect, SendMessage)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("messages"):
            return await self._send(job, await self._composed(job, effect))

    @activity.defn(name="messages.send_again")
    async def send_again(self, job: Job) -> Outcome:
        """Send a message once more, just as it was composed, to an address that a person has named."""
        effect = job.effect
        assert isinstance(effect, SendAgain)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("messages"):
            return await self._send(job, await self._repeated(effect))

    async def _send(self, job: Job, letter: Letter) -> Outcome:
        if letter.outcome != "composed":
            return await self._done(job, letter, letter.outcome, letter.reason)
        if not letter.recipient:
            return await self._done(job, letter, "refused", NO_ADDRESS)
        attached = await self._attached(letter)
        try:
            await self._mail.send(
                message_id=letter.message_id,
                to=letter.recipient,
                subject=letter.subject,
                text=letter.body,
                attached=attached,
            )
        except Refused as refusal:
            return await self._done(job, letter, "refused", str(refusal))
        return await self._done(job, letter, "sent", None)

    async def _repeated(self, effect: SendAgain) -> Letter:
        async with self._database.write() as connection:
            known = await find_message(connection, effect.key)
            if known:
                return known
            before = await find_message(connection, effect.of)
            if before is None:
                raise Refused(f"there is no message {effect.of} to send again")
            letter = replace(
                before,
                key=effect.key,
                message_id=message_id(effect.key),
                recipient=effect.to,
                due_at=effect.at,
                composed_at=datetime.now(UTC),
                outcome="composed",
                reason=None,
                sent_at=None,
                delivered_at=None,
                bounced_at=None,
            )
            await keep_message(connection, letter)
            return letter

    async def _composed(self, job: Job, effect: SendMessage) -> Letter:
        async with self._database.write() as connection:
            known = await find_message(connection, effect.key)
            if known:
                return known
            documents = await papers.hashes(connection, effect.attached)
            missing = sorted(set(effect.attached) - set(documents))
            if missing:
                raise Unreachable(f"the documents {', '.join(missing)} are not made yet")
            token = secrets.token_urlsafe(32) if effect.link else None
            letter = self._compose(job, effect, documents, token)
            await keep_message(connection, letter)
            if effect.link and token:
                await links.keep(connection, _kept(job, effect, effect.link, token))
            return letter

    async def _attached(self, letter: Letter) -> tuple[Attachment, ...]:
        if not letter.documents:
            return ()
        async with self._database.read() as connection:
            found = await papers.contents(connection, letter.documents)
        return tuple(Attachment(papers.file_name(row), row["media_type"], row["content"]) for row in found)

    def _compose(self, job: Job, effect: SendMessage, documents: dict[str, str], token: str | None) -> Letter:
        who = job.contract.customer
        about = context(job.contract, effect) | {"link": self._link(token)}
        subject, body = self._texts.message(job.contract.programme, who.language, effect.message, about)
        return Letter(
            key=effect.key,
            contract=job.contract.number,
            name=effect.message,
            message_id=message_id(effect.key),
            recipient=who.email or "",
            language=who.language,
            subject=subject,
            body=body,
            sha256=sha256(f"{subject}\n{body}".encode()).hexdigest(),
            documents=documents,
            rule=effect.rule,
            due_at=effect.at,
            composed_at=datetime.now(UTC),
        )

    def _link(self, token: str | None) -> str | None:
        return f"{self._public_url}{LINKS}{token}" if token else None

    async def _done(self, job: Job, letter: Letter, outcome: str, reason: str | None) -> Outcome:
        async with self._database.write() as connection:
            await mark_message(connection, letter.key, outcome, reason)
            if job.record:
                await records.write(connection, job.record)
        if outcome in {"refused", "bounced"}:
            return Outcome(kind="bounced", reason=reason, reference=letter.recipient or None)
        return Outcome(reference=letter.key)


def context(contract: Header, effect: SendMessage) -> dict[str, Any]:
    """What a text may speak of: the contract, its customer, lines and issuer, and what the message is about."""
    return {
        "customer": contract.customer.model_dump(mode="json"),
        "number": contract.number,
        "lines": [line.model_dump(mode="json") for line in contract.lines],
        "currency": contract.currency,
        "zone": contract.zone,
        "language": contract.customer.language,
        "data": effect.data,
        "documents": list(effect.attached),
    }


def _kept(job: Job, effect: SendMessage, link: OfferLink, token: str) -> KeptLink:
    return KeptLink(
        sha256=links.hashed(token),
        key=effect.key,
        contract=job.contract.number,
        about=link.about,
        number=link.number,
        until=link.until,
        said=effect.data,
        created_at=datetime.now(UTC),
    )


def message_id(key: str) -> str:
    """The mail's own id: the same for every attempt, so that a repeat is recognised."""
    return f"<{sha256(key.encode()).hexdigest()[:40]}@tenure.invalid>"
