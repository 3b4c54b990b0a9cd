"""A mailbox in our own tables, for where no mail server is set: what would have gone out can be read there."""

from __future__ import annotations

from activities.messages import Attachment
from adapters.mail_smtp import compose
from storage.database import Database
from storage.outbox import receive


class EmbeddedMail:
    """Delivers every message into one mailbox."""

    def __init__(self, database: Database, sender: str) -> None:
        self._database = database
        self._sender = sender

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
        """Put a mail into the mailbox, once per message id."""
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
        async with self._database.write() as connection:
            await receive(connection, message_id=message_id, recipient=to, subject=subject, raw=mail.as_string())
