"""What people ask of a running contract: change, pause, leave, renew, undo, help."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import Field, StringConstraints

from api.commands import ask_for_renewal, give, give_once, view_of
from api.counting import CountedFleet
from api.fields import Body, Day, FormIn, Line, LineId, Number, ServiceId, Word
from api.offering import OfferRequest, offers, programme
from api.once import OnceOperate, OnceOrder
from api.problems import RESPONSES, ProblemError, not_found
from api.services import Needs, Services
from domain.breach.commands import CureBreach, NoticeBreach
from domain.commands import (
    AddLine,
    AdoptTerms,
    Cancel,
    Change,
    DeclineRenewal,
    OfferRenewal,
    Renew,
    Resume,
    Suspend,
    Terminate,
    Undo,
    Unpark,
)
from domain.delivery.commands import SettleUndelivered
from domain.renewal_request import RenewalAnswer
from domain.terms import Terms
from domain.view import View
from storage import programmes

router = APIRouter(prefix="/contracts/{number}", tags=["requests"], responses=RESPONSES)
CaseId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,120}$")]


class ChangeRequest(Body):
    """Another service, another billing period in months, or both, for one line."""

    line: LineId = Field(examples=["1"])
    service: ServiceId | None = None
    period: Annotated[int, Field(ge=1, le=240)] | None = Field(default=None, examples=[12])
    quantity: Annotated[int, Field(ge=1, le=100_000)] | None = None


class AddRequest(OfferRequest):
    """One more service or device for the contract."""

    starts_on: Day | None = Field(default=None, description="The first day of service; today where it is not given.")


class Reason(Body):
    """Why."""

    reason: Line = Field(examples=["the printer was sold"])


class TerminateRequest(Reason):
    """Which lines are to end, and why."""

    lines: Annotated[tuple[LineId, ...], Field(max_length=1000)] = Field(
        default=(), description="The lines that end; all where none is named."
    )


class NoticeRequest(TerminateRequest):
    """Which lines are to end, why, and when the notice came in."""

    received_on: Day | None = Field(
        default=None, description="The day on which the notice came in, where it is entered later; that day counts."
    )


class CancelRequest(NoticeRequest):
    """Which lines are to end, and why: in words, and by a code where the terms have one."""

    code: Word | None = Field(default=None, examples=["sold"])
    details: dict[Word, Line] = Field(default_factory=dict, max_length=20, examples=[{"new_owner": "Copies du Nord"}])


class BreachRequest(TerminateRequest):
    """Who is in breach, for which lines, and how."""

    party: Literal["customer", "provider"]


class CureRequest(Body):
    """The breach that is cured."""

    breach: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,60}$")]
    note: Line | None = None


class AnswerRequest(Body):
    """The form in which an answer to the renewal quote came in, and when."""

    form: FormIn | None = Field(default=None, description="The form in which it came in, where the terms want one.")
    received_on: Day | None = Field(
        default=None, description="The day on which it came in, where it is entered later; that day counts."
    )


class RenewRequest(AnswerRequest):
    """The same, and the next term's last day where it is to end with something else."""

    until: Day | None = Field(default=None, description="The next term's last day; its whole length where none is.")
    ends_with: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,9}-\d{4}-\d{6}$")] | None = Field(
        default=None, description="A contract of the same customer: the next term ends with its term."
    )


class OfferRenewalRequest(Body):
    """What the renewal quote states."""

    order_by: Day | None = Field(default=None, description="The quote's own deadline, which then governs.")


class DeclineRequest(AnswerRequest):
    """The same, and why."""

    reason: Line | None = None


class SettleRequest(Body):
    """What is to happen about messages that could not be delivered.

    `notified` needs `means`, `on` and `who`; `go_on` and `not_renewed` need a `note`; `send_again` takes an `email`.
    """

    question: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,60}$")]
    how: Literal["go_on", "notified", "send_again", "not_renewed"]
    means: Line | None = Field(default=None, examples=["registered letter RR 123"])
    on: Day | None = None
    who: Line | None = None
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    note: Line | None = None


class UndoRequest(Body):
    """What to withdraw; ``line`` narrows a change or a cancellation to one line."""

    what: Literal["cancellation", "change", "renewal", "cover"]
    line: LineId | None = None


