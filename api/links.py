"""The links in offers: who has one sees the offer, and says yes or no to it, without an account."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.commands import give, view_of
from api.fields import Body, FormIn, Line
from api.problems import RESPONSES, Problem, ProblemError, not_found
from api.services import Needs, Services
from domain.calendar import local_date
from domain.commands import Accept, DeclineRenewal, Reject, Renew
from domain.envelope import Command
from domain.state import Status
from domain.terms import Terms
from domain.view import View
from storage import links, programmes
from storage.links import KeptLink

GONE: dict[int | str, dict[str, Any]] = {410: {"model": Problem, "description": "The link's offer is over."}}
router = APIRouter(prefix="/links", tags=["links"], responses={**RESPONSES, **GONE})
Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{30,100}$", description="The last part of the link.")]


class OfferedOut(BaseModel):
    """One line of an offer; amounts net, for one billing period and for the whole term."""

    serial: str
    text: str
    period: int
    amount: str
    term_amount: str


class FormOut(BaseModel):
    """A form in which the answer may come, and the details that it must have."""

    kind: str
    needs: tuple[str, ...]
    declines: bool


class LinkOut(BaseModel):
    """An offer as its mail told of it, where it stands, and what may be answered."""

    about: Literal["quote", "renewal"]
    contract: str
    customer: str
    language: str
    status: Status
    currency: str
    offered: list[OfferedOut]
    total: str = Field(description="For one billing period, net.")
    term_total: str = Field(description="For the whole term, net.")
    first_day: date | None = Field(description="The next term's first day, for a renewal.")
    last_day: date | None = Field(description="The next term's last day, for a renewal.")
    until: date = Field(description="The last possible day for an answer.")
    open: bool = Field(description="Whether it still waits for an answer.")
    answered: str | None = Field(description="What was answered by this link.")
    answered_at: datetime | None
    forms: list[FormOut] = Field(description="Forms of which the answer needs one; none: it needs none.")


class YesRequest(Body):
    """The form in which the yes is said, where the terms want one."""

    form: FormIn | None = None


class NoRequest(YesRequest):
    """The same for a no, and why."""

    reason: Line | None = None


@router.get("/{token}", operation_id="read_link")
async def read_link(services: Needs, token: Token) -> LinkOut:
    """The offer that a link is about. No key is needed: the link is the key, until the offer is over."""
    kept = await _kept(services, token)
    return await _shown(services, kept, await view_of(services, kept.contract))


@router.post("/{token}/accept", operation_id="accept_by_link")
async def accept_by_link(services: Needs, token: Token, wanted: YesRequest) -> LinkOut:
    """Say yes to the offer, once; sent again just so, it gets the same answer."""
    kept = await _kept(services, token)
    form = wanted.form.model_dump() if wanted.form else None
    command: Command = (
        Accept(id=_id(token, "accept"), by=_by(token), revision=kept.number)
        if kept.about == "quote"
        else Renew.model_validate({"id": _id(token, "accept"), "by": _by(token), "form": form})
    )
    return await _answer(services, token, kept, command, "accepted")


@router.post("/{token}/decline", operation_id="decline_by_link")
async def decline_by_link(services: Needs, token: Token, wanted: NoRequest) -> LinkOut:
    """Say no to the offer."""
    kept = await _kept(services, token)
    said: dict[str, Any] = {"id": _id(token, "decline"), "by": _by(token), "reason": wanted.reason}
    form = wanted.form.model_dump() if wanted.form else None
    command: Command = (
        Reject.model_validate(said) if kept.about == "quote" else DeclineRenewal.model_validate(said | {"form": form})
    )
    return await _answer(services, token, kept, command, "declined")


def _id(token: str, what: str) -> str:
    return f"link:{links.hashed(token)[:40]}:{what}"


def _by(token: str) -> str:
    """Who asks, as the trail names them: whoever has the link."""
    return f"the customer, by link {links.hashed(token)[:8]}"


async def _kept(services: Services, token: str) -> KeptLink:
    async with services.database.read() as connection:
        found = await links.find(connection, token)
    if found is None:
        raise not_found("offer behind this link")
    return found


async def _answer(services: Services, token: str, kept: KeptLink, command: Command, said: str) -> LinkOut:
    shown = await view_of(services, kept.contract)
    if kept.used_for not in {None, said}:
        raise ProblemError(409, "answered", f"by this link the offer was {kept.used_for} already")
    if kept.used_for is None:
        _check_open(services, kept, shown)
    taken = await give(services, kept.contract, command)
    async with services.database.write() as connection:
        await links.use(connection, token, said, services.now())
    return await _shown(services, await _kept(services, token), taken.view)


def _check_open(services: Services, kept: KeptLink, shown: View) -> None:
    """Raises a problem (410) where the offer is over, and nobody can answer it any more."""
    if _today(services, shown) > kept.until:
        raise ProblemError(410, "over", f"the last day for an answer was {kept.until}")
    if not _waits(kept, shown):
        raise ProblemError(410, "over", "the offer of this link is answered, or another one has taken its place")


def _today(services: Services, shown: View) -> date:
    return local_date(shown.now if shown.clock else services.now(), shown.zone)


def _waits(kept: KeptLink, shown: View) -> bool:
    """Whether the offer still waits for an answer, as far as the contract says."""
    if kept.about == "quote":
        return shown.status is Status.QUOTED and shown.revision == kept.number
    term = shown.term.number + 1 if shown.term else None
    return term == kept.number and shown.renewal_answer is None and shown.ending is None


async def _shown(services: Services, kept: KeptLink, shown: View) -> LinkOut:
    if _today(services, shown) > kept.until and kept.used_at is None:
        raise ProblemError(410, "over", f"the last day for an answer was {kept.until}")
    async with services.database.read() as connection:
        row = await programmes.one(connection, shown.programme, shown.renewal_version or shown.terms_version)
    said = kept.said
    return LinkOut(
        about="quote" if kept.about == "quote" else "renewal",
        contract=kept.contract,
        customer=shown.customer.name,
        language=shown.customer.language,
        status=shown.status,
        currency=shown.currency,
        offered=[OfferedOut.model_validate(item) for item in said.get("prices", [])],
        total=str(said.get("total", "0")),
        term_total=str(said.get("term_total", "0")),
        first_day=said.get("effective_on"),
        last_day=said.get("term_last_day"),
        until=kept.until,
        open=_waits(kept, shown),
        answered=kept.used_for,
        answered_at=kept.used_at,
        forms=_forms(Terms.model_validate(row["terms"])) if row and kept.about == "renewal" else [],
    )


def _forms(terms: Terms) -> list[FormOut]:
    forms = terms.order.forms
    if forms is None:
        return []
    return [FormOut(kind=name, needs=form.needs, declines=form.declines) for name, form in forms.forms.items()]
