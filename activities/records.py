"""Records: the trail and the read model, and what is looked up in them for a contract."""

from __future__ import annotations

from decimal import Decimal

from temporalio import activity

from activities.errors import mapped
from domain.calendar import local_date
from domain.catalogue import Catalogue
from domain.effects import Outcome, Requote
from domain.simulator import moved
from domain.terms import Terms
from domain.values import Prices
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
        catalogue = Catalogue.model_validate(latest["catalogue"])
        return Outcome(
            prices=_listed(job.contract, catalogue),
            index=_index(job, catalogue),
            terms=Terms.model_validate(latest["terms"]) if newer else None,
        )


def _listed(contract: Header, catalogue: Catalogue) -> dict[str, Prices]:
    """The list prices of those lines whose service is still in the catalogue for their model."""
    listed = {(price.service, price.model): price.prices for price in catalogue.price_list()}
    return {
        line.id: listed[line.service, line.model] for line in contract.lines if (line.service, line.model) in listed
    }


def _index(job: Job, catalogue: Catalogue) -> tuple[Decimal, Decimal] | None:
    if not isinstance(job.effect, Requote):
        return None
    return moved(catalogue.indices, job.effect, local_date(job.effect.at, job.contract.zone))
