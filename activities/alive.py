"""Signs of life: whoever carries something out says that it still does, so that a dead worker is noticed in seconds."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

_PART = 4
"""A sign comes so often in the time in which one is awaited."""


class Alive(Interceptor):
    """Lets every activity of which signs of life are awaited give them, for as long as it runs."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - its name
        """The activities, giving signs of life."""
        return _Beating(super().intercept_activity(next))


class _Beating(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - its name
        awaited = activity.info().heartbeat_timeout
        if not awaited:
            return await super().execute_activity(input)
        beating = asyncio.create_task(_beat(awaited / _PART))
        try:
            return await super().execute_activity(input)
        finally:
            beating.cancel()


async def _beat(every: timedelta) -> None:
    while True:
        await asyncio.sleep(every.total_seconds())
        activity.heartbeat()
