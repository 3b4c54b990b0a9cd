"""Collective invoices: one document over what several contracts of a customer have billed."""

from __future__ import annotations

from temporalio import activity

from activities.errors import mapped
from domain.effects import IssueCollective, Outcome
from storage import collective, records
from storage.collective import CutOff
from storage.database import Database
from workflows.catalogue import Job


class CollectiveActivities:
    """Issues collective invoices, each once, whoever of its contracts asks first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="billing.issue_collective")
    async def issue_collective(self, job: Job) -> Outcome:
        """Issue what is pending of the customer until the cut-off day, or find it done. Answers with its numbers."""
        effect, contract = job.effect, job.contract
        assert isinstance(effect, IssueCollective)  # noqa: S101 - the catalogue pairs names and effects
        cut = CutOff(contract.customer.id, contract.issuer, contract.currency, effect.cut_off, contract.clock)
        with mapped("billing"):
            async with self._database.write() as connection:
                numbers = await collective.issue(connection, cut, rule=effect.rule, at=effect.at)
                if job.record:
                    await records.write(connection, job.record)
        return Outcome(reference=", ".join(numbers) or None)
