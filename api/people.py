"""Customers, and the embedded mailbox in which their mail lands while no mail server is set."""

from __future__ import annotations

from datetime import datetime
from email import message_from_string
from email.policy import default
from html import escape
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from api.fields import Limit
from api.problems import RESPONSES, not_found
from api.security import MayRead
from api.services import Needs
from storage import outbox, people

router = APIRouter(responses=RESPONSES)
page = APIRouter(include_in_schema=False)


class CustomerOut(BaseModel):
    """A customer; registered since the first order, where the programme wants an account."""

    id: str
    name: str
    email: str
    language: str
    country: str
    region: str | None
    registered_at: datetime | None


class MailOut(BaseModel):
    """A mail in the embedded mailbox."""

    message_id: str
    recipient: str
    subject: str
    raw: str
    received_at: datetime


@router.get("/customers/{customer}", operation_id="read_customer", tags=["customers"])
async def read_customer(
    services: Needs, customer: Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")], _: MayRead
) -> CustomerOut:
    """A customer."""
    async with services.database.read() as connection:
        found = await people.find_customer(connection, customer)
    if found is None:
        raise not_found(f"customer {customer}")
    return CustomerOut.model_validate(found)


@router.get("/mailbox", operation_id="list_mail", tags=["messages"])
async def list_mail(
    services: Needs,
    _: MayRead,
    recipient: Annotated[str | None, Query(max_length=254, pattern=r"^[^\x00]*$")] = None,
    limit: Limit = 50,
) -> list[MailOut]:
    """The latest mails, while no mail server is set."""
    async with services.database.read() as connection:
        return [
            MailOut.model_validate(row) for row in await outbox.mailbox(connection, recipient=recipient, limit=limit)
        ]


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1c2733}"
    "h1{font-weight:600}details{border-bottom:1px solid #d6dee4;padding:.6rem 0}summary{cursor:pointer}"
    "small{color:#5a6b78}pre{white-space:pre-wrap;background:#f4f7f9;padding:1rem}"
)


@page.get("/mailbox", response_class=HTMLResponse)
async def mailbox(services: Needs) -> str:
    """The embedded mailbox for people. It needs no key: an address beyond this machine, or a mail server, closes it."""
    if services.settings.smtp_host is not None or services.settings.api_host not in {"127.0.0.1", "::1", "localhost"}:
        raise not_found("mailbox here; GET /v1/mailbox with an API key reads it")
    async with services.database.read() as connection:
        mails = await outbox.mailbox(connection, recipient=None, limit=200)
    items = "".join(
        f"<details><summary>{escape(mail['subject'])} <small>to {escape(mail['recipient'])}, "
        f"{mail['received_at']:%Y-%m-%d %H:%M} UTC</small></summary><pre>{escape(_text(mail['raw']))}</pre></details>"
        for mail in mails
    )
    empty = "<p>No mail yet.</p>"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Mailbox</title><style>{_STYLE}</style>"
        f"<h1>Mailbox</h1><p><small>Mail lands here while no mail server is set.</small></p>{items or empty}"
    )


def _text(raw: str) -> str:
    body = message_from_string(raw, policy=default).get_body(("plain",))
    return str(body.get_content()) if body else raw
