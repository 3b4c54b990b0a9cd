"""Where each term's end stands on its way to the next: due, quoted, ordered, declined, lapsed or renewed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.calendar import DAY, full_months
from domain.money import rounded
from domain.state import RUNNING, Line, Status, Term
from domain.values import Carried, Prices
from domain.view import Entry, View


class Stage(StrEnum):
    """How far the renewal of a term has come.

    ``due``: nothing is offered yet. ``quoted``: the next term is offered. ``ordered``: the customer said yes.
    ``declined``: it said no, or left. ``lapsed``: nobody renewed it. ``renewed``: the next term began.
    """

    DUE = "due"
    QUOTED = "quoted"
    ORDERED = "ordered"
    DECLINED = "declined"
    LAPSED = "lapsed"
    RENEWED = "renewed"


class TermEnd(Carried):
    """The end of one term of a contract, included.

    ``amount`` is what the next term costs whole, net: as quoted, or before that at today's prices; none where a record
    says nothing new of it.
    """

    term: int
    last: date
    stage: Stage
    amount: Decimal | None = None


class RenewalOffer(Carried):
    """What is offered for the next term: its days, and its prices by line, as the event of it says."""

    term: Term
    prices: dict[str, Prices]


MOVES = frozenset(
    {"activated", "taken_over", "renewal_quoted", "renewal_accepted", "renewal_declined", "renewal_answer_withdrawn"}
    | {"renewed", "ended", "cancelled", "cancellation_planned", "cancellation_withdrawn", "lines_cancelled"}
    | {"lines_ended", "line_cancellation_withdrawn", "line_added", "change_applied", "terms_adopted", "cover_lost"}
)
"""The kinds of event by which a term's end may move on; a bill is none of them."""


def moved(view: View, entries: tuple[Entry, ...]) -> tuple[TermEnd, ...]:
    """The term ends that move on with these entries: the view's own, and the one before where the next term began."""
    if not any(entry.kind in MOVES for entry in entries):
        return ()
    return (*_renewed(view, entries), *_running(view, entries))


def _renewed(view: View, entries: Iterable[Entry]) -> Iterator[TermEnd]:
    for entry in entries:
        if entry.kind == "renewed":
            begun = RenewalOffer.model_validate(entry.data)
            offer = begun if begun.prices else RenewalOffer(term=begun.term, prices=_today(view))
            last, number = begun.term.first - DAY, begun.term.number - 1
            yield TermEnd(term=number, last=last, stage=Stage.RENEWED, amount=worth(view, offer))


def _running(view: View, entries: Iterable[Entry]) -> Iterator[TermEnd]:
    term, stage = view.term, _stage(view)
    if term is None:
        return
    quoted = [RenewalOffer.model_validate(entry.data) for entry in entries if entry.kind == "renewal_quoted"]
    amount = None
    if stage is Stage.DUE:
        amount = worth(view, RenewalOffer(term=term, prices=_today(view)))
    elif quoted:
        amount = worth(view, quoted[-1])
    yield TermEnd(term=term.number, last=term.last, stage=stage, amount=amount)


def _today(view: View) -> dict[str, Prices]:
    return {line.id: line.prices for line in view.lines if line.ends_on is None and not line.over}


def _stage(view: View) -> Stage:
    if view.status not in RUNNING:
        lapsed = view.status is Status.EXPIRED and view.renewal_answer != "declined"
        return Stage.LAPSED if lapsed else Stage.DECLINED
    leaves = view.ending is not None and view.term is not None and view.ending.last_day <= view.term.last
    if view.renewal_answer == "declined" or leaves:
        return Stage.DECLINED
    if view.renewal_answer == "accepted":
        return Stage.ORDERED
    return Stage.QUOTED if view.renewal_version is not None else Stage.DUE


def worth(view: View, offer: RenewalOffer) -> Decimal:
    """What a term costs whole at these prices by line, net, rounded once per line."""
    months = full_months(offer.term.first, offer.term.last + DAY)
    lines = (line for line in view.lines if line.id in offer.prices and line.period)
    return sum((_line_worth(view, line, offer.prices[line.id], months) for line in lines), Decimal(0))


def _line_worth(view: View, line: Line, prices: Prices, months: int) -> Decimal:
    amount = rounded(prices.get(line.period, Decimal(0)) * line.quantity, view.currency)
    return rounded(amount * months / line.period, view.currency)
