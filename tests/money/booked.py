"""What lives told the world, carried out on a database by the real activities."""

from __future__ import annotations

from activities.billing import BillingActivities
from adapters.payments_embedded import EmbeddedPayments
from cli.preparation import prepare
from domain import decider
from domain.effects import Collect, IssueCredit, IssueInvoice, WriteOff
from domain.permissions import permissions
from domain.simulator import Life
from domain.view import Record, attention, view
from storage import contracts, programmes, records
from storage.database import Database
from tests.activities.samples import run
from tests.money.variants import variants
from workflows.catalogue import Header, Job


async def book(database: Database, life: Life) -> None:
    """Write a life's trail down, and issue and collect all that it billed."""
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
    billing = BillingActivities(database, EmbeddedPayments())
    acts = {
        IssueInvoice: billing.issue_invoice,
        Collect: billing.collect,
        IssueCredit: billing.issue_credit,
        WriteOff: billing.write_off,
    }
    for effect in life.told:
        act = acts.get(type(effect))
        if act:
            await run(act, Job(contract=header(life), effect=effect))


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
