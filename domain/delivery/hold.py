"""Whether a renewal is held: no term begins by itself on a notice that the customer may not have had."""

from __future__ import annotations

from datetime import date

from domain.state import Contract, Term

ABOUT_RENEWAL = frozenset({"renewal_quote", "reminder"})
"""The messages that a tacit renewal rests on."""


def rests_on(contract: Contract, message: str) -> bool:
    """Whether the next term would come by itself, on this message among others."""
    renewal = contract.terms.renewal
    tacit = renewal is not None and renewal.mode == "tacit"
    return tacit and message in ABOUT_RENEWAL and contract.term is not None and contract.renewal.answer is None


def held(contract: Contract, term: Term) -> bool:
    """Whether the renewal of a term waits for a person, because a notice of it did not arrive."""
    renewal = contract.terms.renewal
    if renewal is None or renewal.mode != "tacit" or contract.renewal.answer:
        return False
    return any(missed.term == term.number for question in contract.delivery.open for missed in question.missed)


def held_after(contract: Contract) -> date | None:
    """The last day of a term whose renewal is held; none where none is."""
    term = contract.term
    return term.last if term and held(contract, term) else None
