"""What runs where: the workflows and activities of a worker, and what is behind their ports."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from holidays import list_supported_countries
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities.alive import Alive
from activities.batches import BatchActivities
from activities.billing import BillingActivities
from activities.books import BooksActivities
from activities.campaigns import CampaignActivities
from activities.clocks import ClockActivities
from activities.collective import CollectiveActivities
from activities.desk import DeskPort
from activities.documents import DocumentActivities
from activities.fleet import FleetActivities
from activities.forecasts import ForecastActivities
from activities.hearing import HearingActivities
from activities.hooks import HookActivities, HookPort
from activities.messages import MailPort, MessageActivities
from activities.payments import Providers
from activities.records import RecordActivities
from activities.taxes import TaxActivities, TaxPort
from activities.ticketing import TicketingActivities
from adapters.desk_embedded import EmbeddedDesk
from adapters.desk_roundup import Roundup
from adapters.desk_rt import RequestTracker
from adapters.hooks_http import HttpHooks
from adapters.mail_embedded import EmbeddedMail
from adapters.mail_smtp import Server, SmtpMail
from adapters.papers import Papers
from adapters.payments_embedded import EmbeddedPayments
from adapters.payments_stripe import StripePayments
from adapters.taxes_embedded import FileTaxes
from adapters.taxes_http import HttpTaxes
from adapters.texts import Texts
from runtime.rereading import Rereading
from runtime.settings import CHECKOUT, Settings
from storage.database import Database
from workflows.campaign import CampaignWorkflow
from workflows.clock import TestClockWorkflow
from workflows.contract import ContractWorkflow
from workflows.desk import DeskWatchWorkflow
from workflows.dispatch import EventDispatcherWorkflow
from workflows.forecast import ForecastWorkflow
from workflows.housekeeping import CloseBooksWorkflow

PROGRAMMES = CHECKOUT / "programmes"
GRACE = timedelta(seconds=30)
_QUIET = 600.0

WORKFLOWS: tuple[type, ...] = (
    ContractWorkflow,
    TestClockWorkflow,
    EventDispatcherWorkflow,
    CampaignWorkflow,
    ForecastWorkflow,
    DeskWatchWorkflow,
    CloseBooksWorkflow,
)
"""Every workflow of this build. `tests/replay` keeps a history of each, which later builds must replay."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The systems behind the ports."""

    taxes: TaxPort
    payments: Providers
    desk: DeskPort
    mail: MailPort
    texts: Texts
    hooks: HookPort
    papers: Papers


def outside(settings: Settings, database: Database, programmes: Path = PROGRAMMES) -> Outside:
    """The systems that the settings name, and the embedded ones for the rest."""
    return Outside(
        payments=_payments(settings, database),
        taxes=_taxes(settings),
        desk=_desk(settings, database),
        mail=_mail(settings, database),
        texts=Texts(programmes),
        hooks=HttpHooks(private=settings.hooks_private),
        papers=Papers(programmes),
    )


def _payments(settings: Settings, database: Database) -> Providers:
    """Stripe where it has a key; what lives on test clocks is never collected with a live one."""
    embedded = EmbeddedPayments(database)
    if settings.stripe_key is None:
        return Providers(embedded)
    key = settings.stripe_key.get_secret_value()
    real = StripePayments(key, url=settings.stripe_url)
    return Providers(real, embedded if "_live_" in key else real)


def _desk(settings: Settings, database: Database) -> DeskPort:
    url, token, timeout = settings.desk_url, settings.desk_token, settings.desk_timeout_seconds
    if settings.desk == "embedded" or url is None or token is None:
        return EmbeddedDesk(database)
    secret, user = token.get_secret_value(), settings.desk_user
    if settings.desk == "rt":
        return RequestTracker(url, secret, queue=settings.desk_queue, user=user, timeout=timeout)
    return Roundup(url, secret, user=user, timeout=timeout)


def _look_every(settings: Settings) -> float:
    """The embedded desk always rings; any other is looked at in case its bell was not heard."""
    return _QUIET if settings.desk == "embedded" else settings.desk_poll_seconds


