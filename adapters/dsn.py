"""Delivery status notifications (RFC 3464): what mail servers report of mails that were sent, and of which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import getaddresses

ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_TOKEN = re.compile(r"\b[0-9a-f]{40}\b")
_ORIGINALS = ("message/rfc822", "text/rfc822-headers")
_GLOBAL = {
    b"message/global-delivery-status": b"message/delivery-status",
    b"message/global-headers": b"text/rfc822-headers",
}
"""Parts of RFC 6533, which are built as those of RFC 3464 are."""


class NotADsnError(Exception):
    """The mail is no delivery status notification; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What is said of one recipient: ``action`` is a word of RFC 3464, ``status`` such as 5.1.1."""

    recipient: str | None
    action: str
    status: str | None
    diagnostic: str | None


@dataclass(frozen=True, slots=True)
class Dsn:
    """One notification: of the mail with one of these tokens in its id, for each of its recipients."""

    tokens: tuple[str, ...]
    reporter: str | None
    notifications: tuple[Notification, ...]


def token(message_id: str) -> str:
    """What a mail's id has of its own: it is in its return path and its envelope too."""
    return message_id.strip("<>").partition("@")[0]


def parse(raw: bytes) -> Dsn:
    """A notification as it came in. Raises NotADsnError for any other mail."""
    for name, known in _GLOBAL.items():
        raw = re.sub(re.escape(name), known, raw, flags=re.IGNORECASE)
    mail = BytesParser(EmailMessage, policy=policy.compat32).parsebytes(raw)
    status = next((part for part in mail.walk() if part.get_content_type() == "message/delivery-status"), None)
    if status is None:
        raise NotADsnError("it has no part of type message/delivery-status: it is no delivery status notification")
    groups = [group for group in _groups(status) if group.keys()]
    about = [group for group in groups if group["Action"]]
    if not about:
        raise NotADsnError("its delivery status names no action for any recipient")
    whole = next((group for group in groups if group["Reporting-MTA"]), None)
    return Dsn(
        tokens=tuple(dict.fromkeys(_tokens(mail, groups))),
        reporter=_value(whole, "Reporting-MTA"),
        notifications=tuple(_notification(group) for group in about),
    )


def _groups(status: Message) -> list[Message]:
    """The groups of fields of a delivery status: the first is about the mail, each other about one recipient."""
    payload = status.get_payload()
    return [item for item in payload if isinstance(item, Message)] if isinstance(payload, list) else []


def _notification(group: Message) -> Notification:
    action = str(group["Action"]).partition("(")[0].strip().lower()
    if action not in ACTIONS:
        raise NotADsnError(f"`{action[:40]}` is no action of RFC 3464; it knows {', '.join(ACTIONS)}")
    recipient = _value(group, "Original-Recipient") or _value(group, "Final-Recipient")
    status = re.search(r"\d\.\d{1,3}\.\d{1,3}", str(group["Status"] or ""))
    return Notification(
        recipient=recipient[:254] if recipient else None,
        action=action,
        status=status.group() if status else None,
        diagnostic=_value(group, "Diagnostic-Code"),
    )


def _value(group: Message | None, name: str) -> str | None:
    """A field without its type and its line breaks: `rfc822; a@b.example` is `a@b.example`."""
    given = str(group[name]) if group is not None and group[name] else ""
    kind, mark, text = given.partition(";")
    plain = " ".join((text if mark and " " not in kind.strip() else given).split())
    return plain.replace("\x00", "")[:1000].strip("<>") or None


def _tokens(mail: Message, groups: list[Message]) -> Iterator[str]:
    """Where a mail's own token may be found: the returned mail, its envelope, and the address of the return path."""
    for part in mail.walk():
        if part.get_content_type() in _ORIGINALS:
            yield from _TOKEN.findall(_original_id(part))
    for group in groups:
        yield from _TOKEN.findall(str(group["Original-Envelope-Id"] or ""))
    for name in ("To", "Delivered-To", "X-Original-To"):
        for _, address in getaddresses([str(value) for value in mail.get_all(name, [])]):
            yield from _TOKEN.findall(address)
    for name in ("In-Reply-To", "References"):
        yield from _TOKEN.findall(str(mail[name] or ""))


def _original_id(part: Message) -> str:
    """The id of the mail that came back, whole or as its headers only."""
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return str(payload[0]["Message-ID"] or "")
    content = part.get_payload(decode=True)
    headers = BytesParser(policy=policy.compat32).parsebytes(content if isinstance(content, bytes) else b"")
    return str(headers["Message-ID"] or "")
