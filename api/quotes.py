"""Quotes: made, revised, read, accepted, rejected."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from api.commands import give, give_once, view_of
from api.counting import CountedFleet, counted_for
from api.fields import Body, Code, Day, Line, Number
from api.offering import OfferRequest, Programme, chosen_term, offers, programme
from api.once import OnceOrder, OnceQuote
from api.problems import RESPONSES, not_found, refused
from api.quote_requests import RequestId
from api.rights import ContactIn
from api.security import MayRead
from api.services import Needs, Services
from api.starts import begin, first_record, first_row, now_on
from domain.calendar import local_date
from domain.commands import Accept, Quote, Reject, Revise
from domain.decider import open_contract
from domain.fleet.state import FleetId
from domain.refusal import Refusal
from domain.state import ENDED, RULES_VERSION, Contact, Customer
from domain.view import Entry, View
from storage import contracts, people, quote_requests
from workflows.catalogue import BATCH
from workflows.messages import ContractStart

router = APIRouter(prefix="/quotes", tags=["quotes"], responses=RESPONSES)


class CustomerIn(Customer):
    """Who the quote is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line


class Wanted(Body):
    """What is to be offered, and how often it is billed."""

    period: Annotated[
        int, Field(ge=0, le=240, description="Billing period in months; 0 where the service is free.", examples=[1])
    ] = 0
    start_on: Day | None = Field(default=None, description="The day on which service is to start; else by the terms.")
    order_by: Day | None = Field(default=None, description="The order deadline that this quote states.")
    term_months: Annotated[int, Field(ge=1, le=240)] | None = Field(
        default=None, description="The length of term, where the terms leave a choice."
    )
    offers: Annotated[tuple[OfferRequest, ...], Field(min_length=1, max_length=500)]


