"""The books: every amount moves from one account to another, so that they always balance.

A posting debits one account and credits another by the same amount. Assets (receivable, cash) grow by debits; what is
owed (tax, deferred revenue) and what was earned (revenue, fees, sales) grow by credits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from domain.bill import Bill, Charge
from domain.money import rounded
from domain.values import Carried

if TYPE_CHECKING:
    from domain.effects import BroughtCharge


class Account(StrEnum):
    """Where amounts stand."""

    RECEIVABLE = "receivable"
    """What customers owe; below zero, what they are owed."""
    CASH = "cash"
    DEFERRED = "deferred"
    """Charged for days of service that are still to come."""
    REVENUE = "revenue"
    """Earned by days of service."""
    FEES = "fees"
    """Earned at once: one-time fees."""
    SALES = "sales"
    """Earned at once: supplies, labour and parts."""
    TAX = "tax"
    """Owed to the state."""
    BROUGHT_FORWARD = "brought_forward"
    """What the books of another system hold against what was entered here when contracts were taken over."""
    WRITTEN_OFF = "written_off"
    """Lost: what a customer never paid."""


TAKEN_BACK = "/taken-back/"
PAID_AGAIN = "/again"
"""What came in for an invoice that was paid already is a document of its own."""
_SOLD = frozenset({"supply", "labour", "part"})


class Posting(NamedTuple):
    """One move: ``amount``, above zero, in ``currency``, from the credited account to the debited one, on a local day.

    ``key`` makes it happen once; ``document`` is the key of the invoice, credit note or payment that it belongs to.
    """

    key: str
    on: date
    debit: Account
    credit: Account
    amount: Decimal
    currency: str
    rule: str
    document: str
    text: str
    charge: str | None = None


def account_of(charge: Charge) -> Account:
    """The account that a charge is earned on: by day for a period that is billed in advance, else at once."""
    if charge.what == "period":
        return Account.DEFERRED
    if charge.what == "arrears":
        return Account.REVENUE
    return Account.SALES if charge.what in _SOLD else Account.FEES


def invoiced(bill: Bill, number: str, rule: str) -> Iterator[Posting]:
    """The postings of an invoice: each of its lines, and its tax, owed by the customer."""
    for posting in _owed(bill, number, rule):
        yield posting if posting.amount > 0 else _turned(posting)


def credited(bill: Bill, number: str, rule: str) -> Iterator[Posting]:
    """The postings of a credit note: each of its lines, and its tax, back."""
    for posting in _owed(bill, number, rule):
        yield _turned(posting) if posting.amount > 0 else posting._replace(amount=-posting.amount)


def _turned(posting: Posting) -> Posting:
    """The same amount the other way round, above zero."""
    return posting._replace(debit=posting.credit, credit=posting.debit, amount=abs(posting.amount))


def _owed(bill: Bill, number: str, rule: str) -> Iterator[Posting]:
    """What a bill's lines and its tax add to what the customer owes; a line may take away."""
    for charge in bill.charges:
        if charge.net:
            yield Posting(
                key=charge.key,
                on=bill.on,
                debit=Account.RECEIVABLE,
                credit=account_of(charge),
                amount=charge.net,
                currency=bill.currency,
                rule=charge.rule,
                document=bill.key,
                text=charge.text,
                charge=charge.credits or charge.key,
            )
    if not bill.taxes and bill.tax:
        yield _taxed(bill, f"{bill.key}/tax", bill.tax, rule, number)
    for position, part in enumerate(bill.taxes, start=1):
        if part.amount:
            yield _taxed(bill, f"{bill.key}/tax/{position}", part.amount, rule, f"{part.name} {number}")


def _taxed(bill: Bill, key: str, amount: Decimal, rule: str, text: str) -> Posting:
    return Posting(
        key=key,
        on=bill.on,
        debit=Account.RECEIVABLE,
        credit=Account.TAX,
        amount=amount,
        currency=bill.currency,
        rule=rule,
        document=bill.key,
        text=text,
    )


