"""What a future comes to, month by month: counts, and money exact to the minor unit."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from domain.bill import Bill
from domain.effects import IssueCredit, IssueInvoice
from domain.envelope import Event
from domain.events import Activated, Cancelled, Ended, OrderVoided, QuoteLapsed, QuoteRejected, RenewalQuoted, Renewed
from domain.simulator import Life
from domain.state import Contract
from domain.values import Carried


class Figures(Carried):
    """A month's figures: contracts by what became of them; invoices less credit notes, in their currency.

    ``started`` began their first term, ``quoted`` were offered the next, ``renewed`` went into it, ``lapsed`` ran out,
    ``ended`` were cancelled, ``lost`` were never begun. ``refused`` counts supposed commands that may not be given.
    """

    started: int = 0
    quoted: int = 0
    renewed: int = 0
    lapsed: int = 0
    ended: int = 0
    lost: int = 0
    refused: int = 0
    invoices: int = 0
    credits: int = 0
    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)


NAMES: tuple[str, ...] = tuple(Figures.model_fields)
Numbers = list[int | Decimal]
"""Figures in the order of their names: what is summed up millions of times is no model."""

Tally = dict[str, Numbers]
"""Numbers by month, as `2027-03`."""

_STARTED, _QUOTED, _RENEWED, _LAPSED, _ENDED, _LOST, _REFUSED, _INVOICES, _CREDITS, _NET, _TAX, _GROSS = range(12)


def nothing() -> Numbers:
    """Figures that are all nought."""
    return [0] * _NET + [Decimal(0)] * 3


def tally(life: Life) -> Tally:
    """What a life has come to, month by month of the contract's own calendar."""
    found: Tally = {}
    contract = life.contract
    for event in life.events:
        what = _became(event)
        if what is not None:
            _month(found, f"{contract.date_of(event.at):%Y-%m}")[what] += 1
    for at, _, _ in life.refusals:
        _month(found, f"{contract.date_of(at):%Y-%m}")[_REFUSED] += 1
    for effect in life.told:
        if isinstance(effect, IssueInvoice) and effect.bill.charges:
            _add_bill(found, effect.bill, _INVOICES, 1)
        elif isinstance(effect, IssueCredit):
            _add_bill(found, effect.bill, _CREDITS, -1)
    return found


def _became(event: Event) -> int | None:
    match event:
        case Activated(term=term) if term is not None:
            return _STARTED
        case RenewalQuoted():
            return _QUOTED
        case Renewed():
            return _RENEWED
        case Ended(status=status):
            return _LAPSED if status == "Expired" else _ENDED
        case Cancelled():
            return _ENDED
        case QuoteLapsed() | QuoteRejected() | OrderVoided():
            return _LOST
        case _:
            return None


def _month(found: Tally, month: str) -> Numbers:
    numbers = found.get(month)
    if numbers is None:
        numbers = found[month] = nothing()
    return numbers


def _add_bill(found: Tally, bill: Bill, kind: int, sign: int) -> None:
    numbers = _month(found, f"{bill.on:%Y-%m}")
    numbers[kind] += 1
    numbers[_NET] += sign * bill.net
    numbers[_TAX] += sign * bill.tax
    numbers[_GROSS] += sign * bill.gross


def add(into: Numbers, more: Iterable[int | Decimal], times: int = 1) -> None:
    """Add figures, so many times, to others."""
    for index, number in enumerate(more):
        if number:
            into[index] += number * times


def figures(numbers: Numbers) -> Figures:
    """Numbers by their names."""
    return Figures.model_validate(dict(zip(NAMES, numbers, strict=True)))


def key_of(contract: Contract) -> tuple[str, str, str]:
    """What figures are summed up by, besides the month: programme, currency, and where the contract stands now."""
    return contract.terms.code, contract.terms.currency, contract.status.value
