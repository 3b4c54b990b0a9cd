"""The arithmetic of a contract's account: what is open of which invoice, and what a credit pays of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from domain.credits.state import Account
from domain.dunning.unpaid import ON_ACCOUNT

if TYPE_CHECKING:
    from domain.state import Contract

OPEN_FIRST = 2
"""The rules version since which a credit pays what is open before it stands in the customer's favour."""


def is_kept(contract: Contract) -> bool:
    """Whether the contract keeps an account: its terms settle credits, or go after what is unpaid."""
    terms = contract.terms
    return terms.credits is not None or (terms.dunning is not None and contract.rules >= OPEN_FIRST)


def with_open(account: Account, invoice: str, amount: Decimal) -> Account:
    """The account in which so much of an invoice, gross, is still to be paid."""
    return account.model_copy(update={"open": account.open | {invoice: amount}})


def without(account: Account, invoice: str) -> Account:
    """The account in which nothing of an invoice is to be paid any more."""
    left = {key: amount for key, amount in account.open.items() if key != invoice}
    return account.model_copy(update={"open": left})


def given_up(account: Account, invoice: str) -> Account:
    """The account without an invoice of which what is owed is given up: credit has paid the rest of it."""
    open_ = account.open.get(invoice, Decimal(0))
    lost = min(open_, max(Decimal(0), sum(account.open.values(), Decimal(0)) - account.credit))
    return without(account, invoice).model_copy(update={"credit": account.credit - (open_ - lost)})


def credited(contract: Contract, account: Account, amount: Decimal) -> Account:
    """The account after a credit, gross: it pays what is open, and the rest is kept where the terms settle credits."""
    if contract.rules >= OPEN_FIRST:
        account, amount = _applied(contract, account, amount)
    return account.model_copy(update={"credit": account.credit + amount}) if contract.terms.credits else account


def _applied(contract: Contract, account: Account, amount: Decimal) -> tuple[Account, Decimal]:
    """What is open less a credit, oldest first, and what is left of it.

    What is being collected at this moment is left alone: that payment comes whole.
    """
    applied: dict[str, Decimal] = {}
    for invoice, owed in account.open.items():
        if amount and _awaited(contract, invoice):
            applied[invoice] = min(owed, amount)
            amount -= applied[invoice]
    open_ = {key: owed - applied.get(key, Decimal(0)) for key, owed in account.open.items()}
    left = {key: owed for key, owed in open_.items() if owed}
    return account.model_copy(update={"open": left, "applied": applied}), amount


def _awaited(contract: Contract, invoice: str) -> bool:
    """Whether an invoice waits for another payment than one that is under way."""
    on_account = contract.order is not None and contract.order.method == ON_ACCOUNT
    return on_account or invoice in contract.declined
