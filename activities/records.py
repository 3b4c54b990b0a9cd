"""Records: the trail and the read model, and what is looked up in them for a contract."""

from __future__ import annotations

from typing import Any

from temporalio import activity

from activities.errors import mapped
from domain.effects import Outcome
from domain.terms import Terms
from domain.view import Record
from storage import programmes, records
from storage.database import Database
from workflows.catalogue import RECORD, Header, Job


class RecordActivities:
    """Writes what happened, and reads what is offered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name=RECORD)
    async def record(self, record: Record) -> None:
        """Write down what no effect has carried along."""
        with mapped("records"):
            async with self._database.write() as connection:
                await records.write(connection, record)

    @activity.defn(name="records.requote")
    async def requote(self, job: Job) -> Outcome:
        """What the contract's lines cost in the list of the day, and the programme's terms where they are newer."""
        with mapped("records"):
            async with self._database.read() as connection:
                latest = await programmes.latest(connection, job.contract.programme)
            if job.record:
                async with self._database.write() as connection:
                    await records.write(connection, job.record)
        if latest is None:
            return Outcome()
        newer = latest["version"] > job.contract.terms_version
        return Outcome(
            prices=_listed(job.contract, latest["catalogue"]),
            terms=Terms.model_validate(latest["terms"]) if newer else None,
        )


def _listed(contract: Header, catalogue: dict[str, Any]) -> Any:
    """The list prices of those lines whose service is still in the catalogue for their model."""
    services = {service["id"]: service for service in catalogue["services"]}
    return {
        line.id: services[line.service]["prices"]
        for line in contract.lines
        if line.service in services and line.model in services[line.service]["models"]
    }