class QuoteRequest(Wanted):
    """A quote to make."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "programme": "HPX",
                    "customer": {
                        "id": "atelier-brun",
                        "name": "Atelier Brun",
                        "email": "achats@atelier-brun.example",
                        "language": "fr",
                        "country": "FR",
                    },
                    "period": 1,
                    "offers": [{"serial": "SN-WARRANTY", "service": "care-designjet"}],
                }
            ]
        }
    )

    programme: Code
    customer: CustomerIn
    reseller: Line | None = None
    reenrols: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,40}$")] | None = Field(
        default=None, description="The contract that lapsed or ran out, and is taken up again."
    )
    fleet: FleetId | None = Field(
        default=None, description="The fleet that the offers are for, which have its id as their serial number."
    )
    contacts: Annotated[tuple[ContactIn, ...], Field(max_length=50)] = Field(
        default=(), description="Who may ask for help, where the terms want them named."
    )
    request: RequestId | None = Field(default=None, description="The request for a quote that this one answers.")
    test_clock: Annotated[str, StringConstraints(pattern="^[a-z0-9-]{1,60}$")] | None = Field(
        default=None, description="The test clock on which the contract lives; real time without one."
    )


class ReviseRequest(Wanted):
    """The offer as it is to be from now on; another contact person where one is named."""

    contact: Line | None = Field(default=None, description="The person who is written to.")
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None


def _contact(customer: Customer, wanted: ReviseRequest) -> Customer | None:
    """The customer with another contact person; none where it stays the same."""
    changes = {"contact": wanted.contact, "email": wanted.email}
    named = {name: value for name, value in changes.items() if value is not None}
    return customer.model_copy(update=named) if named else None


class AcceptRequest(Body):
    """A yes to a revision."""

    revision: Annotated[int, Field(ge=1, le=100_000, examples=[1])] = 1


class RejectRequest(Body):
    """A no, and why."""

    reason: Line | None = None


class QuoteOut(BaseModel):
    """A quote: the contract as it stands, and every revision of the offer."""

    contract: View
    revisions: list[Entry]


@router.post("", status_code=201, operation_id="create_quote")
async def create_quote(services: Needs, wanted: QuoteRequest, once: OnceQuote) -> View:
    """Offer a contract: it lives from now on, waits for its answer, and lapses without one."""

    async def create(command: str) -> View:
        start, number = await _written(services, wanted, command, once.by)
        await begin(services, number, start)
        told = first_record(start)
        once.tell(told)
        assert told.view is not None  # noqa: S101 - the first record shows the contract
        return told.view

    return await once.do(create, status=201)  # type: ignore[return-value]


class _WrittenElsewhere(Exception):
    """The same quote was written down in the same moment by its repeat."""


async def _written(services: Services, wanted: QuoteRequest, command: str, by: str) -> tuple[ContractStart, str]:
    """The start of the contract, checked and written down once; nothing is kept of one that is refused."""
    try:
        return await _write(services, wanted, command, by)
    except _WrittenElsewhere:
        return await _write(services, wanted, command, by)


async def _write(services: Services, wanted: QuoteRequest, command: str, by: str) -> tuple[ContractStart, str]:
    fleet = await _fleet(services, wanted, command)
    async with services.database.write() as connection:
        known = await contracts.created(connection, command)
        if known:
            return ContractStart.model_validate(known["start"]), known["number"]
        offered = await programme(connection, wanted.programme)
        await _check_ended(connection, wanted, offered)
        now = await _now(services, connection, wanted.test_clock)
        number = await _number(connection, wanted.programme, now)
        made = await offers(connection, offered, wanted.offers, wanted.customer.language, fleet)
        quote = Quote(
            id=command,
            by=by,
            number=number,
            terms=offered.terms,
            customer=Customer.model_validate(wanted.customer.model_dump()),
            period=wanted.period,
            offers=made,
            reseller=wanted.reseller,
            start_on=wanted.start_on,
            order_by=wanted.order_by,
            term_months=chosen_term(offered, made, wanted.term_months),
            reenrols=wanted.reenrols,
            fleet=fleet.census if fleet else None,
            fleet_id=fleet.id if fleet else None,
            contacts=tuple(Contact.model_validate(item.model_dump()) for item in wanted.contacts),
            access_code=secrets.token_hex(4).upper() if offered.terms.onboarding else None,
        )
        open_contract(quote, now)
        start = ContractStart(
            batch=BATCH,
            rules=RULES_VERSION,
            staged=True,
            callers_write=True,
            quote=quote,
            now=now,
            clock=wanted.test_clock,
            patience_seconds=services.settings.patience_seconds,
            spread_seconds=services.settings.spread_seconds,
        )
        if wanted.request and not await quote_requests.answer(connection, wanted.request, number):
            raise not_found(f"request {wanted.request} that waits for a quote")
        await people.keep_customer(connection, quote.customer)
        await contracts.begin(connection, first_row(start, command, services.now()))
        kept = await contracts.created(connection, command)
        if kept is None or kept["number"] != number:
            raise _WrittenElsewhere  # and the number goes back
    return start, number


async def _check_ended(connection: AsyncConnection, wanted: QuoteRequest, offered: Programme) -> None:
    """Refuse to take up again what has not ended; a contract from before Tenure is not known here: it is believed."""
    before = await contracts.read(connection, wanted.reenrols) if wanted.reenrols else None
    if before is None or before.status in ENDED:
        return
    again = offered.terms.reenrolment
    raise refused(
        Refusal(
            again.rule if again else offered.terms.quote.rule,
            f"{before.number} is {before.status.value}: it has not ended",
            allowed_when="it is renewed instead, or has lapsed or run out",
            field="reenrols",
        )
    )


async def _fleet(services: Services, wanted: QuoteRequest, command: str) -> CountedFleet | None:
    """The fleet that is asked for, counted on the day of the quote; before the transaction, which it would hold up."""
    if wanted.fleet is None:
        return None
    async with services.database.read() as connection:
        if await contracts.created(connection, command):
            return None
        terms = (await programme(connection, wanted.programme)).terms
        now = await _now(services, connection, wanted.test_clock, hold=False)
    day, customer = local_date(now, terms.time_zone), wanted.customer
    return await counted_for(services, terms, wanted.fleet, day, customer=customer.id, country=customer.country)


async def _number(connection: AsyncConnection, code: str, now: datetime) -> str:
    count = await contracts.next_number(connection, f"contract/{code}/{now.year}")
    return f"{code}-{now.year}-{count:06d}"


async def _now(services: Services, connection: AsyncConnection, clock: str | None, *, hold: bool = True) -> datetime:
    return services.now() if clock is None else await now_on(connection, clock, hold=hold)


@router.get("/{number}", operation_id="read_quote")
async def read_quote(services: Needs, number: Number, _: MayRead) -> QuoteOut:
    """A quote with every revision of its offer, the latest last."""
    shown = await view_of(services, number)
    async with services.database.read() as connection:
        trail = await contracts.entries(connection, number, after=0, limit=200)
    revisions = [entry for entry in trail if entry.kind in {"quoted", "quote_revised"}]
    return QuoteOut(contract=shown, revisions=revisions)


@router.put("/{number}", operation_id="revise_quote")
async def revise_quote(services: Needs, number: Number, wanted: ReviseRequest, once: OnceQuote) -> View:
    """Replace the offer by a new revision; the earlier ones stay readable and can no longer be accepted."""
    shown = await view_of(services, number)

    async def revise(command: str) -> View:
        async with services.database.read() as connection:
            offered: Programme = await programme(connection, shown.programme)
        fleet = await _recounted(services, offered, shown)
        async with services.database.read() as connection:
            made = await offers(connection, offered, wanted.offers, shown.customer.language, fleet)
        revision = Revise(
            id=command,
            by=once.by,
            period=wanted.period,
            offers=made,
            customer=_contact(shown.customer, wanted),
            start_on=wanted.start_on,
            order_by=wanted.order_by,
            term_months=chosen_term(offered, made, wanted.term_months),
            fleet=fleet.census if fleet else None,
        )
        return (await give(services, number, revision, once)).view

    return await once.do(revise)  # type: ignore[return-value]


async def _recounted(services: Services, offered: Programme, shown: View) -> CountedFleet | None:
    """The fleet of a quote, counted anew."""
    if shown.fleet is None:
        return None
    day = local_date(shown.now if shown.clock else services.now(), shown.zone)
    who = shown.customer
    return await counted_for(services, offered.terms, shown.fleet.fleet, day, customer=who.id, country=who.country)


@router.post("/{number}/accept", operation_id="accept_quote")
async def accept_quote(services: Needs, number: Number, wanted: AcceptRequest, once: OnceOrder) -> View:
    """Accept the latest revision, once; the checkout follows."""
    return await give_once(services, number, once, Accept, revision=wanted.revision)  # type: ignore[return-value]


@router.post("/{number}/reject", operation_id="reject_quote")
async def reject_quote(services: Needs, number: Number, wanted: RejectRequest, once: OnceOrder) -> View:
    """Reject the offer."""
    return await give_once(services, number, once, Reject, reason=wanted.reason)  # type: ignore[return-value]
