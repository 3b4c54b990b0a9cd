"""Jobs as contracts hand them to activities, and the environment that runs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from temporalio.testing import ActivityEnvironment

from activities.documents import DocumentActivities
from adapters.papers import Papers
from domain.bill import Bill
from domain.effects import Effect, IssueInvoice, MakeDocument
from domain.view import Record
from runtime.settings import CHECKOUT
from storage import programmes
from storage.database import Database
from tests.domain.samples import CUSTOMER, terms
from tests.storage.samples import AT, CONTRACT, shown
from workflows.catalogue import Header, Job


def job(effect: Effect, record: Record | None = None, **changes: Any) -> Job:
    """An effect of the sample contract, as it arrives over the wire."""
    header = Header(
        number=CONTRACT,
        programme="SMP",
        issuer="SMP",
        terms_version=1,
        customer=CUSTOMER,
        lines=shown().lines,
        currency="EUR",
        zone="Europe/Paris",
        now=AT,
    )
    made = Job.model_validate({"contract": header.model_copy(update=changes), "effect": effect, "record": record})
    return Job.model_validate_json(made.model_dump_json())


def invoice(bill: Bill, method: str | None = "pm_ok", *, order: bool = False, at: datetime = AT) -> IssueInvoice:
    """The effect that issues the bill."""
    return IssueInvoice(key=bill.key, at=at, rule="SMP-4", bill=bill, order=order, method=method)


async def run(activity: Callable[[Any], Awaitable[Any]], argument: Any) -> Any:
    """Run an activity as a worker would."""
    return await ActivityEnvironment().run(activity, argument)


def confirmation() -> MakeDocument:
    """A document of the sample contract."""
    data = {"last_day": "2027-05-17", "reason": "moving"}
    key = f"{CONTRACT}/0/document/cancellation-1"
    return MakeDocument(key=key, at=AT, rule="SMP-9", document="cancellation_confirmation", data=data)


def printing(database: Database) -> DocumentActivities:
    """The activities that make documents."""
    return DocumentActivities(database, Papers(CHECKOUT / "programmes"))


async def store_terms(database: Database) -> None:
    """Load the sample programme, as it is before anybody makes a contract under it."""
    async with database.write() as connection:
        sample = terms().model_dump(mode="json")
        await programmes.store(connection, code="SMP", version=1, terms=sample, catalogue={}, sha256="a" * 64)
