"""What a contract of the house has left behind: in the database, the post office, and at those who listen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.payments import Providers
from adapters.payments_embedded import EmbeddedPayments
from bench.chaos.expected import Leavings, trail_line
from bench.chaos.listeners import Listener
from bench.chaos.post import PostOffice
from domain.view import Entry, View
from storage import contracts
from storage.database import Database
from storage.provider import mismatches
from storage.reconcile import differences
from storage.tables import (
    credit_note,
    document,
    hook_delivery,
    invoice,
    message,
    payment,
    task,
    ticket,
    ticket_move,
)

OPERATIONS = "operations."
"""What the interpreter notes of its own: that a clock was moved, that a vendor did not answer."""
OPERATORS = ("refused", "lane")
"""What it has an operator do: see to a refusal, or mend a vendor."""


async def found(connection: AsyncConnection, number: str, office: PostOffice) -> Leavings:
    """What the contract has left behind."""
    entries = await trail(connection, number)
    left = Leavings(trail=[trail_line(entry) for entry in entries if not entry.kind.startswith(OPERATIONS)])
    view = await contracts.read(connection, number)
    left.stands = _stands(view) if view else []
    for part, query in _queries(number):
        for row in await connection.execute(query):
            left.put(part, *row)
    sent = select(message.c.message_id).where(message.c.contract == number)
    for mail in await connection.scalars(sent):
        if office.taken[mail]:
            left.put("mails", mail)
    return left


async def trail(connection: AsyncConnection, number: str) -> list[Entry]:
    """Every entry of a contract."""
    entries: list[Entry] = []
    while page := await contracts.entries(connection, number, after=entries[-1].seq if entries else 0, limit=500):
        entries += page
    return entries


def _stands(view: View) -> list[Any]:
    return [
        ("status", view.status.value),
        ("closed", view.closed),
        ("ended on", view.ended_on),
        ("term", view.term.number if view.term else None),
        ("lines", tuple((line.id, line.service, line.quantity, line.ends_on) for line in view.lines)),
        ("next", view.next.at if view.next else None),
    ]


def _queries(number: str) -> list[tuple[str, Select[Any]]]:
    i, c, m, p, t = invoice.c, credit_note.c, message.c, payment.c, task.c
    own = select(i.key).where(i.contract == number)
    return [
        ("invoices", select(i.key, i.net, i.gross, i.currency).where(i.contract == number)),
        ("attempts to collect", select(p.key, p.invoice).where(p.invoice.in_(own))),
        ("credit notes", select(c.key, c.net, c.gross, c.currency).where(c.contract == number)),
        ("cases", select(ticket.c.case).where(ticket.c.contract == number)),
        ("changes of cases", select(ticket_move.c.key).where(ticket_move.c.key.startswith(f"{number}/"))),
        ("documents", select(document.c.key, document.c.name).where(document.c.key.startswith(f"{number}/"))),
        ("messages", select(m.key, m.name, m.outcome).where(m.contract == number)),
        ("tasks", select(t.id).where(t.contract == number, t.closed_at.is_(None), t.kind.not_in(OPERATORS))),
    ]


async def unreconciled(connection: AsyncConnection, database: Database, number: str) -> list[str]:
    """What `./tenure reconcile` says of the contract."""
    said = [f"{item.where}: {item.what}" async for item in differences(connection, only=number)]
    for provider in Providers(EmbeddedPayments(database)).all():
        held = provider.held(contract=number)
        said += [item.what for item in await mismatches(connection, provider.name, held, contract=number)]
    return said


async def waiting(connection: AsyncConnection, number: str) -> list[str]:
    """What has still to be delivered to those who listen."""
    query = select(hook_delivery.c.hook, hook_delivery.c.seq).where(
        hook_delivery.c.contract == number, hook_delivery.c.state != "delivered"
    )
    return [f"{hook} has not heard event {seq}" for hook, seq in await connection.execute(query)]


def misheard(listener: Listener, number: str, entries: list[Entry]) -> list[str]:
    """Where what a listener heard of a contract is not its trail: each event once by its id, in order."""
    heard = listener.heard.get(number, {})
    wanted = [f"{number}.{entry.seq}" for entry in entries]
    wrong = [f"{listener.name}: {what}" for whose, what in listener.wrong if whose == number]
    wrong += [f"{listener.name} never heard {name}" for name in wanted if name not in heard]
    wrong += [f"{listener.name} heard {name}, which never happened" for name in heard if name not in set(wanted)]
    order = sorted(heard, key=lambda name: heard[name].position)
    if not wrong and order != wanted:
        first = next(a for a, b in zip(order, wanted, strict=True) if a != b)
        wrong.append(f"{listener.name} heard {first} out of its order")
    return wrong
