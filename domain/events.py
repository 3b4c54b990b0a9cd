"""What has happened to a contract. Past tense; each says when, by which rule, and by whom."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from domain.bill import Bill
from domain.breach.events import BreachCured, BreachNoticed, BreachUncured
from domain.casework.events import CaseAgreed, CaseContested, CaseNoted
from domain.commitment.events import ShortfallCharged
from domain.credits.events import CollectionPending, Refunded
from domain.delivery.events import NoticeBounced, NoticeOverdue, NoticeSettled
from domain.dunning.events import Dunned, PaymentReversed
from domain.entitlements.events import (
    EntitlementReturned,
    EntitlementUsed,
    ObligationDue,
    ObligationMet,
    ObligationOverdue,
)
from domain.envelope import Event
from domain.fleet.events import AdjustmentOpened, AdjustmentSettled, AuditDue, FleetAudited
from domain.fleet.state import FleetState
from domain.onboarding.events import OnboardingDone, OnboardingLate, OnboardingOpened, OnboardingWarned
from domain.repairs.events import DisputeDecided, RepairDisputed, RepairDone, RepairQuoteAnswered, RepairQuoted
from domain.replacement.events import DeviceReplaced
from domain.requests.events import RequestAdvanced, RequestMade, RequestRefused
from domain.state import Billed, Contact, Cover, Customer, Discount, Inspection, Offer, OrderedBy, Start, Term
from domain.supplies.events import (
    ContinuityWarned,
    CoverLost,
    SupplyAlert,
    SupplyLate,
    SupplyMoved,
    SupplyOrdered,
)
from domain.takeover.events import TakenOver
from domain.taxation.events import RatesNoted, RatesStale
from domain.terms import Terms
from domain.values import Carried, Prices, Span


class Quoted(Event):
    """The contract was offered; ``rules`` is the decider's version that decides its first run."""

    kind: Literal["quoted"] = "quoted"
    rules: int = 1
    number: str
    terms: Terms
    customer: Customer
    period: int
    offers: tuple[Offer, ...]
    valid_until: date
    reseller: str | None = None
    start_on: date | None = None
    term_months: int | None = None
    reenrols: str | None = None
    fleet: FleetState | None = None
    contacts: tuple[Contact, ...] = ()
    access_code: str | None = None


class QuoteRevised(Event):
    """A new revision replaced the offer."""

    kind: Literal["quote_revised"] = "quote_revised"
    revision: int
    period: int
    offers: tuple[Offer, ...]
    valid_until: date
    customer: Customer | None = None
    start_on: date | None = None
    term_months: int | None = None
    fleet: FleetState | None = None


class QuoteAccepted(Event):
    """The customer said yes."""

    kind: Literal["quote_accepted"] = "quote_accepted"
    revision: int


class QuoteRejected(Event):
    """The customer said no."""

    kind: Literal["quote_rejected"] = "quote_rejected"
    reason: str | None = None


class QuoteLapsed(Event):
    """The order deadline passed without an order."""

    kind: Literal["quote_lapsed"] = "quote_lapsed"
    deadline: date


class OrderPlaced(Event):
    """The order was placed: its one-time fees are due and payment must clear in time."""

    kind: Literal["order_placed"] = "order_placed"
    method: str
    pay_by: AwareDatetime | None
    bill: Bill
    discount: Discount | None = None
    inspections: tuple[Inspection, ...] = ()
    form: OrderedBy | None = None
    invoice_on: date | None = None


class PaymentRetried(Event):
    """The customer tried to pay the open order again."""

    kind: Literal["payment_retried"] = "payment_retried"
    method: str
    attempt: int
    bill_key: str
    order: bool = True


class PaymentReceived(Event):
    """The order's payment cleared."""

    kind: Literal["payment_received"] = "payment_received"
    reference: str | None = None


class PaymentDeclined(Event):
    """An attempt to pay the order was declined; it may be tried again until its deadline."""

    kind: Literal["payment_declined"] = "payment_declined"
    reason: str | None = None
    reference: str | None = None


class CollectionDeclined(Event):
    """Payment of a later invoice was declined: a person must look at it."""

    kind: Literal["collection_declined"] = "collection_declined"
    invoice: str
    reason: str | None = None
    amount: Decimal | None = None