class TermsRequest(Body):
    """The version of the programme's terms to adopt, and why."""

    version: Annotated[int, Field(ge=1, le=1_000_000)]
    reason: Line


@router.post("/change", operation_id="change")
async def change(services: Needs, number: Number, wanted: ChangeRequest, once: OnceOrder) -> View:
    """Change a line's service, quantity or billing period, from the day that the terms set."""

    async def act(command: str) -> View:
        asked = await changed(services, number, wanted, id_=command, by=once.by)
        return (await give(services, number, asked)).view

    return await once.do(act)  # type: ignore[return-value]


async def changed(services: Services, number: str, wanted: ChangeRequest, *, id_: str, by: str) -> Change:
    """The command for a change, at the prices of the catalogue. Raises a problem (404) for what is not there."""
    asked = Change(id=id_, by=by, line=wanted.line, period=wanted.period, quantity=wanted.quantity)
    if wanted.service is None:
        return asked
    return asked.model_copy(update=await _service(services, number, wanted))


async def _service(services: Services, number: str, wanted: ChangeRequest) -> dict[str, Any]:
    """The other service's name and prices, as it is offered for the line's device."""
    shown = await view_of(services, number)
    line = next((line for line in shown.lines if line.id == wanted.line), None)
    if line is None or wanted.service is None:
        raise not_found(f"line {wanted.line} of contract {number}")
    asked = OfferRequest(serial=line.serial, service=wanted.service, quantity=line.quantity)
    country = shown.customer.country
    fleet = CountedFleet(shown.fleet.fleet, shown.fleet.last, country) if shown.fleet else None
    async with services.database.read() as connection:
        offered = await programme(connection, shown.programme)
        offer = (await offers(connection, offered, (asked,), shown.customer.language, fleet))[0]
    return {"service": offer.service, "text": offer.text, "prices": offer.prices, "level": offer.level}


@router.post("/add-line", operation_id="add_line")
async def add_line(services: Needs, number: Number, wanted: AddRequest, once: OnceOrder) -> View:
    """Take one more service or device into the contract, charged to the day."""

    async def act(command: str) -> View:
        line = await added(services, number, wanted, id_=command, by=once.by)
        return (await give(services, number, line)).view

    return await once.do(act)  # type: ignore[return-value]


async def added(services: Services, number: str, wanted: AddRequest, *, id_: str, by: str) -> AddLine:
    """The command for one more line, at the prices of the catalogue. Raises a problem (404) for what is not there."""
    shown = await view_of(services, number)
    async with services.database.read() as connection:
        offered = await programme(connection, shown.programme)
        asked = wanted if wanted.id else wanted.model_copy(update={"id": str(len(shown.lines) + 1)})
        (offer,) = await offers(connection, offered, (asked,), shown.customer.language)
    return AddLine(id=id_, by=by, offer=offer, starts_on=wanted.starts_on)


@router.post("/unpark", operation_id="unpark")
async def unpark(services: Needs, number: Number, wanted: Reason, once: OnceOperate) -> View:
    """A contract that was parked, because it would have made too many bills on a day, goes on."""
    return await give_once(services, number, once, Unpark, reason=wanted.reason)  # type: ignore[return-value]


@router.post("/suspend", operation_id="suspend")
async def suspend(services: Needs, number: Number, wanted: Reason, once: OnceOperate) -> View:
    """Pause the service."""
    return await give_once(services, number, once, Suspend, reason=wanted.reason)  # type: ignore[return-value]


@router.post("/resume", operation_id="resume")
async def resume(services: Needs, number: Number, once: OnceOperate) -> View:
    """Take the service up again; days without it are credited as the terms say."""
    return await give_once(services, number, once, Resume)  # type: ignore[return-value]


