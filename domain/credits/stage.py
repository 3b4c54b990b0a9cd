"""Credits in a contract's life: every bill, credit and payment moves its account; what is not owed is given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from domain.credits.account import OPEN_FIRST, credited, given_up, is_kept, with_open, without
from domain.credits.events import CollectionPending, Refunded
from domain.credits.state import Account
from domain.due import Due, Rank
from domain.dunning.events import Dunned, PaymentReversed
from domain.dunning.unpaid import ON_ACCOUNT, is_on_account
from domain.effects import Effect, IssueCredit, IssueInvoice, Refund
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
    """The contract with its account after an event; as it was, where it keeps none."""
    if not is_kept(contract):
        return contract
    account = _moved(contract, event)
    if account == contract.account:
        return contract
    paid_off = account.applied.keys() - account.open.keys()
    left = {
        "unpaid": tuple(item for item in contract.unpaid if item.invoice not in paid_off),
        "declined": tuple(key for key in contract.declined if key not in paid_off),
    }
    return contract.model_copy(update={"account": account, **(left if paid_off else {})})


def _moved(contract: Contract, event: Event) -> Account:
    account = contract.account
    match event:
        case Refunded(amount=amount):
            return account.model_copy(update={"credit": account.credit - amount})
        case PaymentReceived() if contract.order:
            return without(account, contract.order.bill.key)
        case CollectionReceived(invoice=invoice):
            return without(account, invoice)
        case CollectionPending(invoice=invoice, amount=amount):
            return with_open(account, invoice, amount)
        case CollectionDeclined(invoice=invoice, amount=amount) if amount is not None:
            return with_open(account, invoice, account.open.get(invoice, amount))
        case PaymentReversed(invoice=invoice, amount=amount):
            return with_open(account, invoice, account.open.get(invoice, Decimal(0)) + amount)
        case Dunned(do="write_off", invoice=invoice):
            return given_up(account, invoice)
        case _:
            return _billed(contract, event)


def _billed(contract: Contract, event: Event) -> Account:
    """The account after what an event credits and bills; a bill is paid first from what stands there."""
    account, credit, bill = contract.account, vars(event).get("credit"), vars(event).get("bill")
    if credit:
        account = credited(contract, account.model_copy(update={"set_off": {}, "applied": {}}), credit.gross)
    if bill is None or not bill.gross:
        return account
    used = min(account.favour, bill.gross)
    changes = {"credit": account.credit - used, "set_off": {bill.key: used} if used else {}}
    account = account.model_copy(update=changes)
    return with_open(account, bill.key, bill.gross - used) if _waits(contract, event, bill.gross - used) else account


def _waits(contract: Contract, event: Event, owed: Decimal) -> bool:
    """Whether what an event bills is open from the beginning: an order that is to be paid first, or on account."""
    if isinstance(event, OrderPlaced) and event.pay_by is not None:
        return True
    return contract.rules >= OPEN_FIRST and owed > 0 and is_on_account(contract, event)


def collected_less(contract: Contract, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """The effects of an event: an invoice is collected less what was set off, a credit says what is open it pays."""
    used, applied = contract.account.set_off, contract.account.applied
    if not used and not applied:
        return effects
    return tuple(_lessened(effect, used, applied) for effect in effects)


def _lessened(effect: Effect, used: dict[str, Decimal], applied: dict[str, Decimal]) -> Effect:
    match effect:
        case IssueInvoice(key=key) if key in used:
            return effect.model_copy(update={"set_off": used[key]})
        case IssueCredit() if applied:
            return effect.model_copy(update={"applied": applied})
        case _:
            return effect


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
