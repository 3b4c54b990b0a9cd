"""Fleets: counted for a contract, which never sees their devices."""

from __future__ import annotations

from temporalio import activity

from activities.errors import Refused, mapped
from domain.effects import CountFleet, Outcome
from storage import fleets, records
from storage.database import Database
from workflows.catalogue import Job


class FleetActivities:
    """Counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="fleet.count")
    async def count(self, job: Job) -> Outcome:
        """Count the fleet's devices as the contract's terms ask. A fleet that is not there is refused."""
        effect = job.effect
        assert isinstance(effect, CountFleet)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("fleet"):
            async with self._database.read() as connection:
                census = await fleets.census(connection, effect.fleet, effect.terms, effect.on)
                if await fleets.find(connection, effect.fleet) is None:
                    raise Refused(f"there is no fleet {effect.fleet}")
            if job.record:
                async with self._database.write() as connection:
                    await records.write(connection, job.record)
        return Outcome(census=census)
