"""Events out: what contracts do, told to whoever asked to hear it; signed, in order, again until it is taken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, NamedTuple, Protocol

from temporalio import activity

from storage import hooks
from storage.database import Database
from workflows.catalogue import DELIVER_EVENTS

_SHIFT = 600.0
"""Seconds that one run of the activity lasts; the next one goes on where it stopped."""
_IDLE = 0.5
_AT_ONCE = 16
_LEASE = timedelta(seconds=60)
_PAUSES = (5, 30, 120, 600, 1800, 3600)
"""Seconds to the next attempt after the first failure, the second, ...; the last one holds for all that follow."""
_PATIENCE = timedelta(days=7)
"""After so long an event that was never taken is given up; it can still be replayed."""
_GONE = 410
_BUSY = frozenset({408, 425, 429})


class Answer(NamedTuple):
    """What a receiver said: its HTTP status, or none where it did not answer, and what was wrong."""

    status: int | None
    error: str | None

    @property
    def taken(self) -> bool:
        """Whether it has the event."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def ill(self) -> bool:
        """Whether the receiver itself does not work at the moment, whatever the event."""
        return self.status is None or self.status >= 500 or self.status in _BUSY


class HookPort(Protocol):
    """Who carries events out."""

    async def post(self, url: str, *, event_id: str, at: datetime, body: str, secrets: tuple[str, ...]) -> Answer:
        """Post a body once, signed with each of the secrets."""

    async def close(self) -> None:
        """Let go of what is held between posts."""


def cloud_event(entry: dict[str, Any], public_url: str) -> dict[str, Any]:
    """An entry of the trail as a CloudEvent (1.0, JSON); its id is the same however often it is sent."""
    said = {name: entry[name] for name in ("kind", "rule", "by", "summary", "currency", "data")}
    amount = None if entry["amount"] is None else str(entry["amount"])
    return {
        "specversion": "1.0",
        "id": f"{entry['contract']}.{entry['seq']}",
        "source": f"{public_url}/v1/contracts/{entry['contract']}",
        "type": f"tenure.contract.{entry['kind']}",
        "subject": entry["contract"],
        "time": entry["at"].isoformat(),
        "datacontenttype": "application/json",
        "data": said | {"seq": entry["seq"], "on": entry["on"].isoformat(), "amount": amount},
    }


class HookActivities:
    """Delivers what is due, for as long as a shift lasts."""

    def __init__(
        self,
        database: Database,
        out: HookPort,
        public_url: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._out = out
        self._public_url = public_url
        self._now = now

    @activity.defn(name=DELIVER_EVENTS)
    async def deliver(self) -> None:
        """Deliver whatever falls due during a shift."""
        ends = monotonic() + _SHIFT
        try:
            while monotonic() < ends and not activity.is_worker_shutdown():
                activity.heartbeat()
                if not await self.round():
                    await asyncio.sleep(_IDLE)
        finally:
            await self._out.close()

    async def round(self) -> int:
        """Send all that is due now, a few at once; how many were tried."""
        now = self._now()
        async with self._database.read() as connection:
            found = await hooks.due(connection, now, _AT_ONCE)
        await asyncio.gather(*(self._send(row) for row in found))
        return len(found)

    async def _send(self, row: dict[str, Any]) -> None:
        now = self._now()
        async with self._database.write() as connection:
            if not await hooks.lease(connection, row, now, _LEASE):
                return
            to, entry = await hooks.content(connection, row)
        body = json.dumps(cloud_event(entry, self._public_url), ensure_ascii=False)
        answer = await self._out.post(
            to["url"], event_id=f"{row['contract']}.{row['seq']}", at=now, body=body, secrets=_secrets(to, now)
        )
        async with self._database.write() as connection:
            if answer.taken and answer.status:
                await hooks.delivered(connection, row, now, answer.status)
                return
            error = answer.error or f"it answered {answer.status}"
            over = now - row["queued_at"] > _PATIENCE
            again = None if over else now + _pause(row["attempts"])
            await hooks.failed(connection, row, now, status=answer.status, error=error, next_at=again)
            await self._mind(connection, to, answer, now)

    async def _mind(self, connection: Any, to: dict[str, Any], answer: Answer, now: datetime) -> None:
        """What a failure says about the endpoint: one that is ill is left in peace, one that is gone is disabled."""
        if answer.status == _GONE:
            why = "it answered 410: it wants no more events"
            await hooks.change(connection, to["id"], disabled_at=now, disabled_why=why)
        elif answer.ill:
            failures = to["failures"] + 1
            await hooks.change(connection, to["id"], failures=failures, retry_at=now + _pause(to["failures"]))


def _secrets(to: dict[str, Any], now: datetime) -> tuple[str, ...]:
    """The secret, and for a while after it was changed the former one too."""
    former = to["former_secret"] if to["former_until"] and to["former_until"] > now else None
    return (to["secret"], former) if former else (to["secret"],)


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=_PAUSES[min(attempts, len(_PAUSES) - 1)])
