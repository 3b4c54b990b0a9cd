"""Bills, views and rows as the tests of the books need them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.bill import Bill, Charge
from domain.simulator import Life
from domain.view import Entry, Record, View, view
from storage import ledger
from storage.books import Book
from tests.domain.samples import quote, utc

AT = datetime(2027, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)
CONTRACT = "SMP-2027-000001"


def charge(key: str, net: str = "49.90", **changes: Any) -> Charge:
    """A charge of one period, or what a test says instead."""
    fields = {"key": key, "what": "period", "text": "Care", "rule": "SMP-4", "net": Decimal(net)}
    return Charge.model_validate(fields | changes)


def bill(key: str, *charges: Charge, on: date = date(2027, 3, 1)) -> Bill:
    """The charges as a bill with 20 % tax."""
    net = sum((item.net for item in charges), Decimal(0))
    tax = (net / 5).quantize(Decimal("0.01"))
    return Bill(
        key=key,
        on=on,
        currency="EUR",
        charges=charges,
        net=net,
        tax_name="TVA",
        tax_percent=Decimal(20),
        tax=tax,
        gross=net + tax,
    )


async def issue(connection: AsyncConnection, issued: Bill, *, issuer: str = "SMP", trial: bool = False) -> str:
    """Issue the bill as a paid invoice."""
    one = ledger.Issue(issued, "SMP-4", AT, method="pm_ok", payment="paid")
    (number,) = await ledger.issue_invoices(connection, Book(CONTRACT, "c-1", issuer, trial), [one])
    return number


async def credit(connection: AsyncConnection, credited: Bill) -> str:
    """Issue the bill as a credit note."""
    return await ledger.issue_credit(
        connection,
        credited,
        contract=CONTRACT,
        issuer="SMP",
        customer="c-1",
        rule="SMP-4",
        reason="left",
        at=AT,
    )


def shown(version: int = 1, number: str = CONTRACT, **changes: Any) -> View:
    """A quoted contract's view at a version."""
    contract = Life.begin(quote(), utc(2027, 1, 5)).contract.model_copy(update={"number": number})
    plain = view(contract, now=AT, step=None, allowed=(), version=version)
    return plain.model_copy(update=changes)


def entry(seq: int, kind: str = "quoted", **changes: Any) -> Entry:
    """One line of the trail."""
    fields = {"seq": seq, "at": AT, "on": AT.date(), "kind": kind, "rule": "SMP-9", "by": "tester", "summary": kind}
    return Entry.model_validate(fields | {"data": {"n": seq}} | changes)


def record(version: int, *kinds: str, number: str = CONTRACT, **changes: Any) -> Record:
    """The entries up to a version, and the view after them."""
    first = version - len(kinds) + 1
    entries = tuple(entry(first + step, kind) for step, kind in enumerate(kinds))
    return Record(view=shown(version, number, **changes), entries=entries)


def row(number: str = CONTRACT, **changes: Any) -> dict[str, Any]:
    """A contract that is about to be started."""
    fields = {
        "number": number,
        "status": "Starting",
        "programme": "SMP",
        "customer": "c-1",
        "reseller": None,
        "version": 0,
        "attention": False,
        "clock": None,
        "now": AT,
        "closed": False,
        "start": {"now": AT.isoformat()},
        "creation_key": f"create-{number}",
        "created_at": AT,
    }
    return fields | changes
