"""Mail through an SMTP server: what it will never take is refused, all else may be tried again."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

import aiosmtplib

from activities.errors import Refused, Unreachable
from activities.messages import Attachment

_PERMANENT = 500


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail goes out, and who we are there."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    starttls: bool = False


class SmtpMail:
    """Sends every message over a connection of its own."""

    def __init__(self, server: Server, sender: str) -> None:
        self._server = server
        self._sender = sender

    async def send(
        self, *, message_id: str, to: str, subject: str, text: str, attached: tuple[Attachment, ...] = ()
    ) -> None:
        """Hand a mail to the server. Raises Refused for its final no, Unreachable for everything that may pass."""
        mail = compose(self._sender, message_id=message_id, to=to, subject=subject, text=text, attached=attached)
        server = self._server
        try:
            await aiosmtplib.send(
                mail,
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                start_tls=server.starttls,
                timeout=20,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _as_ours(max(item.code for item in error.recipients), str(error)) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _as_ours(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unreachable(f"the mail server {server.host}:{server.port} does not answer: {error}") from error


def _as_ours(code: int, message: str) -> Refused | Unreachable:
    says = f"the mail server says {code}: {message}"
    return Refused(says) if code >= _PERMANENT else Unreachable(says)


def compose(
    sender: str, *, message_id: str, to: str, subject: str, text: str, attached: tuple[Attachment, ...] = ()
) -> EmailMessage:
    """A mail with the message id that every attempt of it has, and the documents that go along."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = message_id
    mail["Date"] = formatdate()
    mail.set_content(text)
    for item in attached:
        main, _, sub = item.media_type.partition(";")[0].strip().partition("/")
        mail.add_attachment(item.content, maintype=main, subtype=sub, filename=item.name)
    return mail
