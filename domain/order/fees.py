"""What an order costs once: the fees of the terms, and which of them a fact spares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from domain.activation import cover_end
from domain.bill import Charge
from domain.calendar import months_after
from domain.money import rounded
from domain.state import Contract, Line


def is_lapsed(contract: Contract, line: Line, now: datetime) -> bool:
    """Whether a device has been without cover for so long that the terms ask for more."""
    rule, end = contract.terms.lapsed_cover, cover_end(contract.terms, line)
    return rule is not None and end is not None and months_after(end, rule.months) <= contract.date_of(now)


def order_fees(contract: Contract, lapsed: Iterable[Line]) -> Iterator[Charge]:
    """What an order costs once: the terms' own fees, those of lapsed devices, and that of being taken up again."""
    terms = contract.terms
    for name in terms.order_fees:
        yield fee_charge(contract, name, contract.key("fee", name))
    if terms.lapsed_cover and (fee := terms.lapsed_cover.fee):
        for line in lapsed:
            yield fee_charge(contract, fee, contract.key("fee", f"{fee}.{line.id}"), line)
    again = terms.reenrolment
    if contract.reenrols and again and again.fee and not _spared(contract, again.free_with):
        yield fee_charge(contract, again.fee, contract.key("fee", again.fee))


def _spared(contract: Contract, fact: str | None) -> bool:
    """Whether every device has the fact that spares the fee for taking a contract up again."""
    return fact is not None and all(line.facts.get(fact, False) for line in contract.lines)


def fee_charge(contract: Contract, name: str, key: str, line: Line | None = None) -> Charge:
    """A one-time fee of the terms as a charge, for the contract or for one of its lines."""
    terms = contract.terms
    fee = terms.fees[name]
    return Charge(
        key=key,
        what=name,
        text=terms.text(fee.text, contract.customer.language),
        rule=fee.rule,
        net=rounded(fee.amount, terms.currency),
        line=line.id if line else None,
        serial=line.serial if line else None,
    )
