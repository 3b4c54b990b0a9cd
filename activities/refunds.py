"""Refunds: money back to the means of payment that it came from, never more than it came with."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from temporalio import activity

from activities.errors import Refused, mapped
from activities.payments import GiveBack, Providers
from domain.calendar import local_date
from domain.effects import Outcome, Refund
from storage import payments, records
from storage.database import Database
from workflows.catalogue import Job


class Refunds:
    """The side of billing that gives back, each part once by its key."""

    def __init__(self, database: Database, providers: Providers) -> None:
        self._database = database
        self._providers = providers

    @activity.defn(name="billing.refund")
    async def refund(self, job: Job) -> Outcome:
        """Give an amount back, by parts of what was collected; what cannot go back this way is said to a person."""
        effect = job.effect
        assert isinstance(effect, Refund)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("billing"):
            async with self._database.write() as connection:
                parts = await payments.plan_refund(
                    connection, effect.key, job.contract.number, effect.amount, effect.currency
                )
                if job.record:
                    await records.write(connection, job.record)
            refused = [reason for row in parts if (reason := await self._give_back(job, effect, row))]
            left = effect.amount - sum((row["amount"] for row in parts), Decimal(0))
            if left > 0:
                refused.append(f"{left} {effect.currency} did not come through a payment provider: transfer it by hand")
            if refused:
                raise Refused("; ".join(refused))
        return Outcome()

    async def _give_back(self, job: Job, effect: Refund, row: dict[str, Any]) -> str | None:
        """Carry one part out; why not, where the provider will not."""
        if row["state"] == "made":
            return None
        wanted = GiveBack(key=row["key"], charge=row["charge"], amount=row["amount"], currency=row["currency"])
        try:
            reference = await self._providers.named(row["provider"]).refund(wanted)
        except Refused as no:
            async with self._database.write() as connection:
                await payments.refund_refused(connection, row["key"], str(no))
            return str(no)
        today = local_date(effect.at, job.contract.zone)
        async with self._database.write() as connection:
            await payments.refund_made(connection, row, reference, on=today, rule=effect.rule)
        return None