def _taxes(settings: Settings) -> TaxPort:
    if settings.tax_url is None:
        return FileTaxes(settings.tax_rates)
    token = settings.tax_token
    return HttpTaxes(settings.tax_url, token.get_secret_value() if token else None)


def _mail(settings: Settings, database: Database) -> MailPort:
    if settings.smtp_host is None:
        return EmbeddedMail(database, settings.mail_from)
    password = settings.smtp_password
    server = Server(
        host=settings.smtp_host,
        port=settings.smtp_port,
        user=settings.smtp_user,
        password=password.get_secret_value() if password else None,
        starttls=settings.smtp_starttls,
    )
    return SmtpMail(server, settings.mail_from, settings.bounce_address)


def warm_up() -> None:
    """Load what is loaded at its first use: the holidays of all countries take a second, which no workflow may.

    A workflow that does not give way for two seconds is taken for stuck, and what it has been asked is asked again.
    """
    list_supported_countries()


def build(client: Client, settings: Settings, database: Database, world: Outside) -> Worker:
    """A worker for everything; it ends what it has begun within half a minute when it is stopped."""
    warm_up()
    billing = BillingActivities(database, world.payments)
    collective = CollectiveActivities(database)
    ticketing = TicketingActivities(database, world.desk, settings.public_url)
    hearing = HearingActivities(database, world.desk, client, _look_every(settings))
    messages = MessageActivities(database, world.texts, world.mail, settings.public_url)
    taxes = TaxActivities(database, world.taxes)
    documents = DocumentActivities(database, world.papers)
    records = RecordActivities(database)
    fleets = FleetActivities(database)
    forecasts = ForecastActivities(database, settings.forecast_processes)
    clocks = ClockActivities(database, client)
    hooks = HookActivities(database, world.hooks, settings.public_url)
    campaigns = CampaignActivities(database, client)
    batches = BatchActivities(
        {
            "billing": (billing, collective),
            "ticketing": (ticketing,),
            "messages": (messages,),
            "documents": (documents,),
            "records": (records,),
            "fleet": (fleets,),
            "tax": (taxes,),
        },
        together={"billing.issue_invoice": billing.issue_together},
    )
    books = BooksActivities(database)
    # The sandbox finds faults in code: the tests and the replay gate run in it, here it would only cost.
    runner = Rereading()
    worker = Worker(
        client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        activities=[
            taxes.ask_rates,
            billing.issue_invoice,
            collective.issue_collective,
            billing.collect,
            billing.issue_credit,
            billing.write_off,
            billing.refund,
            billing.bring_forward,
            billing.release_coupon,
            ticketing.open_case,
            ticketing.move_case,
            ticketing.close_case,
            ticketing.comment_case,
            ticketing.reopen_case,
            ticketing.escalate_case,
            hearing.hear,
            messages.send,
            messages.send_again,
            documents.make,
            records.record,
            records.requote,
            fleets.count,
            forecasts.make,
            clocks.advance_contracts,
            clocks.discard_contracts,
            hooks.deliver,
            campaigns.open,
            campaigns.pick,
            campaigns.ask,
            campaigns.stand,
            batches.carry_out,
            books.close,
        ],
        workflow_runner=runner,
        interceptors=[Alive()],
        graceful_shutdown_timeout=GRACE,
        max_cached_workflows=settings.max_cached_workflows,
        max_concurrent_workflow_tasks=settings.max_workflow_tasks,
        max_concurrent_activities=settings.max_activities,
        deployment_config=deployment(settings),
    )
    return runner.serve(worker)


def deployment(settings: Settings) -> WorkerDeploymentConfig | None:
    """The build that a worker says it is; none where workers are not versioned.

    Every workflow goes on with whichever build is current: a contract that sleeps for years belongs to no build.
    """
    if settings.worker_deployment is None:
        return None
    version = WorkerDeploymentVersion(settings.worker_deployment, settings.build_id)
    return WorkerDeploymentConfig(
        version=version, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE
    )


if __name__ == "__main__":
    from cli.serve import work

    asyncio.run(work())
