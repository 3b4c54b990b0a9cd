"""Mail through an SMTP server: what it will never take is refused, all else may be tried again."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

import aiosmtplib

from activities.errors import Refused, Unreachable
from activities.messages import Attachment
from adapters.dsn import token

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
    """Sends every message over a connection of its own.

    With a bounce address each mail has a return path of its own, and asks servers that know how (RFC 3461) to report
    whether it was delivered.
    """

    def __init__(self, server: Server, sender: str, bounces: str | None = None) -> None:
        self._server = server
        self._sender = sender
        self._bounces = bounces

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
        """Hand a mail to the server. Raises Refused for its final no, Unreachable for everything that may pass."""
        mail = compose(
            self._sender,
            message_id=message_id,
            to=to,
            subject=subject,
            text=text,
            html=html,
            unsubscribe=unsubscribe,
            attached=attached,
        )
        server = self._server
        try:
            await self._hand_over(mail, to, token(message_id))
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _as_ours(max(item.code for item in error.recipients), str(error)) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _as_ours(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unreachable(f"the mail server {server.host}:{server.port} does not answer: {error}") from error

    async def _hand_over(self, mail: EmailMessage, to: str, tag: str) -> None:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            start_tls=server.starttls,
            timeout=20,
        )
        async with client:
            reports = client.supports_extension("dsn")
            await client.send_message(
                mail,
                sender=self._return_path(tag),
                recipients=[to],
                mail_options=["RET=HDRS", f"ENVID={tag}"] if reports else (),
                rcpt_options=["NOTIFY=SUCCESS,FAILURE,DELAY"] if reports else (),
            )

    def _return_path(self, tag: str) -> str | None:
        """The address that a bounce of this mail comes to; without one of our own, the sender's."""
        if self._bounces is None:
            return None
        name, _, host = self._bounces.partition("@")
        return f"{name}+{tag}@{host}"


def _as_ours(code: int, message: str) -> Refused | Unreachable:
    says = f"the mail server says {code}: {message}"
    return Refused(says) if code >= _PERMANENT else Unreachable(says)


def compose(
    sender: str,
    *,
    message_id: str,
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    unsubscribe: str | None = None,
    attached: tuple[Attachment, ...] = (),
) -> EmailMessage:
    """A mail with the message id that every attempt of it has, its text also as a page, and the documents with it.

    ``unsubscribe`` is the address that takes the reader off the list (RFC 2369); over HTTPS in one click (RFC 8058).
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = message_id
    mail["Date"] = formatdate()
    if unsubscribe:
        mail["List-Unsubscribe"] = f"<{unsubscribe}>"
        if unsubscribe.startswith("https://"):
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for item in attached:
        main, _, sub = item.media_type.partition(";")[0].strip().partition("/")
        mail.add_attachment(item.content, maintype=main, subtype=sub, filename=item.name)
    return mail
