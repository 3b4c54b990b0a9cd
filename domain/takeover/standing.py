"""How a contract stands that is taken over: what the system that it lived in until then says of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.breach.state import Breach
from domain.commitment.state import Committed
from domain.entitlements.state import Obligation
from domain.fleet.state import FleetState
from domain.replacement.state import Replaced
from domain.requests.state import Request
from domain.state import Case, Contact, Cover, Customer, Discount, OrderedBy, Planned
from domain.supplies.state import Cartridge, SupplyOrder
from domain.terms import TaxRate
from domain.values import Carried, Name, Prices, Rule, Span, Text

Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,59}$")]
"""What a contract is called in the system that it comes from."""


class BilledPeriod(Carried):
    """The last period that was billed for a line: its days, what it costs whole and what was charged for it, net.

    ``added`` of its days are days without service by which pauses have made it longer.
    """

    first: date
    last: date
    price: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4)]
    charged: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4)]
    served: Annotated[int, Field(ge=0, le=10_000)]
    added: Annotated[int, Field(ge=0, le=10_000)] = 0
    in_arrears: bool = False


class StandingLine(Carried):
    """One service on one device.

    A line in service says since when, and until when it is billed; one that waits says when it starts, or which cover
    it waits for. Periods are counted from ``anchor``.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,20}$")]
    service: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    text: Text
    serial: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
    model: Text
    quantity: Annotated[int, Field(ge=1, le=100_000)] = 1
    level: Name | None = None
    device_class: Name | None = None
    sold_as: Name | None = None
    prices: Prices = Field(default_factory=dict)
    period: Annotated[int, Field(ge=0, le=240)] | None = None
    cover: Annotated[tuple[Cover, ...], Field(max_length=20)] = ()
    facts: dict[Name, bool] = Field(default_factory=dict)
    in_use_since: date | None = None
    support_ends: date | None = None
    serviced: bool = True
    place: Text | None = None
    active_since: date | None = None
    starts_on: date | None = None
    anchor: date | None = None
    billed_until: date | None = None
    billed: BilledPeriod | None = None
    billed_periods: Annotated[int, Field(ge=0, le=10_000)] | None = None
    running_prices: Prices | None = None
    replaced: Annotated[tuple[Replaced, ...], Field(max_length=100)] = ()
    served_from: date | None = None
    since: date | None = None
    ends_on: date | None = None
    leaves: bool | None = None
    over: bool | None = None
    planned: Planned | None = None
    supplies_counted: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    supplies_last_order: date | None = None


class StandingTerm(Carried):
    """The term that runs: its number, and its first and last day, both included."""

    number: Annotated[int, Field(ge=1, le=1000)] | None = None
    first: date | None = None
    last: date


class StandingRenewal(Carried):
    """What was done about the next term.

    ``open`` says that the quote was not given although its day is past, and is to be given at once; ``committed``
    whether the next term is certain, where that does not follow from the last day for a no.
    """

    quoted_on: date | None = None
    deadline: date | None = None
    prices: dict[str, Prices] = Field(default_factory=dict)
    terms_version: Annotated[int, Field(ge=1)] | None = None
    unoffered: tuple[str, ...] = ()
    answer: Literal["accepted", "declined"] | None = None
    committed: bool | None = None
    open: bool = False


class StandingEnding(Carried):
    """A planned end: the last day of service, and why."""

    last_day: date
    status: Literal["Cancelled", "Expired"] = "Cancelled"
    reason: Text = "notice was given before the contract was taken over"
    rule: Rule | None = None


class StandingOrder(Carried):
    """How the contract was ordered, and how it is paid: a token of the payment provider, or on account."""

    placed_on: date | None = None
    method: Text = "on_account"
    reference: Text | None = None
    form: OrderedBy | None = None
    invoice_on: date | None = None
    discount: Discount | None = None


class Used(Carried):
    """One use of an entitlement that still counts."""

    item: Name
    on: date
    line: str | None = None
    id: str | None = None


class Standing(Carried):
    """A contract as it stands at the beginning of the day ``as_of``, counted in its own time zone.

    What fell due before that day is done; what falls due from it on is not. ``reference`` is what it is called in
    ``source``, the system that it comes from. ``extended`` is how many days pauses have added to its terms so far,
    ``commitment`` what was charged for service in the term that runs.
    """

    source: Text = "elsewhere"
    reference: Reference
    as_of: date
    customer: Customer
    reseller: Text | None = None
    period: Annotated[int, Field(ge=0, le=240)] = 0
    start_on: date | None = None
    term_months: Annotated[int, Field(ge=1, le=240)] | None = None
    reenrols: Text | None = None
    active_since: date | None = None
    order: StandingOrder = StandingOrder()
    term: StandingTerm | None = None
    renewal: StandingRenewal = StandingRenewal()
    ending: StandingEnding | None = None
    suspended_since: date | None = None
    pauses: Annotated[tuple[Span, ...], Field(max_length=100)] = ()
    extended: Annotated[int, Field(ge=0, le=10_000)] = 0
    commitment: Committed = Committed()
    rates: Annotated[tuple[TaxRate, ...], Field(max_length=100)] = ()
    rates_on: date | None = None
    onboarding_by: date | None = None
    access_code: Text | None = None
    contacts: Annotated[tuple[Contact, ...], Field(max_length=50)] = ()
    used: Annotated[tuple[Used, ...], Field(max_length=1000)] = ()
    use_count: Annotated[int, Field(ge=0)] = 0
    obligations: Annotated[tuple[Obligation, ...], Field(max_length=100)] = ()
    orders: Annotated[tuple[SupplyOrder, ...], Field(max_length=100)] = ()
    cartridges: Annotated[tuple[Cartridge, ...], Field(max_length=1000)] = ()
    breaches: Annotated[tuple[Breach, ...], Field(max_length=100)] = ()
    requests: Annotated[tuple[Request, ...], Field(max_length=100)] = ()
    request_count: Annotated[int, Field(ge=0)] = 0
    cases: Annotated[tuple[Case, ...], Field(max_length=100)] = ()
    case_count: Annotated[int, Field(ge=0)] = 0
    fleet: FleetState | None = None
    lines: Annotated[tuple[StandingLine, ...], Field(min_length=1, max_length=1000)]
