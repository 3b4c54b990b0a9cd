"""What a repair outside cover costs: labour by the hour, and parts at their price."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from domain.bill import Charge
from domain.money import rounded
from domain.refusal import Refusal
from domain.repairs.state import Part
from domain.repairs.terms import RepairTerms
from domain.state import Case, Contract

_HUNDREDTH = Decimal("0.01")


def repair_terms(contract: Contract) -> RepairTerms:
    """The terms of repairs. Refuses where the programme has none."""
    if contract.terms.repairs is None:
        raise Refusal(contract.terms.quote.rule, "the programme bills no repairs")
    return contract.terms.repairs


def hours_of(case: Case, said: Decimal | None, rule: str) -> Decimal:
    """The hours of labour that are said, else those that the desk has noted on the case."""
    if said is not None:
        return said
    if not case.minutes:
        raise Refusal(
            rule,
            f"nobody has noted how long case {case.id} was worked on",
            allowed_when="the hours are given",
            field="hours",
        )
    return (Decimal(case.minutes) / 60).quantize(_HUNDREDTH)


def charges_of(contract: Contract, case: Case, hours: Decimal, parts: tuple[Part, ...]) -> Iterator[Charge]:
    """One charge for the labour, and one for each part."""
    terms, currency = repair_terms(contract), contract.terms.currency
    labour = rounded(terms.labour_per_hour * hours, currency)
    costs: list[tuple[str, str, Decimal]] = [("labour", f"{hours} h", labour)]
    costs += [("part", part.text, rounded(part.price, currency)) for part in parts]
    for index, (what, text, net) in enumerate(costs):
        key = contract.key("repair", f"{case.id}.{index}")
        yield Charge(key=key, what=what, text=text, rule=terms.rule, net=net, serial=case.serial)
