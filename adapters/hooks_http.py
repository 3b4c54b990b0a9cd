"""Events out over HTTP, signed as Standard Webhooks has it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
from standardwebhooks import Webhook

from activities.hooks import Answer

_TIMEOUT = httpx.Timeout(15, connect=5)


class HttpHooks:
    """Posts events; to addresses of the house's own network only where that is allowed."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._client: httpx.AsyncClient | None = None

    async def post(self, url: str, *, event_id: str, at: datetime, body: str, secrets: tuple[str, ...]) -> Answer:
        """Post a body once, signed with each of the secrets."""
        if not self._private and (stranger := await _private(url)):
            return Answer(None, stranger)
        # The library takes the clock of its argument for UTC, whatever zone it says.
        signed = " ".join(Webhook(secret).sign(event_id, at.astimezone(UTC), body) for secret in secrets)
        headers = {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signed,
            "user-agent": "Tenure",
        }
        self._client = self._client or httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False)
        try:
            response = await self._client.post(url, content=body.encode(), headers=headers)
        except (httpx.HTTPError, OSError) as error:
            return Answer(None, f"{type(error).__name__}: {error}")
        if response.is_redirect:
            return Answer(response.status_code, "it redirects; give the address that it redirects to")
        return Answer(response.status_code, None if response.is_success else response.text[:300] or None)

    async def close(self) -> None:
        """Let go of its connections; the next post makes new ones."""
        client, self._client = self._client, None
        if client:
            await client.aclose()


async def _private(url: str) -> str | None:
    """Why an address is not outside; none where it is. A name that leads to both is not."""
    host = urlsplit(url).hostname or ""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        return f"{host} has no address: {error}"
    inside = sorted({str(info[4][0]) for info in found if not ipaddress.ip_address(info[4][0]).is_global})
    return f"{host} is {inside[0]}, which is not outside; TENURE_HOOKS_PRIVATE allows it" if inside else None
