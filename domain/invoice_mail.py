"""Invoices and credit notes by mail, where the terms say so: each paper is made once and goes to the customer."""

from __future__ import annotations

from collections.abc import Iterator

from domain.dunning.unpaid import ON_ACCOUNT
from domain.effects import Effect, IssueCredit, IssueInvoice, MakeDocument, SendMessage
from domain.state import Contract


def mailed(contract: Contract, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """The effects of an event, each document of the books followed by its paper and its message."""
    billing = contract.terms.billing
    if billing is None or not billing.mailed:
        return effects
    return tuple(each for effect in effects for each in (effect, *_letter(contract, effect)))


def _letter(contract: Contract, effect: Effect) -> Iterator[Effect]:
    """Data of `invoice` and `credit_note`: total; of an invoice also due, the last day to pay what is on account."""
    match effect:
        case IssueInvoice(bill=bill) if bill.charges:
            on_account = (effect.method or ON_ACCOUNT) == ON_ACCOUNT and bill.gross > effect.set_off
            due = contract.terms.order.due_on(bill.on) if on_account else None
            yield from _sent(effect, "invoice", "invoice", total=str(bill.gross), due=due.isoformat() if due else None)
        case IssueCredit(bill=bill):
            yield from _sent(effect, "credit", "credit_note", total=str(bill.gross))
        case _:
            return


def _sent(effect: Effect, paper: str, name: str, **data: object) -> Iterator[Effect]:
    key, at, rule = paper_key(effect.key), effect.at, effect.rule
    yield MakeDocument(key=key, at=at, rule=rule, document=paper)
    yield SendMessage(key=f"{effect.key}/mail", at=at, rule=rule, message=name, data=data, attached=(key,))


def paper_key(document: str) -> str:
    """The key of the paper of an invoice or a credit note, by its own key."""
    return f"{document}/paper"
