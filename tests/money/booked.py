"""What lives told the world, carried out on a database by the real activities."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from activities.billing import BillingActivities
from activities.collective import CollectiveActivities
from activities.payments import Providers
from adapters.payments_embedded import EmbeddedPayments
from bench.variants import variants
from cli.preparation import prepare
from domain import decider
from domain.effects import BringForward, Collect, IssueCollective, IssueCredit, IssueInvoice, Refund, WriteOff
from domain.permissions import permissions
from domain.simulator import Life
from domain.view import Record, attention, view
from storage import contracts, ledger, payments, programmes, records
from storage.database import Database
from tests.activities.samples import run
from workflows.catalogue import Header, Job


class Report(NamedTuple):
    """What was said of an invoice's payment after so many effects: `paid` or `reversed`."""

    after: int
    id: str
    invoice: str
    outcome: str
    amount: Decimal
    on: date


async def book(database: Database, life: Life, reports: Sequence[Report] = ()) -> None:
    """Write a life's trail down, issue and collect all that it billed, and take what was reported in between."""
    contract = life.contract
    shown = view(
        contract,
        now=contract.at,
        step=decider.step(contract),
        allowed=permissions(contract),
        attention=attention(contract),
        version=len(life.entries),
    )
    values = {"status": "Starting", "programme": shown.programme, "customer": shown.customer.id, "reseller": None}
    fixed: dict[str, object] = {
        "version": 0,
        "attention": False,
        "clock": None,
        "now": contract.at,
        "closed": False,
        "start": {},
    }
    named = {"number": shown.number, "creation_key": shown.number, "created_at": contract.at}
    async with database.write() as connection:
        await contracts.begin(connection, values | fixed | named)
        await records.write(connection, Record(view=shown, entries=tuple(life.entries)))
    billing = BillingActivities(database, Providers(EmbeddedPayments(database)))
    acts = {
        IssueInvoice: billing.issue_invoice,
        Collect: billing.collect,
        IssueCredit: billing.issue_credit,
        WriteOff: billing.write_off,
        BringForward: billing.bring_forward,
        IssueCollective: CollectiveActivities(database).issue_collective,
        Refund: billing.refund,
    }
    waiting = list(reports)
    for position, effect in enumerate(life.told):
        while waiting and waiting[0].after <= position:
            await _take(database, waiting.pop(0))
        act = acts.get(type(effect))
        if act:
            await run(act, Job(contract=header(life), effect=effect))
    for report in waiting:
        await _take(database, report)


async def _take(database: Database, report: Report) -> None:
    async with database.write() as connection:
        await payments.reported(connection, report.invoice, report.outcome)
        if report.outcome == "paid":
            await ledger.mark(connection, report.invoice, "paid", on=report.on, reference="psp")
        else:
            amount = report.amount
            assert await ledger.take_back(connection, report.invoice, amount, on=report.on, reference=report.id)


def header(life: Life) -> Header:
    """The contract as activities know it."""
    contract = life.contract
    return Header(
        number=contract.number,
        programme=contract.terms.code,
        issuer=contract.terms.issuer.code,
        terms_version=contract.terms.version,
        customer=contract.customer,
        lines=(),
        currency=contract.terms.currency,
        zone=contract.zone,
        now=contract.at,
    )


async def ready(database: Database) -> None:
    """The programmes, as they ship and under every variant."""
    for programme in await prepare(database):
        async with database.write() as connection:
            for variant in variants(programme):
                await programmes.store(
                    connection,
                    code=variant.terms.code,
                    version=variant.terms.version,
                    terms=variant.terms.model_dump(mode="json"),
                    catalogue=variant.catalogue.model_dump(mode="json"),
                    sha256=variant.sha256,
                )
