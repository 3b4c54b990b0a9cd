"""Which invoices of a contract are unpaid: noted when declined or issued on account, gone when they are paid."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.dunning.state import Unpaid

if TYPE_CHECKING:
    from domain.bill import Bill
    from domain.envelope import Event
    from domain.state import Contract

ON_ACCOUNT = "on_account"


def is_on_account(contract: Contract, event: Event) -> bool:
    """Whether what an event bills is paid on account."""
    method = vars(event).get("method") or (contract.order.method if contract.order else None)
    return bool(method == ON_ACCOUNT)


def declined(
    contract: Contract, invoice: str, on: date, reason: str | None, *, disputed: bool = False, spell: int = 0
) -> tuple[Unpaid, ...]:
    """The unpaid invoices with one that was declined; its steps go on where they were if it was declined before.

    A means of payment whose payment its holder ``disputed`` is not tried again.
    """
    terms = contract.terms.dunning
    if terms is None or any(item.invoice == invoice for item in contract.unpaid):
        return contract.unpaid
    collectable = not disputed and reason not in terms.hopeless
    return (*contract.unpaid, Unpaid(invoice=invoice, since=on, collectable=collectable, spell=spell))


def issued(contract: Contract, bill: Bill | None, cut_off: date | None = None) -> tuple[Unpaid, ...]:
    """The unpaid invoices with one that is to be paid on account by its last day, counted from a cut-off day if any."""
    order = contract.order
    if contract.terms.dunning is None or order is None or order.method != ON_ACCOUNT or bill is None or not bill.gross:
        return contract.unpaid
    since = contract.terms.order.due_on(cut_off or bill.on)
    return (*contract.unpaid, Unpaid(invoice=bill.key, since=since, collectable=False))


def without(contract: Contract, invoice: str) -> tuple[Unpaid, ...]:
    """The unpaid invoices without one that was paid or given up."""
    return tuple(item for item in contract.unpaid if item.invoice != invoice)
