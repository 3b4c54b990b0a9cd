"""What people and systems may ask of a contract. Imperative; each carries who asks and, where given, a reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from domain.breach.commands import CureBreach, NoticeBreach
from domain.casework.commands import ReportCase
from domain.delivery.commands import ReportBounce, SettleUndelivered
from domain.dunning.commands import ReportReversal
from domain.entitlements.commands import Fulfil, ReturnEntitlement, UseEntitlement
from domain.envelope import Command
from domain.fleet.census import FleetDevice
from domain.fleet.commands import ReportCensus, SettleAdjustment
from domain.fleet.state import Census, FleetId
from domain.onboarding.commands import CompleteOnboarding
from domain.repairs.commands import AnswerRepairQuote, DecideDispute, DisputeRepair, QuoteRepair, ReportRepair
from domain.replacement.commands import ReplaceDevice
from domain.requests.commands import AdvanceRequest, MakeRequest, RefuseRequest
from domain.state import Contact, Cover, Customer, Discount, Offer, OrderedBy
from domain.supplies.commands import OrderSupply, ReportForeignSupply, ReportLevel, ReportShipment
from domain.terms import Terms
from domain.values import Carried, Name, Prices, SpokenLanguage, Text


class Quote(Command):
    """Offer a contract. The only command that needs no contract to exist."""

    kind: Literal["quote"] = "quote"
    number: str
    terms: Terms
    customer: Customer
    period: int
    offers: tuple[Offer, ...] = Field(min_length=1, max_length=1000)
    reseller: Text | None = None
    start_on: date | None = None
    order_by: date | None = None
    term_months: int | None = None
    reenrols: Text | None = None
    fleet: Census | None = None
    fleet_id: FleetId | None = None
    contacts: tuple[Contact, ...] = Field(default=(), max_length=50)
    access_code: Text | None = None


class Revise(Command):
    """Replace the offer by a new revision; the earlier ones stay readable and can no longer be accepted."""

    kind: Literal["revise"] = "revise"
    period: int
    offers: tuple[Offer, ...] = Field(min_length=1, max_length=1000)
    customer: Customer | None = None
    start_on: date | None = None
    order_by: date | None = None
    term_months: int | None = None
    fleet: Census | None = None


class Accept(Command):
    """Say yes to the latest revision."""

    kind: Literal["accept"] = "accept"
    revision: Annotated[int, Field(ge=1)]


class Reject(Command):
    """Say no to the offer."""

    kind: Literal["reject"] = "reject"
    reason: Text | None = None


class Checkout(Command):
    """Place the order: the third of the checkout's steps. ``method`` is a provider's token, never a card number."""

    kind: Literal["checkout"] = "checkout"
    method: Text
    registered: bool
    discount: Discount | None = None
    form: OrderedBy | None = None
    invoice_on: date | None = None


class Pay(Command):
    """Try to pay again, with this method's token: the open order, or a later invoice that was declined, by its key."""

    kind: Literal["pay"] = "pay"
    method: Text
    invoice: Text | None = None


class ReportPayment(Command):
    """Say what the payment provider answered to an attempt to collect the order's payment."""

    kind: Literal["report_payment"] = "report_payment"
    outcome: Literal["paid", "pending", "declined"]
    reference: Text | None = None
    reason: Text | None = None


class ReportCollection(Command):
    """Say what the payment provider answered for a later invoice, named by its key: ``amount`` of it, gross."""

    kind: Literal["report_collection"] = "report_collection"
    invoice: str
    outcome: Literal["paid", "pending", "declined"]
    reference: Text | None = None
    reason: Text | None = None
    amount: Decimal | None = None


class ReportInspection(Command):
    """Say whether a device passed the inspection that its order waits for."""

    kind: Literal["report_inspection"] = "report_inspection"
    line: str
    passed: bool
    reason: Text | None = None


class MoveCover(Command):
    """Correct the cover that a device has; what waits for its end moves along."""

    kind: Literal["move_cover"] = "move_cover"
    serial: str
    cover: tuple[Cover, ...]
    cause: Literal["claim", "registration", "correction", "transfer", "exchange"] | None = None
    reason: Text | None = None


class Change(Command):
    """Ask for another service, quantity or billing period on a line, from the day that the terms set."""

    kind: Literal["change"] = "change"
    line: str
    service: str | None = None
    text: Text | None = None
    prices: Prices | None = None
    level: Name | None = None
    period: int | None = None
    quantity: Annotated[int, Field(ge=1, le=100_000)] | None = None


class AddLine(Command):
    """Take one more service or device into the running contract, from a day on."""

    kind: Literal["add_line"] = "add_line"
    offer: Offer
    starts_on: date | None = None


class Unpark(Command):
    """A parked contract goes on."""

    kind: Literal["unpark"] = "unpark"
    reason: Text


class Suspend(Command):
    """Pause the service."""

    kind: Literal["suspend"] = "suspend"
    reason: Text


class Resume(Command):
    """Take up the paused service again."""

    kind: Literal["resume"] = "resume"


