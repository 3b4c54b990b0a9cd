"""What every desk that is reached over HTTP shares: the wire, and what its failures mean."""

from __future__ import annotations

from typing import Any

import httpx

from activities.desk import Update
from activities.errors import Refused, Unreachable

_BUSY = frozenset({408, 409, 412, 425, 429})
"""Answers that pass: somebody else was quicker, or the desk asks for patience."""


class Wire:
    """One desk's REST interface. It never tries again: that is the engine's business."""

    def __init__(self, url: str, headers: dict[str, str], *, timeout: float) -> None:
        self._url = url.rstrip("/")
        self._headers = headers
        self._timeout = timeout

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The desk's answer, a good one. Raises Refused for its final no, Unreachable for all that may pass."""
        headers = self._headers | more.pop("headers", {})
        try:
            # A connection of its own for each: calls are rare, and one that was kept open breaks with the desk.
            async with httpx.AsyncClient(base_url=self._url, headers=headers, timeout=self._timeout) as http:
                answer = await http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise Unreachable(f"the desk at {self._url} does not answer: {type(error).__name__} {error}") from error
        if answer.is_success:
            return answer
        says = f"the desk says {answer.status_code} to {method} {path}: {answer.text[:200].strip()}"
        raise Unreachable(says) if answer.status_code >= 500 or answer.status_code in _BUSY else Refused(says)

    async def get(self, path: str, **params: Any) -> Any:
        """What a read answers."""
        return _json(await self.send("GET", path, params=params))

    async def give(self, method: str, path: str, body: dict[str, Any], etag: str | None = None) -> Any:
        """What a change answers; with an entity tag, only where nothing has changed since it was read."""
        return _json(await self.send(method, path, json=body, headers={"If-Match": etag} if etag else {}))


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise Unreachable(f"the desk's answer to {answer.request.url.path} is no JSON: {answer.text[:200]}") from error


def words(update: Update) -> str:
    """An update as people at the desk read it."""
    said = [f"Stage: {update.stage}"] if update.stage else []
    said += ["Closed by the contract"] if update.closed else ["Open again"] if update.closed is False else []
    said += [f"Pressing: {update.urgency}"] if update.urgency else []
    return "\n".join([*said, *([update.note] if update.note else [])])