@router.post("/cancel", operation_id="cancel")
async def cancel(services: Needs, number: Number, wanted: CancelRequest, once: OnceOrder) -> View:
    """Leave, with all lines or some: the terms say when it takes effect and what it costs."""
    return await give_once(services, number, once, Cancel, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/terminate", operation_id="terminate")
async def terminate(services: Needs, number: Number, wanted: NoticeRequest, once: OnceOperate) -> View:
    """Give the provider's notice, for all lines or some."""
    return await give_once(services, number, once, Terminate, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/notice-breach", operation_id="notice_breach")
async def notice_breach(services: Needs, number: Number, wanted: BreachRequest, once: OnceOperate) -> View:
    """Give notice that one side is in breach; it has the terms' days to cure it."""
    return await give_once(services, number, once, NoticeBreach, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/cure-breach", operation_id="cure_breach")
async def cure_breach(services: Needs, number: Number, wanted: CureRequest, once: OnceOperate) -> View:
    """Say that a breach is cured: service goes on."""
    return await give_once(services, number, once, CureBreach, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/undo", operation_id="undo")
async def undo(services: Needs, number: Number, wanted: UndoRequest, once: OnceOrder) -> View:
    """Withdraw what is planned: everything stands as it stood."""
    return await give_once(services, number, once, Undo, what=wanted.what, line=wanted.line)  # type: ignore[return-value]


@router.post("/offer-renewal", operation_id="offer_renewal")
async def offer_renewal(
    services: Needs, number: Number, once: OnceOperate, wanted: OfferRenewalRequest | None = None
) -> RenewalAnswer:
    """Ask for the renewal quote ahead of its day, or again; the contract decides, and a term is quoted once."""
    order_by = wanted.order_by if wanted else None

    async def act(command: str) -> RenewalAnswer:
        return await ask_for_renewal(services, number, OfferRenewal(id=command, by=once.by, order_by=order_by))

    return await once.do(act)  # type: ignore[return-value]


@router.post("/renew", operation_id="renew")
async def renew(services: Needs, number: Number, once: OnceOrder, wanted: RenewRequest | None = None) -> View:
    """Say yes to the renewal quote, in a form that the terms take."""
    given = wanted or RenewRequest()
    until = await _ends_with(services, number, given)
    fields = given.model_dump(exclude={"ends_with"}) | {"until": until}
    return await give_once(services, number, once, Renew, **fields)  # type: ignore[return-value]


async def _ends_with(services: Services, number: str, wanted: RenewRequest) -> date | None:
    """The last day that the next term is to have. Raises a problem: 404 for a contract that is not the customer's."""
    if wanted.ends_with is None:
        return wanted.until
    mine, other = await view_of(services, number), await view_of(services, wanted.ends_with)
    if other.customer.id != mine.customer.id:
        raise not_found(f"contract {wanted.ends_with} of customer {mine.customer.id}")
    last = other.ending.last_day if other.ending else other.term.last if other.term else None
    if last is None:
        raise ProblemError(409, "refused", f"{wanted.ends_with} has no last day to end with", field="ends_with")
    return last


@router.post("/decline-renewal", operation_id="decline_renewal")
async def decline_renewal(services: Needs, number: Number, wanted: DeclineRequest, once: OnceOrder) -> View:
    """Say no to the renewal quote: reminders stop, and the contract runs out."""
    return await give_once(services, number, once, DeclineRenewal, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/settle-undelivered", operation_id="settle_undelivered", tags=["messages"])
async def settle_undelivered(services: Needs, number: Number, wanted: SettleRequest, once: OnceOperate) -> View:
    """Decide about messages that could not be delivered: a renewal that rests on them waits for it."""
    return await give_once(services, number, once, SettleUndelivered, **wanted.model_dump())  # type: ignore[return-value]


@router.post("/terms", operation_id="adopt_terms")
async def adopt_terms(services: Needs, number: Number, wanted: TermsRequest, once: OnceOperate) -> View:
    """Put the contract under another version of its programme's terms, now."""
    shown = await view_of(services, number)

    async def act(command: str) -> View:
        async with services.database.read() as connection:
            row = await programmes.one(connection, shown.programme, wanted.version)
        if row is None:
            raise not_found(f"version {wanted.version} of programme {shown.programme}")
        adopt = AdoptTerms(id=command, by=once.by, terms=Terms.model_validate(row["terms"]), reason=wanted.reason)
        return (await give(services, number, adopt)).view

    return await once.do(act)  # type: ignore[return-value]
