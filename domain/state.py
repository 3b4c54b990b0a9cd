"""What a contract is at one moment: everything that its future depends on, and nothing else."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.bill import Bill
from domain.breach.state import Breach
from domain.calendar import local_date
from domain.casework.state import Contested
from domain.commitment.state import Committed
from domain.credits.state import Account
from domain.delivery.state import Delivery
from domain.dunning.state import Unpaid
from domain.entitlements.state import Entitled
from domain.fleet.state import FleetState
from domain.onboarding.state import Onboarding
from domain.repairs.state import Repair, RepairQuote
from domain.replacement.state import Replaced
from domain.requests.state import Request
from domain.supplies.state import Supplies
from domain.terms import TaxRate, Terms
from domain.values import Carried, Country, Language, Name, Prices, Rule, Span, Text
from domain.warranty.state import Basis

RULES_VERSION = 2
"""The decider's own version: said by whoever begins the contract, and by every event that ends a run of it.

A run that began under an older one is decided by that one until its term ends, so that its history still replays:

1. as it began;
2. a credit pays what is open, oldest first, before it stands in the customer's favour (`domain/credits`).
"""


class Status(StrEnum):
    """Where a contract stands, in the words that its customer sees."""

    QUOTED = "Quoted"
    ACCEPTED = "Accepted"
    DRAFT = "Draft"
    SCHEDULED = "Scheduled"
    ACTIVE = "Active"
    SUSPENDED = "Suspended"
    CANCELLED = "Cancelled"
    EXPIRED = "Expired"
    REJECTED = "Rejected"
    LAPSED = "Lapsed"
    VOID = "Void"


OFFERED = frozenset({Status.QUOTED, Status.ACCEPTED})
RUNNING = frozenset({Status.ACTIVE, Status.SUSPENDED})
ENDED = frozenset({Status.CANCELLED, Status.EXPIRED, Status.REJECTED, Status.LAPSED, Status.VOID})


class Customer(Carried):
    """Who the contract is with."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
    name: Text
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    contact: Text | None = None
    language: Language
    country: Country
    region: Annotated[str, Field(pattern=r"^[A-Z]{2,3}$")] | None = None
    vat_number: Annotated[str, Field(pattern=r"^[A-Z]{2}[A-Z0-9 ]{2,20}$")] | None = None


class Contact(Carried):
    """Somebody who may speak for the customer, of the customer's own house or of its partner ``firm``."""

    name: Text
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    firm: Text | None = None


class Cover(Carried):
    """One kind of cover that a device already has, and the last day on which it holds.

    Where it was reckoned by a term of warranty, ``basis`` says by which one, and from which fact.
    """

    kind: str
    last_day: date
    basis: Basis | None = None


class Offer(Carried):
    """One service for one device, as offered: its prices are net, per unit, for each period on offer."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,20}$")]
    service: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    text: Text
    serial: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
    model: Text
    quantity: Annotated[int, Field(ge=1, le=100_000)] = 1
    level: Name | None = None
    prices: Prices = Field(default_factory=dict)
    cover: tuple[Cover, ...] = ()
    sold_as: Name | None = None
    facts: dict[Name, bool] = Field(default_factory=dict)
    in_use_since: date | None = None
    support_ends: date | None = None
    serviced: bool = True
    device_class: Name | None = None


class Discount(Carried):
    """What a coupon takes off one line's first billed periods: a percentage, or an amount per period, net."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9-]{3,30}$")]
    line: str
    kind: Literal["percent", "amount"]
    value: Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=4)]
    periods: Annotated[int, Field(ge=1, le=120)] = 1
    rule: Rule


class Billed(Carried):
    """The last period that was billed for a line: what it costs whole, and what has been charged for it so far.

    ``added`` of its days are days without service by which pauses have made it longer.
    """

    key: str
    first: date
    last: date
    price: Decimal
    charged: Decimal
    served: int
    added: int = 0
    in_arrears: bool = False

    @property
    def days(self) -> int:
        """How many days of service the whole period has."""
        return (self.last - self.first).days + 1 - self.added


class Planned(Carried):
    """A change that waits for the line's next period boundary."""

    on: date
    months: int
    service: str
    text: str
    prices: Prices
    period: int
    quantity: int | None = None
    level: Name | None = None


class Start(Carried):
    """When one line starts, and the first day that is billed."""

    line: str
    starts_on: date
    billed_from: date


class Line(Carried):
    """One service on one device: its own start, its own periods, its own end.

    Periods are counted in months from ``anchor``; the next one starts ``billed_months`` after it. ``served_from`` is
    the first day of a line that came into the running contract, ``since`` the device's first day in any service.
    ``running_prices`` are those of a period that is billed in arrears, where a renewal has changed them since it began.
    ``cover_before`` is the device's cover before it was corrected last; ``restarts`` counts how often it waited again.
    ``replaced`` are the devices that the line had before, the oldest first.
    """

    id: str
    service: str
    text: str
    serial: str
    model: str
    quantity: int = 1
    level: Name | None = None
    prices: Prices
    sold_as: Name | None = None
    facts: dict[Name, bool] = Field(default_factory=dict)
    in_use_since: date | None = None
    support_ends: date | None = None
    serviced: bool = True
    served_from: date | None = None
    since: date | None = None
    over: bool = False
    period: int
    cover: tuple[Cover, ...] = ()
    starts_on: date | None = None
    active_since: datetime | None = None
    anchor: date | None = None
    billed_months: int = 0
    billed_periods: int = 0
    running_prices: Prices | None = None
    billed: Billed | None = None
    ends_on: date | None = None
    planned: Planned | None = None
    device_class: Name | None = None
    place: str | None = None
    cover_before: tuple[Cover, ...] | None = None
    restarts: int = 0
    replaced: tuple[Replaced, ...] = ()


