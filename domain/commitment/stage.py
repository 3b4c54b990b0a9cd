"""Minimum commitment in a contract's life: when a term is over, what was charged less than agreed is charged, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from domain.activation import term_months
from domain.bill import Charge, bill
from domain.billing import issue
from domain.calendar import DAY
from domain.commitment.events import ShortfallCharged
from domain.commitment.terms import CommitmentTerms
from domain.consolidation import together
from domain.due import Due, Rank, moment
from domain.dunning.unpaid import issued
from domain.effects import Effect
from domain.envelope import Event
from domain.money import prorated, rounded
from domain.periods import stands_still
from domain.state import RUNNING, Contract, Status, Term

_OVER = frozenset({Status.CANCELLED, Status.EXPIRED})


def due(contract: Contract) -> Iterator[Due]:
    """The shortfall of a term, on the day after its last one, or after an earlier end, when all else is billed."""
    terms, term = contract.terms.minimum_commitment, contract.term
    if terms is None or term is None or contract.commitment.settled >= term.number or stands_still(contract):
        return
    if contract.status not in RUNNING | _OVER:
        return
    last = min(contract.ended_on or term.last, term.last)
    agreed, charged = _agreed(contract, terms, term, last), _charged(contract, term)
    if agreed <= charged:
        return
    at = moment(contract, last + DAY)
    what = f"charge what of {agreed} for term {term.number} was not"
    yield Due(
        at, Rank.COMMITMENT, last + DAY, what, terms.rule, lambda: (_shortfall(contract, terms, agreed, at, last),)
    )


def _charged(contract: Contract, term: Term) -> Decimal:
    return contract.commitment.charged if contract.commitment.term == term.number else Decimal(0)


def _agreed(contract: Contract, terms: CommitmentTerms, term: Term, last: date) -> Decimal:
    """What the term owes at least: in proportion to its length, and where it ended early, perhaps to its days."""
    currency, base = contract.terms.currency, contract.terms.term
    months = term_months(contract) or (base.months if base else 1)
    whole = rounded(terms.amount * months / (base.months if base else months), currency)
    partly = terms.early_end == "prorated" or contract.ended_by == "provider"
    if last >= term.last or not partly:
        return whole
    days, had = (term.last - term.first).days + 1, max(0, (last - term.first).days + 1)
    return prorated(whole, days=had, of_days=days, currency=currency)


def _shortfall(
    contract: Contract, terms: CommitmentTerms, agreed: Decimal, at: datetime, last: date
) -> ShortfallCharged:
    term = contract.term
    if term is None:
        raise ValueError("a contract without a term has no commitment for it")
    charged = _charged(contract, term)
    charge = Charge(
        key=contract.key("shortfall", term.number),
        what="shortfall",
        text=contract.terms.text(terms.text, contract.customer.language),
        rule=terms.rule,
        net=agreed - charged,
        first=term.first,
        last=last,
    )
    owed = bill(contract, contract.key("invoice", "shortfall"), last + DAY, [charge])
    return ShortfallCharged(at=at, rule=terms.rule, term=term.number, agreed=agreed, charged=charged, bill=owed)


def _settled(contract: Contract, event: ShortfallCharged) -> dict[str, Any]:
    commitment = contract.commitment.model_copy(update={"settled": event.term})
    return {"commitment": commitment, "unpaid": issued(contract, event.bill, together(contract, event))}


def _tell(contract: Contract, event: ShortfallCharged) -> Iterator[Effect]:
    if event.bill.gross:
        yield issue(contract, event, event.bill)


EVOLVE: dict[type[Event], Callable[..., Any]] = {ShortfallCharged: _settled}
EFFECTS: dict[type[Event], Callable[..., Any]] = {ShortfallCharged: _tell}
