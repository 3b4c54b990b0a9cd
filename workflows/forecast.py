"""A forecast of many contracts: one long piece of work, begun again where its worker is lost."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.catalogue import FORECAST, FORECAST_TRIES

_HEARTBEAT = timedelta(minutes=2)
_LONGEST = timedelta(hours=12)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_attempts=FORECAST_TRIES)


@workflow.defn(name="Forecast")
class ForecastWorkflow:
    """One forecast, until its answer is kept. It asks nothing of any contract."""

    @workflow.run
    async def run(self, forecast: str) -> None:
        """Make the forecast of that id."""
        await workflow.execute_activity(
            FORECAST,
            forecast,
            start_to_close_timeout=_LONGEST,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=_RETRY,
            summary=f"forecast {forecast}",
        )