class Inspection(Carried):
    """Whether a device works, as its engineer found it; ``passed`` is empty until then."""

    line: str
    passed: bool | None = None


class OrderedBy(Carried):
    """The form in which an order came in, and what it says: a reference, who signed, whose seal it bears."""

    kind: Name
    details: dict[Name, Text] = Field(default_factory=dict)


class Order(Carried):
    """What the customer ordered: immutable once placed, except for what is found out about it."""

    placed_at: datetime
    pay_by: datetime | None
    method: str
    paid_at: datetime | None = None
    attempts: int = 1
    reference: str | None = None
    discount: Discount | None = None
    inspections: tuple[Inspection, ...] = ()
    form: OrderedBy | None = None
    invoice_on: date | None = None
    bill: Bill


class Renewal(Carried):
    """The offer of the next term, and what the customer said to it.

    ``asked`` is the id of the command that asked for the offer, where it did not come by itself; ``openings`` counts
    how often it was tried, ``hindered`` says what stood against it.
    """

    opened: bool = False
    asked: str | None = None
    openings: int = 0
    hindered: str | None = None
    quoted_on: date | None = None
    deadline: date | None = None
    prices: dict[str, Prices] = Field(default_factory=dict)
    terms: Terms | None = None
    unoffered: tuple[str, ...] = ()
    answer: Literal["accepted", "declined"] | None = None
    reminded: tuple[int, ...] = ()
    committed: bool = False
    until: date | None = None
    order_by: date | None = None
    late_over: bool = False


class Term(Carried):
    """One term of the contract: its last day is included, and lies ``months`` after the contract's activation.

    A term that a gap or a named last day has moved is counted from its own ``anchor``, since when ``extended`` tells
    of the days that pauses had added before.
    """

    number: int
    first: date
    last: date
    months: int
    anchor: date | None = None
    extended: int = 0


class Ending(Carried):
    """A planned end: the last day of service, and what put it there."""

    last_day: date
    status: Literal[Status.CANCELLED, Status.EXPIRED]
    reason: str
    rule: str
    party: Literal["customer", "provider"] = "customer"


KEPT_CASES = 20
"""Closed calls for help that are kept so that they can be taken up again; the oldest leave."""


class Case(Carried):
    """A call for help that is being worked on: until when it must be answered, and what was done about that.

    ``escalate_at`` is the instant at which it is escalated unless it is answered; ``minutes`` were worked on it.
    """

    id: str
    serial: str
    stage: str
    covered: bool = True
    level: str | None = None
    answer_by: datetime | None = None
    escalate_at: datetime | None = None
    escalated: bool = False
    late: bool = False
    answered_at: datetime | None = None
    minutes: int = 0


class Contract(Carried):
    """One contract, from its quote to its end."""

    number: str
    terms: Terms
    rules: int = RULES_VERSION
    status: Status = Status.QUOTED
    version: int = 0
    at: datetime
    customer: Customer
    revision: int = 1
    valid_until: date
    reseller: str | None = None
    start_on: date | None = None
    term_months: int | None = None
    reenrols: str | None = None
    period: int
    lines: tuple[Line, ...]
    order: Order | None = None
    active_since: date | None = None
    term: Term | None = None
    renewal: Renewal = Renewal()
    ending: Ending | None = None
    leaving: tuple[str, ...] = ()
    ended_on: date | None = None
    pauses: tuple[Span, ...] = ()
    extended: int = 0
    ended_by: Literal["customer", "provider"] = "customer"
    commitment: Committed = Committed()
    bills_on: date | None = None
    bills: int = 0
    parked: str | None = None
    without_rate: bool = False
    rates: tuple[TaxRate, ...] = ()
    rates_on: date | None = None
    cut_off: date | None = None
    breaches: tuple[Breach, ...] = ()
    repairs: tuple[Repair, ...] = ()
    repair_quotes: tuple[RepairQuote, ...] = ()
    supplies: Supplies = Supplies()
    contacts: tuple[Contact, ...] = ()
    access_code: str | None = None
    onboarding: Onboarding | None = None
    entitled: Entitled = Entitled()
    requests: tuple[Request, ...] = ()
    request_count: int = 0
    cases: tuple[Case, ...] = ()
    case_count: int = 0
    closed_cases: tuple[Case, ...] = ()
    contested: tuple[Contested, ...] = ()
    declined: tuple[str, ...] = ()
    unpaid: tuple[Unpaid, ...] = ()
    dunned: bool = False
    account: Account = Account()
    fleet: FleetState | None = None
    delivery: Delivery = Delivery()

    @property
    def zone(self) -> str:
        """The IANA zone in which its dates are counted."""
        return self.terms.time_zone

    def date_of(self, moment: datetime) -> date:
        """The local date of an instant."""
        return local_date(moment, self.zone)

    def key(self, kind: str, occurrence: object) -> str:
        """The domain key of one happening: the same for every retry, replay and double click."""
        return f"{self.number}/{self.term.number if self.term else 0}/{kind}/{occurrence}"

    def line(self, line_id: str) -> Line | None:
        """The line with that id, if there is one."""
        return next((line for line in self.lines if line.id == line_id), None)


class Price(Carried):
    """What one service costs in the price list of a day, per unit and period, net."""

    service: str
    model: str
    prices: Prices
