"""What happens when a contract is taken over."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from domain.breach.state import Breach
from domain.commitment.state import Committed
from domain.entitlements.state import Entitled
from domain.envelope import Event
from domain.fleet.state import FleetState
from domain.onboarding.state import Onboarding
from domain.requests.state import Request
from domain.state import Case, Contact, Customer, Ending, Line, Order, Renewal, Status, Term
from domain.supplies.state import Supplies
from domain.terms import TaxRate, Terms
from domain.values import Carried, Span


class Opening(Carried):
    """Where a contract stands when its life here begins: its whole state, but for its number, terms and time."""

    status: Status
    customer: Customer
    valid_until: date
    reseller: str | None = None
    start_on: date | None = None
    term_months: int | None = None
    reenrols: str | None = None
    period: int
    lines: tuple[Line, ...]
    order: Order
    active_since: date | None = None
    term: Term | None = None
    renewal: Renewal = Renewal()
    ending: Ending | None = None
    leaving: tuple[str, ...] = ()
    pauses: tuple[Span, ...] = ()
    extended: int = 0
    commitment: Committed = Committed()
    rates: tuple[TaxRate, ...] = ()
    rates_on: date | None = None
    breaches: tuple[Breach, ...] = ()
    supplies: Supplies = Supplies()
    contacts: tuple[Contact, ...] = ()
    access_code: str | None = None
    onboarding: Onboarding | None = None
    entitled: Entitled = Entitled()
    requests: tuple[Request, ...] = ()
    request_count: int = 0
    cases: tuple[Case, ...] = ()
    case_count: int = 0
    fleet: FleetState | None = None


class TakenOver(Event):
    """The contract goes on here: ``reference`` is what it is called in ``source``, ``as_of`` the first day of ours.

    ``rules`` is the decider's version that decides its first run.
    """

    kind: Literal["taken_over"] = "taken_over"
    rules: int = 1
    number: str
    terms: Terms
    source: str
    reference: str
    as_of: date
    opening: Opening = Field(repr=False)
