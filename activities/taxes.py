"""Tax rates, from whoever knows them."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from temporalio import activity

from activities.errors import mapped
from domain.calendar import local_date
from domain.effects import AskRates, Outcome
from domain.terms import Place, TaxRate
from storage import records
from storage.database import Database
from workflows.catalogue import Job


class TaxPort(Protocol):
    """Who knows tax rates."""

    async def rates(self, places: tuple[Place, ...], on: date) -> tuple[TaxRate, ...]:
        """Every rate of the places that holds on a day or later, each from its day on. Raises Refused, Unreachable."""


class TaxActivities:
    """Asks for tax rates."""

    def __init__(self, database: Database, taxes: TaxPort) -> None:
        self._database = database
        self._taxes = taxes

    @activity.defn(name="tax.ask_rates")
    async def ask_rates(self, job: Job) -> Outcome:
        """The rates of the places that a contract asks for."""
        effect = job.effect
        assert isinstance(effect, AskRates)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("tax"):
            rates = await self._taxes.rates(effect.places, local_date(effect.at, job.contract.zone))
            if job.record:
                async with self._database.write() as connection:
                    await records.write(connection, job.record)
        return Outcome(rates=rates)
