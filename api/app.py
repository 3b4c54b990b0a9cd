"""The API, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from api import (
    bank_statements,
    calendars,
    campaign_previews,
    campaign_reports,
    campaign_schedules,
    campaigns,
    cases,
    checkout,
    clocks,
    collective,
    contracts,
    coverage,
    desk,
    devices,
    documentation,
    enquiries,
    event_stream,
    fleets,
    forecasts,
    futures,
    hooks,
    imports,
    links,
    mail,
    money,
    papers,
    payments,
    people,
    pipeline,
    previews,
    problems,
    programmes,
    quote_requests,
    quotes,
    replacements,
    requests,
    rights,
    starts,
    stripe_webhooks,
    subscriptions,
    supplies,
    tasks,
    unanswered,
)
from api.problems import unavailable
from api.services import Needs, Services
from storage.migrate import is_current

ROUTERS = (
    programmes.router,
    devices.router,
    replacements.router,
    coverage.router,
    quote_requests.router,
    quotes.router,
    checkout.router,
    payments.router,
    event_stream.router,
    hooks.router,
    contracts.router,
    futures.router,
    forecasts.router,
    money.router,
    bank_statements.router,
    mail.router,
    stripe_webhooks.router,
    links.router,
    subscriptions.router,
    papers.router,
    collective.router,
    pipeline.router,
    calendars.router,
    previews.router,
    requests.router,
    cases.router,
    desk.router,
    desk.hooks,
    rights.router,
    enquiries.router,
    supplies.router,
    tasks.router,
    fleets.router,
    imports.router,
    clocks.router,
    campaign_previews.router,
    campaigns.router,
    campaign_reports.router,
    campaign_schedules.router,
    people.router,
)
health = APIRouter(tags=["health"])


class Health(BaseModel):
    """That a part is well."""

    status: str = "ok"


@health.get("/healthz", operation_id="healthz", include_in_schema=False)
@health.get("/health", operation_id="health")
async def alive() -> Health:
    """The process answers."""
    return Health()


@health.get("/readyz", operation_id="readyz", include_in_schema=False)
@health.get("/ready", operation_id="ready", responses={503: problems.RESPONSES[503]})
async def ready(services: Needs) -> Health:
    """The database is there and has every migration, and Temporal answers."""
    try:
        if not await is_current(services.database):
            raise unavailable("the database lacks migrations; run `./tenure migrate`")
        if not await services.client.service_client.check_health():
            raise unavailable("Temporal is not serving")
    except (SQLAlchemyError, RPCError, OSError) as error:
        raise unavailable("the database or Temporal does not answer") from error
    return Health()


def create_app(services: Services) -> FastAPI:
    """The API over some services."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with starts.finishing(services), unanswered.seeing_to_it(services):
            yield

    app = FastAPI(
        lifespan=lifespan,
        title="Tenure",
        version="1",
        summary="Service contracts that run by themselves for years.",
        description=(
            "Commands (POST, PUT, DELETE) need an `Idempotency-Key` and answer when the contract has taken them. "
            "A refusal is a problem (RFC 9457) with the rule, the reason, and from when or when it may happen."
        ),
    )
    app.state.services = services
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix="/v1")
    app.include_router(people.page)
    app.include_router(calendars.public)
    app.include_router(health)
    documentation.install(app)
    return app