class CollectionReceived(Event):
    """A later invoice whose payment was declined has been paid after all."""

    kind: Literal["collection_received"] = "collection_received"
    invoice: str


class InspectionPassed(Event):
    """A device was found to work."""

    kind: Literal["inspection_passed"] = "inspection_passed"
    line: str


class InspectionFailed(Event):
    """A device was found not to work."""

    kind: Literal["inspection_failed"] = "inspection_failed"
    line: str
    reason: str | None = None


class OrderVoided(Event):
    """The order came to nothing; ``credit`` gives back what was billed for it."""

    kind: Literal["order_voided"] = "order_voided"
    reason: str
    credit: Bill | None = None
    open_inspections: tuple[str, ...] = ()


class ActivationScheduled(Event):
    """The order is complete; these lines wait for the day on which their service starts."""

    kind: Literal["activation_scheduled"] = "activation_scheduled"
    starts: tuple[Start, ...]


class Activated(Event):
    """Service started on these lines; with the first of them the contract's first term began."""

    kind: Literal["activated"] = "activated"
    starts: tuple[Start, ...]
    term: Term | None = None


class CoverMoved(Event):
    """A device's cover ends on another day than was known; starts that wait for it moved.

    Lines named in ``again`` had started, were not billed, and wait again; those in ``served_from`` were billed, and are
    served from that day on. ``before`` is the cover that was known; ``withdrawn`` where a correction was taken back.
    """

    kind: Literal["cover_moved"] = "cover_moved"
    serial: str
    cover: tuple[Cover, ...]
    before: tuple[Cover, ...] = ()
    starts: tuple[Start, ...] = ()
    again: tuple[str, ...] = ()
    served_from: dict[str, date] = Field(default_factory=dict)
    cause: str | None = None
    reason: str | None = None
    withdrawn: bool = False


class LineBilled(Carried):
    """One line's part in a billing: the period, and where the count of months stands after it."""

    line: str
    months: int
    billed: Billed


class PeriodBilled(Event):
    """The periods that began on one day were billed; in arrears, those that were over on it."""

    kind: Literal["period_billed"] = "period_billed"
    on: date
    lines: tuple[LineBilled, ...]
    bill: Bill


class CutOff(Event):
    """A cut-off day is over: what the customer's contracts billed until then goes out as one invoice."""

    kind: Literal["cut_off"] = "cut_off"
    on: date


class Parked(Event):
    """The contract would have made more bills than a day can bring: nothing of it goes on until a person has looked."""

    kind: Literal["parked"] = "parked"
    reason: str
    without_rate: bool = False


class Unparked(Event):
    """A person has looked, and the contract goes on."""

    kind: Literal["unparked"] = "unparked"
    reason: str


class Recredited(Event):
    """Days that were billed and not served were credited, or taken back into account."""

    kind: Literal["recredited"] = "recredited"
    reason: str
    lines: tuple[LineBilled, ...]
    bill: Bill | None = None
    credit: Bill | None = None


class ChangePlanned(Event):
    """A line will change at its next period boundary."""

    kind: Literal["change_planned"] = "change_planned"
    line: str
    on: date
    months: int
    service: str
    text: str
    prices: Prices
    period: int
    quantity: int | None = None
    level: str | None = None


class LineAdded(Event):
    """One more service or device is in the contract, from ``served_from`` on; its periods are the contract's own."""

    kind: Literal["line_added"] = "line_added"
    offer: Offer
    period: int
    served_from: date
    anchor: date
    billed_months: int
    replaces: str | None = None


class ChangeApplied(Event):
    """A planned change took effect."""

    kind: Literal["change_applied"] = "change_applied"
    line: str


class ChangeWithdrawn(Event):
    """A planned change was withdrawn; the line stays as it is."""

    kind: Literal["change_withdrawn"] = "change_withdrawn"
    line: str


class Suspended(Event):
    """Service paused."""

    kind: Literal["suspended"] = "suspended"
    on: date
    reason: str


class Resumed(Event):
    """Service went on; the first served day is ``on``. So many days without it are added to the term."""

    kind: Literal["resumed"] = "resumed"
    on: date
    extends: int = 0


class RenewalOpened(Event):
    """The time to offer the next term came, or somebody asked for the offer: ``asked`` is the id of that command."""

    kind: Literal["renewal_opened"] = "renewal_opened"
    term: int
    asked: str | None = None
    order_by: date | None = None


