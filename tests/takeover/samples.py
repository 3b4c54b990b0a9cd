"""A contract of the sample programme that has lived elsewhere, and lives cut in two."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from domain.calendar import instant
from domain.decider import begin, evolve
from domain.events import Quoted
from domain.simulator import Life, World
from domain.state import Contract
from domain.takeover.commands import TakeOver
from domain.takeover.events import TakenOver
from domain.takeover.standing import Standing
from domain.takeover.told import standing
from domain.terms import Terms
from tests.domain.samples import CUSTOMER, PRICES, terms

NUMBER = "SMP-2027-000001"
AS_OF = date(2027, 3, 15)


def line(**changes: Any) -> dict[str, Any]:
    """A line that was activated on 2026-06-01 and is billed monthly until the end of March 2027."""
    known = {
        "id": "1",
        "service": "care",
        "text": "Care",
        "serial": "SN1",
        "model": "M1",
        "prices": PRICES,
        "active_since": "2026-06-01",
        "billed_until": "2027-03-31",
    }
    return {name: value for name, value in (known | changes).items() if value is not None}


def stands(*lines: dict[str, Any], **changes: Any) -> Standing:
    """A contract in its first term, of twelve months, as of the middle of March 2027."""
    known = {
        "source": "SAP",
        "reference": "40-4711",
        "as_of": AS_OF,
        "customer": CUSTOMER.model_dump(),
        "period": 1,
        "term": {"last": "2027-05-31"},
        "renewal": {"quoted_on": "2027-03-02"},
        "lines": lines or (line(),),
    }
    return Standing.model_validate({name: value for name, value in (known | changes).items() if value is not None})


def take_over(*lines: dict[str, Any], under: Terms | None = None, **changes: Any) -> TakeOver:
    """The command for it."""
    return TakeOver(id="import", number=NUMBER, terms=under or terms(), standing=stands(*lines, **changes))


def taken(*lines: dict[str, Any], under: Terms | None = None, world: World | None = None, **changes: Any) -> Life:
    """The life that begins with it, on the day as of which it is taken over."""
    command = take_over(*lines, under=under, **changes)
    return Life.begin(command, instant(command.standing.as_of, command.terms.time_zone), world)


def at_the_beginning_of(day: date, life: Life) -> Contract | None:
    """A contract as it was when a day began; none before there was one."""
    cut = instant(day, life.contract.zone)
    contract: Contract | None = None
    for event in life.events:
        if event.at >= cut:
            break
        if contract is None:
            assert isinstance(event, Quoted | TakenOver)
            contract = begin(event)
        else:
            contract = evolve(contract, event)
    return contract


def moved(contract: Contract, day: date) -> TakeOver:
    """The command by which another system goes on with a contract from a day on."""
    told = standing(contract, day, "Tenure")
    again = Standing.model_validate_json(told.model_dump_json())
    return TakeOver(
        id="move", number=contract.number, terms=contract.terms, standing=again, offered=contract.renewal.terms
    )


def future(life: Life, until: datetime) -> list[tuple[Any, ...]]:
    """What happens until an instant: when, what, with which amount, by which rule, and how it is told."""
    before = len(life.entries)
    life.live_until(until)
    return [(item.at, item.kind, item.amount, item.rule, item.summary) for item in life.entries[before:]]
