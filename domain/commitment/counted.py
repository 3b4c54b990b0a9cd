"""What counts towards a term's minimum commitment: what is charged for service, less what is credited of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.commitment.state import Committed

if TYPE_CHECKING:
    from domain.bill import Bill
    from domain.state import Contract


def counted(contract: Contract, charged: Bill | None, credited: Bill | None) -> Committed:
    """The commitment after a bill and a credit for service; the first in a term begins anew."""
    known, term = contract.commitment, contract.term
    if term is None or contract.terms.minimum_commitment is None:
        return known
    if known.term != term.number:
        known = Committed(term=term.number, settled=known.settled)
    more = (charged.net if charged else 0) - (credited.net if credited else 0)
    return known.model_copy(update={"charged": known.charged + more})
