"""Forecasts: the long work of thinking many futures through, with what it has come to kept."""

from __future__ import annotations

import asyncio

from temporalio import activity

from activities.errors import mapped
from domain.forecast.asked import Asked, Progress
from domain.forecast.suppose import SupposedError
from storage import forecasts, portfolio
from storage.database import Database
from workflows.catalogue import FORECAST, FORECAST_TRIES

_SHOWN_EVERY = 1.0
"""Seconds between two notes of how far a forecast has come."""


class ForecastActivities:
    """Makes forecasts, at low priority, on so many processes."""

    def __init__(self, database: Database, processes: int) -> None:
        self._database, self._processes = database, processes

    @activity.defn(name=FORECAST)
    async def make(self, forecast: str) -> None:
        """Make a forecast and keep its answer; once it is kept, nothing more is done."""
        with mapped("forecasts"):
            async with self._database.read() as connection:
                row = await forecasts.find(connection, forecast)
            if row is None or row["finished_at"]:
                return
            try:
                answer = await portfolio.forecast(
                    self._database,
                    Asked.model_validate(row["asked"]),
                    as_of=row["as_of"],
                    tell=_Told(self._database, forecast),
                    size=self._processes,
                )
            except SupposedError as error:
                await self._fail(forecast, str(error))
                return
            except Exception as error:
                if activity.info().attempt >= FORECAST_TRIES:
                    await self._fail(forecast, f"it could not be made: {error}")
                raise
            async with self._database.write() as connection:
                await forecasts.finish(connection, forecast, answer=answer)

    async def _fail(self, forecast: str, why: str) -> None:
        async with self._database.write() as connection:
            await forecasts.finish(connection, forecast, answer=None, error=why)


class _Told:
    """Hears how far a forecast has come; tells Temporal each time and the database once a second."""

    def __init__(self, database: Database, forecast: str) -> None:
        self._database, self._forecast = database, forecast
        self._next = 0.0

    async def __call__(self, progress: Progress) -> None:
        activity.heartbeat(progress)
        now = asyncio.get_running_loop().time()
        if now < self._next:
            return
        self._next = now + _SHOWN_EVERY
        async with self._database.write() as connection:
            await forecasts.come(connection, self._forecast, progress)
