"""Credits in a contract's life: every bill, credit and payment moves its account; what is not owed is given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from domain.credits.events import CollectionPending, Refunded
from domain.credits.state import Account
from domain.due import Due, Rank
from domain.dunning.events import Dunned, PaymentReversed
from domain.dunning.unpaid import ON_ACCOUNT
from domain.effects import Effect, IssueInvoice, Refund
from domain.envelope import Event
from domain.events import CollectionDeclined, CollectionReceived, OrderPlaced, PaymentReceived
from domain.message import message
from domain.money import rounded
from domain.state import Contract


def due(contract: Contract) -> Iterator[Due]:
    """What stands in the customer's favour is refunded at once, where the terms say so."""
    terms = contract.terms.credits
    if terms is None or not _refunds(contract) or not contract.account.favour:
        return
    at, currency = contract.at, contract.terms.currency
    event = Refunded(at=at, rule=terms.rule, amount=contract.account.favour, currency=currency)
    yield Due(
        at, Rank.NOTICE, contract.date_of(at), "what stands in the customer's favour is refunded", terms.rule, (event,)
    )


def _refunds(contract: Contract) -> bool:
    """Whether credits go back to a means of payment; what is paid on account has none."""
    terms, order = contract.terms.credits, contract.order
    return terms is not None and terms.settled_by == "refund" and order is not None and order.method != ON_ACCOUNT


def settled(contract: Contract, event: Event) -> Contract:
    """The contract with its account after an event; as it was, where the terms settle no credits."""
    if contract.terms.credits is None:
        return contract
    account = _moved(contract, event)
    return contract if account == contract.account else contract.model_copy(update={"account": account})


def _moved(contract: Contract, event: Event) -> Account:
    account = contract.account
    match event:
        case Refunded(amount=amount):
            return account.model_copy(update={"credit": account.credit - amount})
        case PaymentReceived() if contract.order:
            return _without(account, contract.order.bill.key)
        case CollectionReceived(invoice=invoice):
            return _without(account, invoice)
        case CollectionPending(invoice=invoice, amount=amount):
            return _with(account, invoice, amount)
        case CollectionDeclined(invoice=invoice, amount=amount) if amount is not None:
            return _with(account, invoice, account.open.get(invoice, amount))
        case PaymentReversed(invoice=invoice, amount=amount):
            return _with(account, invoice, account.open.get(invoice, Decimal(0)) + amount)
        case Dunned(do="write_off", invoice=invoice):
            return _given_up(account, invoice)
        case _:
            return _billed(contract, event)


def _given_up(account: Account, invoice: str) -> Account:
    """The account without an invoice of which what is owed is given up: credit has paid the rest of it."""
    open_ = account.open.get(invoice, Decimal(0))
    lost = min(open_, max(Decimal(0), sum(account.open.values(), Decimal(0)) - account.credit))
    return _without(account, invoice).model_copy(update={"credit": account.credit - (open_ - lost)})


def _with(account: Account, invoice: str, amount: Decimal) -> Account:
    return account.model_copy(update={"open": account.open | {invoice: amount}})


def _without(account: Account, invoice: str) -> Account:
    left = {key: amount for key, amount in account.open.items() if key != invoice}
    return account.model_copy(update={"open": left})


def _billed(contract: Contract, event: Event) -> Account:
    """The account after what an event credits and bills; a bill is paid first from what stands there."""
    account, credit, bill = contract.account, getattr(event, "credit", None), getattr(event, "bill", None)
    if credit:
        account = account.model_copy(update={"credit": account.credit + credit.gross, "set_off": {}})
    if bill is None or not bill.gross:
        return account
    used = min(account.favour, bill.gross)
    changes = {"credit": account.credit - used, "set_off": {bill.key: used} if used else {}}
    account = account.model_copy(update=changes)
    waits = isinstance(event, OrderPlaced) and event.pay_by is not None
    return _with(account, bill.key, bill.gross - used) if waits else account


def collected_less(contract: Contract, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """The effects of an event; an invoice is collected less what was set off against it."""
    if not contract.account.set_off:
        return effects
    used = contract.account.set_off
    return tuple(
        effect.model_copy(update={"set_off": used[effect.key]})
        if isinstance(effect, IssueInvoice) and effect.key in used
        else effect
        for effect in effects
    )


def _tell_refunded(contract: Contract, event: Refunded) -> Iterator[Effect]:
    """Data of `refunded`: amount."""
    occurrence, amount = contract.version, rounded(event.amount, event.currency)
    yield Refund(
        key=contract.key("refund", occurrence), at=event.at, rule=event.rule, amount=amount, currency=event.currency
    )
    yield message(contract, event, "refunded", occurrence, amount=str(amount))


EVOLVE: dict[type[Event], Callable[..., Any]] = {
    Refunded: lambda contract, event: {},
    CollectionPending: lambda contract, event: {},
}
EFFECTS: dict[type[Event], Callable[..., Any]] = {Refunded: _tell_refunded}
