"""Tax rates in a contract's life: asked for when it is quoted, revised or requoted, and again when they are stale.

What the service said is kept, so that a bill needs nobody to ask; where it never said anything, nothing is billed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from domain.due import Due, Rank, moment
from domain.effects import AskRates, Effect
from domain.envelope import Command, Event
from domain.events import Quoted, QuoteRevised, RenewalOpened, Renewed, TermsAdopted
from domain.state import RUNNING, Contract, Status
from domain.takeover.events import TakenOver
from domain.tax import EU
from domain.taxation.commands import ReportRates
from domain.taxation.events import RatesNoted, RatesStale
from domain.terms import Place

_ASKS = (Quoted, QuoteRevised, TakenOver, RenewalOpened, Renewed, TermsAdopted, RatesStale)
_LIVING = RUNNING | {Status.SCHEDULED}


def _from_service(contract: Contract) -> bool:
    return contract.terms.tax.source == "service"


def places(contract: Contract) -> tuple[Place, ...]:
    """Where tax may be owed: where the customer is, and where the seller is, which anybody else in the EU may pay."""
    customer, seller = contract.customer, contract.terms.issuer.country
    found = [Place(country=customer.country, region=customer.region)]
    if seller and contract.terms.tax.reverse_charge and seller != customer.country and customer.country in EU:
        found.append(Place(country=seller))
    return tuple(found)


def asks(contract: Contract, event: Event) -> Iterator[Effect]:
    """The question that an event raises; ``contract`` is the contract after it."""
    known = isinstance(event, TakenOver) and contract.rates
    if _from_service(contract) and isinstance(event, _ASKS) and not known:
        key = contract.key("rates", contract.version)
        yield AskRates(key=key, at=event.at, rule=contract.terms.tax.rule, places=places(contract))


def due(contract: Contract) -> Iterator[Due]:
    """A running contract asks again when its rates have become stale."""
    if not _from_service(contract) or contract.rates_on is None or contract.status not in _LIVING:
        return
    on = contract.rates_on + timedelta(days=contract.terms.tax.refresh_days)
    at, rule = moment(contract, on), contract.terms.tax.rule
    yield Due(at, Rank.RATES, on, "ask for tax rates again", rule, (RatesStale(at=at, rule=rule),))


def check_rates(contract: Contract, command: ReportRates, now: datetime) -> tuple[Event, ...]:
    """What the service answered is noted; an answer of nothing leaves what is known as it is."""
    rates = command.rates or contract.rates
    rule = contract.terms.tax.rule
    return (RatesNoted(at=now, rule=rule, by=command.by, rates=rates),) if rates else ()


def _noted(contract: Contract, event: RatesNoted) -> dict[str, Any]:
    changes: dict[str, Any] = {"rates": event.rates, "rates_on": _day(contract, event)}
    return changes | {"parked": None, "without_rate": False} if contract.without_rate else changes


def _stale(contract: Contract, event: RatesStale) -> dict[str, Any]:
    return {"rates_on": _day(contract, event)}


def _day(contract: Contract, event: Event) -> date:
    return contract.date_of(event.at)


CHECKS: dict[type[Command], Callable[..., Any]] = {ReportRates: check_rates}
EVOLVE: dict[type[Event], Callable[..., Any]] = {RatesNoted: _noted, RatesStale: _stale}