class RenewalQuoted(Event):
    """The next term was offered: prices by line, net; ``terms`` where it would live under a new version."""

    kind: Literal["renewal_quoted"] = "renewal_quoted"
    term: Term
    deadline: date
    prices: dict[str, Prices]
    terms: Terms | None = None


class RenewalHindered(Event):
    """Some lines cannot be offered for the next term as they should; ``alarm`` where their offer was guaranteed."""

    kind: Literal["renewal_hindered"] = "renewal_hindered"
    lines: tuple[str, ...]
    reason: str
    alarm: bool


class ReminderSent(Event):
    """A reminder that the term ends went out, so many days before its last day."""

    kind: Literal["reminder_sent"] = "reminder_sent"
    days: int
    last_day: date


class ReminderSkipped(Event):
    """A reminder no longer made sense, and why."""

    kind: Literal["reminder_skipped"] = "reminder_skipped"
    days: int
    reason: str


class RenewalAccepted(Event):
    """The customer said yes to the next term."""

    kind: Literal["renewal_accepted"] = "renewal_accepted"
    form: OrderedBy | None = None
    received_on: date | None = None
    until: date | None = None


class RenewalDeclined(Event):
    """The customer said that there is to be no next term."""

    kind: Literal["renewal_declined"] = "renewal_declined"
    last_day: date
    reason: str | None = None
    form: OrderedBy | None = None
    received_on: date | None = None


class RenewalCommitted(Event):
    """The last possible day for a no passed: the next term is certain, and a no is for its end from now on."""

    kind: Literal["renewal_committed"] = "renewal_committed"
    term: Term


class RenewalAnswerWithdrawn(Event):
    """The answer to the renewal quote was taken back; the question is open again."""

    kind: Literal["renewal_answer_withdrawn"] = "renewal_answer_withdrawn"


class LateRenewalClosed(Event):
    """The days for a late yes passed: what ran out can only be taken up again by a new quote."""

    kind: Literal["late_renewal_closed"] = "late_renewal_closed"
    last_day: date


class Renewed(Event):
    """The next term began; ``gap`` holds the days without service before it, where it was renewed late.

    ``rules`` is the decider's version from now on; none leaves it as it was.
    """

    kind: Literal["renewed"] = "renewed"
    rules: int | None = None
    term: Term
    tacit: bool
    prices: dict[str, Prices] = Field(default_factory=dict)
    terms: Terms | None = None
    gap: Span | None = None


class CancellationPlanned(Event):
    """The contract will end: last days by line; the contract's is the latest of them."""

    kind: Literal["cancellation_planned"] = "cancellation_planned"
    last_day: date
    lines: dict[str, date] = Field(default_factory=dict)
    reason: str
    party: Literal["customer", "provider"] = "customer"
    code: str | None = None
    details: dict[str, str] = Field(default_factory=dict)
    received_on: date | None = None


class LinesCancelled(Event):
    """Some lines will end, each after its last day; the contract goes on. ``bill`` holds what leaving costs."""

    kind: Literal["lines_cancelled"] = "lines_cancelled"
    lines: dict[str, date]
    reason: str
    party: Literal["customer", "provider"] = "customer"
    code: str | None = None
    details: dict[str, str] = Field(default_factory=dict)
    bill: Bill | None = None
    received_on: date | None = None


class LinesEnded(Event):
    """The last day of some lines is over."""

    kind: Literal["lines_ended"] = "lines_ended"
    lines: tuple[str, ...]
    last_day: date


class LineCancellationWithdrawn(Event):
    """The planned end of some lines was withdrawn: they go on as they were."""

    kind: Literal["line_cancellation_withdrawn"] = "line_cancellation_withdrawn"
    lines: tuple[str, ...]


class CancellationWithdrawn(Event):
    """The planned end was withdrawn: everything stands as it stood."""

    kind: Literal["cancellation_withdrawn"] = "cancellation_withdrawn"


class Cancelled(Event):
    """The customer left at once; ``bill`` holds what leaving costs."""

    kind: Literal["cancelled"] = "cancelled"
    last_day: date
    reason: str
    bill: Bill | None = None
    received_on: date | None = None


class Ended(Event):
    """The contract ended at the close of its last day."""

    kind: Literal["ended"] = "ended"
    status: Literal["Cancelled", "Expired", "Void"]
    last_day: date
    reason: str


