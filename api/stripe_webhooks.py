"""What the payment provider says by itself: signed, each event once, in whatever order it comes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field

from adapters.stripe_events import Forged, Heard, heard
from api.problems import RESPONSES, Problem, ProblemError, not_found, unavailable
from api.reported import Said, report, take_back
from api.services import Needs, Services
from storage import ledger, payments, provider

router = APIRouter(prefix="/webhooks", tags=["payment"])
MOST_BYTES = 1024 * 1024
BY = "stripe"
TOO_LARGE: dict[int | str, dict[str, Any]] = {413: {"model": Problem, "description": "No event is as large as this."}}
ANSWERS = {status: RESPONSES[status] for status in (400, 404, 503)} | TOO_LARGE


class Received(BaseModel):
    """What became of an event: `taken`, taken before (`again`), or none of our business (`ignored`)."""

    state: Literal["taken", "again", "ignored"] = Field(examples=["taken"])


@router.post("/stripe", operation_id="take_stripe_event", responses=ANSWERS)
async def take_stripe_event(
    services: Needs, request: Request, signature: Annotated[str | None, Header(alias="Stripe-Signature")] = None
) -> Received:
    """Take an event of Stripe's. It needs no API key: its signature proves where it comes from, and when.

    503 asks Stripe to send it again: the payment that it tells of is not written down yet.
    """
    secret = services.settings.stripe_webhook_secret
    if secret is None:
        raise not_found("webhook of Stripe here: set TENURE_STRIPE_WEBHOOK_SECRET")
    try:
        event = heard(await _body(request), signature, secret.get_secret_value())
    except Forged as error:
        raise ProblemError(400, "signature", str(error), field="Stripe-Signature") from error
    return Received(state="ignored" if event is None else await _take(services, event))


async def _body(request: Request) -> bytes:
    """The body as it was sent: what is signed are its bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ProblemError(413, "too-large", f"an event has {MOST_BYTES} bytes at most")
    return bytes(body)


async def _take(services: Services, event: Heard) -> Literal["taken", "again", "ignored"]:
    async with services.database.read() as connection:
        if await provider.taken(connection, event.id):
            return "again"
        attempt = await payments.find_held(connection, event.key, event.intent)
        row = await ledger.find_invoice(connection, attempt["invoice"]) if attempt else None
        closed = "dispute_closed" in await provider.kinds_about(connection, event.about)
    if attempt is None or row is None:
        if event.key is None:
            return "ignored"
        raise unavailable(f"payment {event.key} is not written down yet; send the event again")
    if not (event.kind == "disputed" and closed):  # it was overtaken by how the dispute ended
        await _hear(services, event, attempt, row)
    async with services.database.write() as connection:
        await provider.take(connection, event.id, event.kind, event.about)
    return "taken"


async def _hear(services: Services, event: Heard, attempt: dict[str, Any], row: dict[str, Any]) -> None:
    """What an event changes: nothing, where the attempt stands so already, or has gone on since."""
    said = Said(f"{BY}:{event.id}", BY, event.about, event.at)
    key, stands = attempt["key"], attempt["outcome"]
    match event.kind:
        case "paid" if stands in {"pending", "declined"}:
            await report(services, row, "paid", said, attempt=key)
        case "declined" if stands == "pending":
            await report(services, row, "declined", said, reason=event.reason, attempt=key)
        case "disputed" | "dispute_closed" if event.taken and stands == "paid":
            words: dict[str, Any] = {"amount": event.amount, "cause": "dispute", "reason": event.reason}
            await take_back(services, row, said, attempt=key, **words)
        case "dispute_closed" if not event.taken and stands == "reversed":
            await report(services, row, "paid", said, attempt=key)
        case "refunded":
            async with services.database.write() as connection:
                on = event.at.date()
                words = {"on": on, "reference": event.about}
                await payments.refunded_outside(connection, attempt, event.amount, event.currency, **words)
        case _:
            return
