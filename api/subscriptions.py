"""Messages by customer and by programme, and unsubscribing from those that need not arrive."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from api.fields import Code, Cursor, Limit, Page, after, cursor
from api.offering import programme
from api.once import OnceOperate
from api.problems import RESPONSES, not_found
from api.security import MayRead
from api.services import Needs, Services
from storage import outbox, people, subscriptions

router = APIRouter(tags=["messages"], responses=RESPONSES)
Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{30,100}$", description="The last part of the link.")]
Customer = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
MessageName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,59}$", examples=["supply_low"])]


class MessageOut(BaseModel):
    """A message that a programme can send; its subjects by language, rendered with sample data."""

    name: str
    kind: Literal["notice", "courtesy"]
    when: str
    subjects: dict[str, str]


class LoggedOut(BaseModel):
    """A message to a customer, of which contract, and what became of it; hashes of its text and its documents."""

    key: str
    contract: str
    name: str
    recipient: str
    language: str
    subject: str
    sha256: str
    documents: dict[str, str]
    rule: str
    due_at: datetime
    composed_at: datetime
    sent_at: datetime | None
    outcome: str
    reason: str | None
    delivered_at: datetime | None
    bounced_at: datetime | None


class UnsubscribedOut(BaseModel):
    """A message that a customer wants no more of, since when."""

    message: str
    at: datetime


class SubscriptionOut(BaseModel):
    """Whether a customer gets a message."""

    customer: str
    message: str
    subscribed: bool


@router.get("/programmes/{code}/messages", operation_id="list_programme_messages")
async def list_programme_messages(services: Needs, code: Code, _: MayRead) -> list[MessageOut]:
    """Every message that the programme can send."""
    async with services.database.read() as connection:
        terms = (await programme(connection, code)).terms
    return [MessageOut.model_validate(item, from_attributes=True) for item in services.messages.listed(terms)]


@router.get("/customers/{customer}/messages", operation_id="list_customer_messages")
async def list_customer_messages(
    services: Needs, customer: Customer, _: MayRead, *, page: Cursor = None, limit: Limit = 50
) -> Page[LoggedOut]:
    """Everything that was written to a customer, of all contracts, the newest first."""
    await _known(services, customer)
    async with services.database.read() as connection:
        rows = await outbox.of_customer(connection, customer, after=after(page), limit=limit)
    items = [LoggedOut.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=cursor(items[-1].key) if len(items) == limit else None)


@router.get("/customers/{customer}/unsubscribed", operation_id="list_unsubscribed")
async def list_unsubscribed(services: Needs, customer: Customer, _: MayRead) -> list[UnsubscribedOut]:
    """What a customer has unsubscribed from."""
    await _known(services, customer)
    async with services.database.read() as connection:
        rows = await subscriptions.unsubscribed(connection, customer)
    return [UnsubscribedOut.model_validate(row) for row in rows]


@router.delete(
    "/customers/{customer}/unsubscribed/{message}", operation_id="resubscribe", response_model=SubscriptionOut
)
async def resubscribe(services: Needs, customer: Customer, message: MessageName, asked: OnceOperate) -> Any:
    """Send a customer a message again that they had unsubscribed from, because they ask for it."""
    await _known(services, customer)

    async def act(_command: str) -> SubscriptionOut:
        async with services.database.write() as connection:
            await subscriptions.resubscribe(connection, customer, message)
        return SubscriptionOut(customer=customer, message=message, subscribed=True)

    return await asked.do(act)


@router.get("/unsubscribe/{token}", operation_id="read_unsubscribe", response_class=HTMLResponse)
async def read_unsubscribe(services: Needs, token: Token) -> HTMLResponse:
    """The page that asks the reader; it changes nothing, as mail scanners follow links. No key is needed."""
    found = await _meant(services, token)
    return HTMLResponse(services.messages.unsubscribing(found["language"], found["subject"], done=False))


@router.post("/unsubscribe/{token}", operation_id="unsubscribe", response_class=HTMLResponse)
async def unsubscribe(services: Needs, token: Token) -> HTMLResponse:
    """Send the customer no more messages of the kind that the link stood in (RFC 8058), without a key; repeatable."""
    found = await _meant(services, token)
    async with services.database.write() as connection:
        await subscriptions.unsubscribe(connection, found["customer"], found["message"], services.now())
    return HTMLResponse(services.messages.unsubscribing(found["language"], found["subject"], done=True))


async def _meant(services: Services, token: str) -> dict[str, Any]:
    async with services.database.read() as connection:
        found = await subscriptions.find(connection, token)
    if found is None:
        raise not_found("message behind this link")
    return found


async def _known(services: Services, customer: str) -> None:
    async with services.database.read() as connection:
        if await people.find_customer(connection, customer) is None:
            raise not_found(f"customer {customer}")