class TermsAdopted(Event):
    """The contract lives under another version of its programme's terms; ``rules`` as when its term is renewed."""

    kind: Literal["terms_adopted"] = "terms_adopted"
    rules: int | None = None
    terms: Terms
    reason: str


class ContactsNamed(Event):
    """These people may speak for the customer from now on, and nobody else."""

    kind: Literal["contacts_named"] = "contacts_named"
    contacts: tuple[Contact, ...]


class CopyRequested(Event):
    """A copy of a document was asked for, and sent."""

    kind: Literal["copy_requested"] = "copy_requested"
    document: str


class CaseOpened(Event):
    """A customer asked for help with a device."""

    kind: Literal["case_opened"] = "case_opened"
    case: str
    serial: str
    subject: str
    stage: str
    covered: bool
    answer_by: AwareDatetime | None = None
    escalate_at: AwareDatetime | None = None
    level: str | None = None
    caller: str | None = None


class CaseAdvanced(Event):
    """A case went on to its next stage."""

    kind: Literal["case_advanced"] = "case_advanced"
    case: str
    stage: str
    note: str | None = None


class CaseClosed(Event):
    """A case was closed."""

    kind: Literal["case_closed"] = "case_closed"
    case: str
    note: str | None = None


class CaseReopened(Event):
    """A call for help that was closed is taken up again, at the stage at which it was."""

    kind: Literal["case_reopened"] = "case_reopened"
    case: str
    note: str | None = None


class CaseEscalated(Event):
    """A call for help is not answered and its time is nearly over; or it is over, then it is ``late``."""

    kind: Literal["case_escalated"] = "case_escalated"
    case: str
    answer_by: AwareDatetime
    late: bool = False


AnyEvent = Annotated[
    Quoted
    | QuoteRevised
    | QuoteAccepted
    | QuoteRejected
    | QuoteLapsed
    | OrderPlaced
    | PaymentRetried
    | PaymentReceived
    | PaymentDeclined
    | CollectionDeclined
    | CollectionReceived
    | CollectionPending
    | PaymentReversed
    | Refunded
    | InspectionPassed
    | InspectionFailed
    | OrderVoided
    | ActivationScheduled
    | Activated
    | CoverMoved
    | DeviceReplaced
    | PeriodBilled
    | Recredited
    | ShortfallCharged
    | CutOff
    | RatesStale
    | RatesNoted
    | Parked
    | Unparked
    | ChangePlanned
    | ChangeApplied
    | LineAdded
    | ChangeWithdrawn
    | Suspended
    | Resumed
    | RenewalOpened
    | RenewalHindered
    | RenewalQuoted
    | ReminderSent
    | ReminderSkipped
    | RenewalAccepted
    | RenewalDeclined
    | RenewalCommitted
    | RenewalAnswerWithdrawn
    | LateRenewalClosed
    | Renewed
    | CancellationPlanned
    | CancellationWithdrawn
    | LinesCancelled
    | LinesEnded
    | LineCancellationWithdrawn
    | Cancelled
    | Ended
    | TermsAdopted
    | RepairDone
    | RepairQuoted
    | RepairQuoteAnswered
    | RepairDisputed
    | DisputeDecided
    | NoticeBounced
    | NoticeOverdue
    | NoticeSettled
    | BreachNoticed
    | BreachCured
    | BreachUncured
    | SupplyOrdered
    | SupplyMoved
    | SupplyLate
    | SupplyAlert
    | ContinuityWarned
    | CoverLost
    | Dunned
    | OnboardingOpened
    | OnboardingWarned
    | OnboardingLate
    | OnboardingDone
    | EntitlementUsed
    | EntitlementReturned
    | ObligationDue
    | ObligationOverdue
    | ObligationMet
    | RequestMade
    | RequestAdvanced
    | RequestRefused
    | ContactsNamed
    | CopyRequested
    | CaseOpened
    | CaseAdvanced
    | CaseClosed
    | CaseReopened
    | CaseEscalated
    | CaseNoted
    | CaseContested
    | CaseAgreed
    | AuditDue
    | FleetAudited
    | AdjustmentOpened
    | AdjustmentSettled
    | TakenOver,
    Field(discriminator="kind"),
]