def paid(
    *, invoice: str, on: date, amount: Decimal, currency: str, rule: str, reference: str, times: int = 0
) -> Iterator[Posting]:
    """The posting of an invoice's payment, once however often it is reported; ``times`` it was paid and taken back."""
    if amount > 0:
        yield Posting(
            key=f"{invoice}/paid/{times}" if times else f"{invoice}/paid",
            on=on,
            debit=Account.CASH,
            credit=Account.RECEIVABLE,
            amount=amount,
            currency=currency,
            rule=rule,
            document=invoice,
            text=reference,
        )


def taken_back(
    *, invoice: str, on: date, amount: Decimal, currency: str, rule: str, reference: str
) -> Iterator[Posting]:
    """The posting of a payment that was disputed or returned, by its reference there: the invoice is owed again."""
    if amount > 0:
        yield Posting(
            key=f"{invoice}{TAKEN_BACK}{reference}",
            on=on,
            debit=Account.RECEIVABLE,
            credit=Account.CASH,
            amount=amount,
            currency=currency,
            rule=rule,
            document=invoice,
            text=reference,
        )


def refunded(*, refund: str, on: date, amount: Decimal, currency: str, rule: str, reference: str) -> Posting:
    """The posting of a refund, under its own key: what was in the customer's favour was paid out."""
    return Posting(
        key=refund,
        on=on,
        debit=Account.RECEIVABLE,
        credit=Account.CASH,
        amount=amount,
        currency=currency,
        rule=rule,
        document=refund,
        text=reference,
    )


def brought_forward(charges: Iterable[BroughtCharge], on: date, currency: str) -> Iterator[Posting]:
    """The postings of what was charged elsewhere for days that are served here."""
    for charge in charges:
        if charge.deferred > 0:
            yield Posting(
                key=f"{charge.key}/brought",
                on=on,
                debit=Account.BROUGHT_FORWARD,
                credit=Account.DEFERRED,
                amount=charge.deferred,
                currency=currency,
                rule=charge.rule,
                document=charge.key,
                text=charge.text,
                charge=charge.key,
            )


def given_up(*, invoice: str, on: date, amount: Decimal, currency: str, rule: str) -> Iterator[Posting]:
    """The posting of what will never be paid of an invoice."""
    if amount > 0:
        yield Posting(
            key=f"{invoice}/written-off",
            on=on,
            debit=Account.WRITTEN_OFF,
            credit=Account.RECEIVABLE,
            amount=amount,
            currency=currency,
            rule=rule,
            document=invoice,
            text="written off",
        )


class Period(Carried):
    """A charged period of service: what it was charged at first, and what is left of it after credits, net."""

    charge: str
    first: date
    last: date
    charged: Decimal
    total: Decimal
    currency: str


def earned(period: Period, on: date) -> Decimal:
    """What a period has earned by the end of a day: day by day at its price, and never more than is left of it."""
    if on < period.first:
        return Decimal(0)
    days = (period.last - period.first).days + 1
    served = min(days, (on - period.first).days + 1)
    return min(period.total, rounded(period.charged * served / days, period.currency))


def earning(period: Period, already: Decimal, on: date, rule: str) -> Iterator[Posting]:
    """The posting that brings a period's earned revenue to where it stands on a day; none where it stands there."""
    difference = earned(period, on) - already
    if difference == 0:
        return
    forward = difference > 0
    yield Posting(
        key=f"{period.charge}/earned/{on}",
        on=on,
        debit=Account.DEFERRED if forward else Account.REVENUE,
        credit=Account.REVENUE if forward else Account.DEFERRED,
        amount=abs(difference),
        currency=period.currency,
        rule=rule,
        document=period.charge,
        charge=period.charge,
        text=f"{period.first} to {period.last}, earned by {on}",
    )
