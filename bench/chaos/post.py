"""The mail server of the house: it takes mail, and may be ill; which mail bounces is decided by the mail's id."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from bench.chaos.decisions import NO_MAILBOX, bounced
from bench.chaos.illness import HANGS, Illnesses
from runtime.ports import LOOPBACK

LATER = "451 4.3.0 try again later"


class PostOffice:
    """What has come in: how often, by Message-ID."""

    def __init__(self, illnesses: Illnesses) -> None:
        self._illnesses = illnesses
        self.taken: Counter[str] = Counter()

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """Take a mail, or not."""
        way = self._illnesses.of("mail")
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = str(message_from_bytes(content)["Message-ID"])
        if bounced(mail):
            return NO_MAILBOX
        if way == "hanging":
            await asyncio.sleep(HANGS)
        if way in {"hanging", "gone", "declining"}:
            return LATER
        self.taken[mail] += 1
        if way == "twice" and self.taken[mail] == 1:
            _cut(server)
        return "250 OK"


class _Server(SMTP):
    """Cuts every wire while the post office is gone."""

    def __init__(self, office: PostOffice, illnesses: Illnesses) -> None:
        super().__init__(office, hostname="post.example")
        self._illnesses = illnesses

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._illnesses.of("mail") == "gone":
            _cut(self)


def _cut(server: SMTP) -> None:
    transport: Any = server.transport
    if transport is not None:
        transport.abort()


@asynccontextmanager
async def post_office(illnesses: Illnesses, port: int) -> AsyncIterator[PostOffice]:
    """A post office that is open for as long as the block lasts."""
    office = PostOffice(illnesses)
    server = await asyncio.get_running_loop().create_server(lambda: _Server(office, illnesses), LOOPBACK, port)
    try:
        yield office
    finally:
        server.close()
