"""What runs where: the workflows and activities of a worker, and what is behind their ports."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from activities.batches import BatchActivities
from activities.billing import BillingActivities
from activities.campaigns import CampaignActivities
from activities.clocks import ClockActivities
from activities.collective import CollectiveActivities
from activities.documents import DocumentActivities
from activities.fleet import FleetActivities
from activities.forecasts import ForecastActivities
from activities.hooks import HookActivities, HookPort
from activities.messages import MailPort, MessageActivities
from activities.payments import Providers
from activities.records import RecordActivities
from activities.refunds import RefundActivities
from activities.ticketing import DeskPort, TicketingActivities
from adapters.desk_embedded import EmbeddedDesk
from adapters.hooks_http import HttpHooks
from adapters.mail_embedded import EmbeddedMail
from adapters.mail_smtp import Server, SmtpMail
from adapters.papers import Papers
from adapters.payments_embedded import EmbeddedPayments
from adapters.texts import Texts
from runtime.settings import CHECKOUT, Settings
from storage.database import Database
from workflows.campaign import CampaignWorkflow
from workflows.clock import TestClockWorkflow
from workflows.contract import ContractWorkflow
from workflows.dispatch import EventDispatcherWorkflow
from workflows.forecast import ForecastWorkflow

PROGRAMMES = CHECKOUT / "programmes"
GRACE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Outside:
    """The systems behind the ports."""

    payments: Providers
    desk: DeskPort
    mail: MailPort
    texts: Texts
    hooks: HookPort
    papers: Papers


def outside(settings: Settings, database: Database, programmes: Path = PROGRAMMES) -> Outside:
    """The systems that the settings name, and the embedded ones for the rest."""
    return Outside(
        payments=Providers(EmbeddedPayments(database)),
        desk=EmbeddedDesk(database),
        mail=_mail(settings, database),
        texts=Texts(programmes),
        hooks=HttpHooks(private=settings.hooks_private),
        papers=Papers(programmes),
    )


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


def build(client: Client, settings: Settings, database: Database, world: Outside) -> Worker:
    """A worker for everything; it ends what it has begun within half a minute when it is stopped."""
    billing = BillingActivities(database, world.payments)
    refunds = RefundActivities(database, world.payments)
    collective = CollectiveActivities(database)
    ticketing = TicketingActivities(database, world.desk)
    messages = MessageActivities(database, world.texts, world.mail)
    documents = DocumentActivities(database, world.papers)
    records = RecordActivities(database)
    fleets = FleetActivities(database)
    forecasts = ForecastActivities(database, settings.forecast_processes)
    clocks = ClockActivities(database, client)
    hooks = HookActivities(database, world.hooks, settings.public_url)
    campaigns = CampaignActivities(database, client)
    batches = BatchActivities(
        {
            "billing": billing,
            "ticketing": ticketing,
            "messages": messages,
            "documents": documents,
            "records": records,
            "fleet": fleets,
        }
    )
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[
            ContractWorkflow,
            TestClockWorkflow,
            EventDispatcherWorkflow,
            CampaignWorkflow,
            ForecastWorkflow,
        ],
        activities=[
            billing.issue_invoice,
            collective.issue_collective,
            billing.collect,
            billing.issue_credit,
            billing.write_off,
            refunds.refund,
            billing.release_coupon,
            ticketing.open_case,
            ticketing.move_case,
            ticketing.close_case,
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
        ],
        # The sandbox finds faults in code: the tests and the replay gate run in it, here it would only cost.
        workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=GRACE,
        max_concurrent_workflow_tasks=settings.max_workflow_tasks,
        max_concurrent_activities=settings.max_activities,
        deployment_config=_deployment(settings),
    )


def _deployment(settings: Settings) -> WorkerDeploymentConfig | None:
    if settings.worker_deployment is None:
        return None
    version = WorkerDeploymentVersion(settings.worker_deployment, settings.build_id)
    return WorkerDeploymentConfig(
        version=version, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE
    )


if __name__ == "__main__":
    from cli.serve import work

    asyncio.run(work())
