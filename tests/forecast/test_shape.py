"""Contracts of one shape have one future: that is what makes a million contracts a few thousand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.calendar import instant, months_after
from domain.events import RenewalAccepted, RenewalDeclined, RenewalQuoted
from domain.forecast.future import agreed, future, supposed
from domain.forecast.shape import plain, shape
from domain.forecast.suppose import STANCES, Answers, WhatIf
from domain.forecast.tally import Tally, tally
from domain.state import Contract, Customer, OrderedBy, Status
from tests.domain.samples import offer, ordered, utc
from tests.forecast.portfolio import AGREED, contracts

ANSWERS = Answers(on_account="paid")
LEFT = WhatIf.model_validate(
    {"commands": [{"at": "2028-11-20T08:00:00Z", "do": "suspend"}, {"at": "2029-01-15T08:00:00Z", "do": "cancel"}]}
)


def come_to(contract: Contract, what_if: WhatIf | None, stance: Any) -> Tally:
    """What two years of a contract's future come to."""
    assumed = supposed(AGREED, ANSWERS, what_if) if what_if else agreed(AGREED, ANSWERS)
    end = instant(months_after(contract.date_of(contract.at), 24), contract.zone)
    return tally(future(contract, assumed, stance, end=end))


@pytest.mark.parametrize("stance", STANCES)
def test_nothing_that_is_left_out_of_a_shape_matters(stance: Any) -> None:
    """A contract without all that its shape leaves out has the same two years, to the cent, also if it leaves."""
    for contract in contracts():
        for what_if in (None, LEFT):
            assert come_to(plain(contract), what_if, stance) == come_to(contract, what_if, stance), contract.number


def renamed(contract: Contract) -> Contract:
    """The same contract of another customer, for other devices, paid with another card."""
    text = contract.model_dump_json().replace(contract.number, "XXX-2099-000001")
    other = Contract.model_validate_json(text)
    customer = Customer.model_validate(
        other.customer.model_dump() | {"id": "other", "name": "Other", "contact": "O. Ther", "language": "en"}
    )
    order = other.order
    if order:
        method = order.method if order.method in {"on_account", "pm_slow", "pm_declined"} else "card-of-another"
        order = order.model_copy(update={"method": method, "reference": "other", "form": OrderedBy(kind="letter")})
    lines = tuple(line.model_copy(update={"serial": f"OTHER{line.id}", "text": "other"}) for line in other.lines)
    return other.model_copy(update={"customer": customer, "order": order, "lines": lines, "reseller": "Other Ltd"})


def test_names_numbers_and_cards_are_no_part_of_a_shape() -> None:
    """Another customer's contract that lives alike has the same shape, once its service has started."""
    started = [contract for contract in contracts() if contract.active_since and not contract.fleet]
    assert len(started) > 50
    assert [contract.number for contract in started if shape(renamed(contract)) != shape(contract)] == []


def test_what_the_future_depends_on_is_part_of_it() -> None:
    """Another price, day, tax region or status is another shape."""
    contract = next(c for c in contracts() if c.order and c.term and c.lines[0].active_since and not c.unpaid)
    line, term = contract.lines[0], contract.term
    assert term
    others: list[dict[str, Any]] = [
        {
            "lines": (
                line.model_copy(update={"prices": {m: p + 1 for m, p in line.prices.items()}}),
                *contract.lines[1:],
            )
        },
        {"term": term.model_copy(update={"last": term.last + timedelta(days=1)})},
        {"customer": contract.customer.model_copy(update={"country": "ZZ"})},
        {"customer": contract.customer.model_copy(update={"email": None})},
        {"status": Status.SUSPENDED},
        {"terms": contract.terms.model_copy(update={"version": 7})},
        {"renewal": contract.renewal.model_copy(update={"answer": "accepted"})},
    ]
    shapes = {shape(contract.model_copy(update=changes)) for changes in others} | {shape(contract)}
    assert len(shapes) == len(others) + 1


def test_contracts_that_are_old_enough_are_alike() -> None:
    """Once age makes no difference any more, the same life a year earlier comes to the same shape."""
    life = ordered(offer(), at=utc(2025, 3, 10))
    older = ordered(offer(), at=utc(2024, 3, 10))
    for each in (life, older):
        each.live_until(utc(2028, 3, 1))
    assert [each.contract.term.number for each in (life, older) if each.contract.term] == [3, 4]
    assert shape(life.contract) == shape(older.contract)
    younger = ordered(offer(), at=utc(2027, 3, 10))
    younger.live_until(utc(2028, 3, 1))
    assert shape(younger.contract) != shape(older.contract)


@pytest.mark.parametrize("stance", ["renews", "declines"])
def test_assumed_answers_are_taken(stance: Any) -> None:
    """Every programme takes what its customers are assumed to answer: in its own form, with all that it must say."""
    assumed = agreed(AGREED, ANSWERS)
    heard = set[str]()
    for contract in contracts():
        if contract.term is None or contract.renewal.opened or contract.ending or contract.status is not Status.ACTIVE:
            continue
        end = instant(contract.term.last + timedelta(days=40), contract.zone)
        life = future(contract, assumed, stance, end=end)
        if any(isinstance(event, RenewalQuoted) for event in life.events):
            answered = any(isinstance(event, RenewalAccepted | RenewalDeclined) for event in life.events)
            assert answered, (contract.number, [str(refusal) for _, _, refusal in life.refusals])
            heard.add(contract.terms.code)
    assert heard >= {"HPG", "HPJ", "ICM", "HPP"}
