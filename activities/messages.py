"""Messages: composed in the customer's language, sent once, and proven: due, composed, sent or refused, delivered."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from temporalio import activity

from activities.errors import Refused, Unreachable, mapped
from domain.effects import OfferLink, Outcome, SendAgain, SendMessage
from domain.terms import Terms
from storage import documents as papers
from storage import links, records, subscriptions
from storage.database import Database
from storage.links import KeptLink
from storage.outbox import Letter, find_message, keep_message, mark_message
from workflows.catalogue import Header, Job

LINKS = "/v1/links/"
"""Where the links in mails lead, under the public address."""
UNSUBSCRIBE = "/v1/unsubscribe/"
"""Where the reader of a courtesy can unsubscribe from its kind, under the public address."""
UNSUBSCRIBED = "the customer has unsubscribed from messages of this kind"
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
        """Send once per message id. Raises Refused for an address that is no good, else Unreachable."""


class TextsPort(Protocol):
    """Who writes messages."""

    def message(self, programme: str, language: str, name: str, context: dict[str, Any]) -> tuple[str, str]:
        """The subject and the text of a message in a language; with `unsubscribe` in the context, its address too."""

    def html(self, programme: str, language: str, subject: str, text: str, ours: str) -> str:
        """The page of a text, made of nothing else; addresses that begin with ``ours`` are links in it."""

    def courtesy(self, programme: str, name: str) -> bool:
        """Whether the customer may unsubscribe from a message."""


class MessagesPort(Protocol):
    """Who knows which messages there are."""

    def listed(self, terms: Terms) -> Sequence[Any]:
        """Every message that terms can lead to: name, kind, when, and subjects by language."""

    def unsubscribing(self, language: str, subject: str, done: bool) -> str:
        """The page that asks whether to unsubscribe, or says that it is ``done``."""


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
        courtesy = self._texts.courtesy(job.contract.programme, letter.name)
        if courtesy and await self._is_unwanted(job.contract.customer.id, letter.name):
            return await self._done(job, letter, "unsubscribed", UNSUBSCRIBED)
        attached = await self._attached(letter)
        try:
            await self._mail.send(
                message_id=letter.message_id,
                to=letter.recipient,
                subject=letter.subject,
                text=letter.body,
                html=self._html(job, letter),
                unsubscribe=self._way_out(letter) if courtesy else None,
                attached=attached,
            )
        except Refused as refusal:
            return await self._done(job, letter, "refused", str(refusal))
        return await self._done(job, letter, "sent", None)

    def _html(self, job: Job, letter: Letter) -> str:
        return self._texts.html(job.contract.programme, letter.language, letter.subject, letter.body, self._public_url)

    def _way_out(self, letter: Letter) -> str | None:
        """The address to unsubscribe at, which stands last in the text."""
        found = re.findall(re.escape(f"{self._public_url}{UNSUBSCRIBE}") + r"[A-Za-z0-9_-]{43}", letter.body)
        return found[-1] if found else None

    async def _is_unwanted(self, customer: str, name: str) -> bool:
        async with self._database.read() as connection:
            return await subscriptions.is_unsubscribed(connection, customer, name)

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
            courtesy = self._texts.courtesy(job.contract.programme, effect.message)
            way_out = secrets.token_urlsafe(32) if courtesy else None
            letter = self._compose(job, effect, documents, token, way_out)
            await keep_message(connection, letter)
            if effect.link and token:
                await links.keep(connection, _kept(job, effect, effect.link, token))
            if way_out:
                await subscriptions.keep(connection, way_out, letter.key, job.contract.customer.id, letter.name)
            return letter

    async def _attached(self, letter: Letter) -> tuple[Attachment, ...]:
        if not letter.documents:
            return ()
        async with self._database.read() as connection:
            found = await papers.contents(connection, letter.documents)
        return tuple(Attachment(papers.file_name(row), row["media_type"], row["content"]) for row in found)

    def _compose(
        self, job: Job, effect: SendMessage, documents: dict[str, str], token: str | None, way_out: str | None
    ) -> Letter:
        who = job.contract.customer
        about = context(job.contract, effect) | {
            "link": self._link(LINKS, token),
            "unsubscribe": self._link(UNSUBSCRIBE, way_out),
        }
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

    def _link(self, where: str, token: str | None) -> str | None:
        return f"{self._public_url}{where}{token}" if token else None

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