class Cancel(Command):
    """Leave, with all lines or some of them: when it takes effect and what it costs is the terms' business.

    ``received_on`` is the day on which the notice came in, where it is entered later: that day counts.
    """

    kind: Literal["cancel"] = "cancel"
    reason: Text
    lines: tuple[str, ...] = ()
    code: Name | None = None
    details: dict[Name, Text] = Field(default_factory=dict)
    received_on: date | None = None


class Terminate(Command):
    """Give the provider's notice, for all lines or some of them."""

    kind: Literal["terminate"] = "terminate"
    reason: Text
    lines: tuple[str, ...] = ()
    received_on: date | None = None


class Undo(Command):
    """Withdraw a cancellation or a change that is planned, the answer to the renewal quote, or a corrected cover."""

    kind: Literal["undo"] = "undo"
    what: Literal["cancellation", "change", "renewal", "cover"]
    line: str | None = None


class OfferRenewal(Command):
    """Ask for the renewal quote ahead of its day, or again where something hindered it; a term is quoted once.

    ``order_by`` is the deadline that the quote states, which then governs.
    """

    kind: Literal["offer_renewal"] = "offer_renewal"
    order_by: date | None = None


class Renew(Command):
    """Say yes to the renewal quote, in a form that the terms take; ``received_on`` as for a cancellation.

    ``until`` names the next term's last day, where it is to end with something else.
    """

    kind: Literal["renew"] = "renew"
    form: OrderedBy | None = None
    received_on: date | None = None
    until: date | None = None


class DeclineRenewal(Command):
    """Say that the contract is not to be renewed: reminders stop and it runs out."""

    kind: Literal["decline_renewal"] = "decline_renewal"
    reason: Text | None = None
    form: OrderedBy | None = None
    received_on: date | None = None


class ReportRequote(Command):
    """Say what the next term would cost: prices by line, and the terms that it would live under where they are new."""

    kind: Literal["report_requote"] = "report_requote"
    prices: dict[str, Prices]
    terms: Terms | None = None
    index: tuple[Decimal, Decimal] | None = None


class AdoptTerms(Command):
    """Put the contract under another version of its programme's terms now, because an operator says so."""

    kind: Literal["adopt_terms"] = "adopt_terms"
    terms: Terms
    reason: Text


class NameContacts(Command):
    """Say who may speak for the customer from now on: these, and nobody else."""

    kind: Literal["name_contacts"] = "name_contacts"
    contacts: tuple[Contact, ...] = Field(min_length=1, max_length=50)


class RequestCopy(Command):
    """Ask for a document of the contract as it stands today."""

    kind: Literal["request_copy"] = "request_copy"
    document: Name


class OpenCase(Command):
    """Ask for help with a device; ``device`` is what the contract's fleet knows of it, where it is one of a fleet.

    ``caller`` is the e-mail address of who asks, ``language`` the language that help is asked for in.
    """

    kind: Literal["open_case"] = "open_case"
    serial: str
    subject: Text
    caller: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    language: SpokenLanguage | None = None
    device: FleetDevice | None = None


class AdvanceCase(Command):
    """Move a case to its next stage, or close it after its last; ``stage`` says which one is meant to be next."""

    kind: Literal["advance_case"] = "advance_case"
    case: str
    close: bool = False
    stage: Text | None = None
    note: Text | None = None


class ReopenCase(Command):
    """Take a call for help up again that was closed."""

    kind: Literal["reopen_case"] = "reopen_case"
    case: str
    note: Text | None = None


class Discard(Command):
    """End a contract that lives on a test clock, because the clock is deleted."""

    kind: Literal["discard"] = "discard"


AnyCommand = Annotated[
    Revise
    | Accept
    | Reject
    | Checkout
    | Pay
    | ReportPayment
    | ReportCollection
    | ReportReversal
    | ReportInspection
    | MoveCover
    | ReplaceDevice
    | Change
    | AddLine
    | Suspend
    | Unpark
    | Resume
    | Cancel
    | Terminate
    | Undo
    | OfferRenewal
    | Renew
    | DeclineRenewal
    | ReportRequote
    | ReportBounce
    | SettleUndelivered
    | AdoptTerms
    | ReportRepair
    | QuoteRepair
    | AnswerRepairQuote
    | DisputeRepair
    | DecideDispute
    | NoticeBreach
    | CureBreach
    | OrderSupply
    | ReportShipment
    | ReportLevel
    | ReportForeignSupply
    | CompleteOnboarding
    | UseEntitlement
    | ReturnEntitlement
    | Fulfil
    | MakeRequest
    | AdvanceRequest
    | RefuseRequest
    | NameContacts
    | RequestCopy
    | OpenCase
    | AdvanceCase
    | ReopenCase
    | ReportCase
    | ReportCensus
    | SettleAdjustment
    | Discard,
    Field(discriminator="kind"),
]


class At(Carried):
    """A command together with the instant at which it is given."""

    at: AwareDatetime
    command: AnyCommand
