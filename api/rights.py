"""What a contract gives its customer besides repairs: entitlements, onboarding, requests, who may call."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from api.commands import give_once, state_of, view_of
from api.fields import Body, Day, Line, LineId, Number, Word
from api.once import OnceOperate, OnceOrder
from api.problems import RESPONSES
from api.security import MayRead
from api.services import Needs
from domain.calendar import local_date
from domain.commands import NameContacts, RequestCopy
from domain.entitlements.commands import Fulfil, ReturnEntitlement, UseEntitlement
from domain.entitlements.rights import Right, rights
from domain.onboarding.commands import CompleteOnboarding
from domain.requests.commands import AdvanceRequest, MakeRequest, RefuseRequest
from domain.view import View

router = APIRouter(prefix="/contracts/{number}", tags=["requests"], responses=RESPONSES)
TicketId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,120}$")]
Address = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]


class Note(Body):
    """What there is to say about it."""

    note: Line | None = None


class UseRequest(Note):
    """Which entitlement is used, and on which day."""

    item: Word = Field(examples=["site_visit"])
    on: Day | None = Field(default=None, description="Today where it is not given.")
    line: LineId | None = Field(default=None, description="The line, where each has its own.")


class ReturnRequest(Body):
    """The use that does not take place."""

    use: TicketId
    reason: Line | None = None


class FulfilRequest(Note):
    """What is done."""

    obligation: TicketId


class AskRequest(Body):
    """A request that people decide."""

    what: Word = Field(examples=["move"])
    line: LineId
    details: dict[Word, Line] = Field(default_factory=dict, max_length=20, examples=[{"to_country": "US"}])


class StepRequest(Note):
    """The step of a request that is done."""

    request: TicketId
    step: Word = Field(examples=["approved"])


class RefusalRequest(Body):
    """Why a request goes no further."""

    request: TicketId
    reason: Line


class CopyRequest(Body):
    """The document of which a copy is wanted."""

    document: Word = Field(examples=["contract_copy"])


class ContactIn(Body):
    """Somebody who may speak for the customer; ``firm`` where it is a partner's."""

    name: Line
    email: Address
    firm: Line | None = None


class ContactsRequest(Body):
    """Everybody who may speak for the customer from now on."""

    contacts: Annotated[tuple[ContactIn, ...], Field(min_length=1, max_length=50)]


@router.get("/entitlements", operation_id="list_entitlements")
async def list_entitlements(services: Needs, number: Number, _: MayRead, on: Day | None = None) -> list[Right]:
    """What the contract includes in its customer's country, and how much of it the year of a day has left."""
    shown = await view_of(services, number)
    contract = await state_of(services, number)
    return list(rights(contract, on or local_date(shown.now if shown.clock else services.now(), shown.zone)))


@router.post("/use-entitlement", operation_id="use_entitlement")
async def use_entitlement(services: Needs, number: Number, wanted: UseRequest, once: OnceOrder) -> View:
    """Plan a use of something that the contract includes; refused when the year has none left."""
    return await give_once(services, number, once, UseEntitlement, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/return-entitlement", operation_id="return_entitlement")
async def return_entitlement(services: Needs, number: Number, wanted: ReturnRequest, once: OnceOrder) -> View:
    """Give a planned use back: it counts no more."""
    return await give_once(services, number, once, ReturnEntitlement, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/fulfil", operation_id="fulfil")
async def fulfil(services: Needs, number: Number, wanted: FulfilRequest, once: OnceOperate) -> View:
    """Say that something that fell due is done."""
    return await give_once(services, number, once, Fulfil, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/complete-onboarding", operation_id="complete_onboarding")
async def complete_onboarding(services: Needs, number: Number, wanted: Note, once: OnceOperate) -> View:
    """Say that the customer is taken on: service starts."""
    return await give_once(services, number, once, CompleteOnboarding, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/make-request", operation_id="make_request")
async def make_request(services: Needs, number: Number, wanted: AskRequest, once: OnceOrder) -> View:
    """Ask for something that people decide, such as a move of a machine."""
    return await give_once(services, number, once, MakeRequest, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/advance-request", operation_id="advance_request")
async def advance_request(services: Needs, number: Number, wanted: StepRequest, once: OnceOperate) -> View:
    """Say that a request's next step is done; none can be left out."""
    return await give_once(services, number, once, AdvanceRequest, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/refuse-request", operation_id="refuse_request")
async def refuse_request(services: Needs, number: Number, wanted: RefusalRequest, once: OnceOperate) -> View:
    """Say no to a request."""
    return await give_once(services, number, once, RefuseRequest, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/request-copy", operation_id="request_copy", tags=["enquiries"])
async def request_copy(services: Needs, number: Number, wanted: CopyRequest, once: OnceOrder) -> View:
    """Send the customer a copy of the contract, or of the list of what it covers, as it stands today."""
    return await give_once(services, number, once, RequestCopy, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/name-contacts", operation_id="name_contacts")
async def name_contacts(services: Needs, number: Number, wanted: ContactsRequest, once: OnceOrder) -> View:
    """Say who may speak for the customer from now on."""
    return await give_once(services, number, once, NameContacts, **wanted.model_dump())  # type: ignore[return-value]
