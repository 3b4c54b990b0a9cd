"""What the world must be told of an event, and what it may answer. Every effect has its domain key."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from domain.bill import Bill
from domain.fleet.state import Census, FleetId
from domain.fleet.terms import FleetTerms
from domain.terms import Place, TaxRate, Terms
from domain.values import Carried, Prices, Urgency


class Effect(Carried):
    """What every effect carries: the domain key that makes it happen once, and ``at``, its UTC instant."""

    key: str
    at: AwareDatetime
    rule: str


class IssueInvoice(Effect):
    """Issue an invoice for a bill and collect it; ``order`` marks the one that an order waits for.

    ``method`` is the payment provider's token; without one the customer pays on account. ``set_off`` of it, gross, is
    paid from what stands in the customer's favour. With ``cut_off`` it waits for that day, to go out on one invoice
    with what other contracts of the customer bill until then.
    """

    kind: Literal["issue_invoice"] = "issue_invoice"
    bill: Bill
    order: bool = False
    method: str | None = None
    set_off: Decimal = Decimal(0)
    cut_off: date | None = None


class IssueCollective(Effect):
    """Issue one invoice over what the customer's contracts have billed until a cut-off day; its key is theirs all."""

    kind: Literal["issue_collective"] = "issue_collective"
    cut_off: date


class Collect(Effect):
    """Try again to collect an invoice, named by its bill's key, with this method; ``order`` as for the invoice."""

    kind: Literal["collect"] = "collect"
    bill_key: str
    method: str
    order: bool = True


class WriteOff(Effect):
    """Give up what is still owed of an invoice, named by its bill's key."""

    kind: Literal["write_off"] = "write_off"
    bill_key: str


class IssueCredit(Effect):
    """Issue a credit note; each charge names the charge that it gives back.

    ``applied`` is what it pays, gross, of invoices that are open, by their keys.
    """

    kind: Literal["issue_credit"] = "issue_credit"
    bill: Bill
    reason: str
    applied: dict[str, Decimal] = Field(default_factory=dict)


class Refund(Effect):
    """Give back to the means of payment what was paid and is not owed: ``amount``, gross, in ``currency``."""

    kind: Literal["refund"] = "refund"
    amount: Decimal
    currency: str


class BroughtCharge(Carried):
    """A period that was charged elsewhere: ``net``, of which ``deferred`` is for the days from ``first``."""

    key: str
    line: str
    serial: str
    text: str
    rule: str
    first: date
    last: date
    net: Decimal
    deferred: Decimal


class BringForward(Effect):
    """Enter in the books what was charged elsewhere and is still served here, or may have to be given back."""

    kind: Literal["bring_forward"] = "bring_forward"
    charges: tuple[BroughtCharge, ...]


class ReleaseCoupon(Effect):
    """Give back the use of a coupon whose order came to nothing."""

    kind: Literal["release_coupon"] = "release_coupon"
    code: str


class OpenCaseEffect(Effect):
    """Open a case at the ticket desk, one per cause; ``description`` says why, about what, and what is expected.

    ``requestor`` is the e-mail address of who asked, where it is not the customer's own.
    """

    kind: Literal["open_case"] = "open_case"
    case: str
    subject: str
    description: str = ""
    serial: str | None = None
    stage: str
    line: str | None = None
    answer_by: AwareDatetime | None = None
    urgency: Urgency = "normal"
    requestor: str | None = None


class MoveCase(Effect):
    """Note that a case goes on to another stage."""

    kind: Literal["move_case"] = "move_case"
    case: str
    stage: str
    note: str | None = None


class CloseCase(Effect):
    """Close a case at the ticket desk; ``perhaps`` says that it may never have been opened."""

    kind: Literal["close_case"] = "close_case"
    case: str
    note: str | None = None
    perhaps: bool = False


class CommentCase(Effect):
    """Say something about a case to the people at the desk."""

    kind: Literal["comment_case"] = "comment_case"
    case: str
    note: str


class ReopenCase(Effect):
    """Open a case again that the desk has closed, at this stage, and say why."""

    kind: Literal["reopen_case"] = "reopen_case"
    case: str
    stage: str | None = None
    note: str


class EscalateCase(Effect):
    """Say that a case presses, and why."""

    kind: Literal["escalate_case"] = "escalate_case"
    case: str
    urgency: Urgency
    note: str


class MakeDocument(Effect):
    """Make and keep a document; ``document`` names its template, ``data`` what is filled in."""

    kind: Literal["make_document"] = "make_document"
    document: str
    data: dict[str, object] = Field(default_factory=dict)


class OfferLink(Carried):
    """A link to an offer, by which it is answered without an account: a quote's revision, or the next term's number.

    It works until the end of the local date ``until``.
    """

    about: Literal["quote", "renewal"]
    number: int
    until: date


class SendMessage(Effect):
    """Write to the customer; ``message`` names the text, ``attached`` the keys of documents that go along.

    With a ``link`` the text holds one to the offer that ``data`` tells of.
    """

    kind: Literal["send_message"] = "send_message"
    message: str
    data: dict[str, object] = Field(default_factory=dict)
    attached: tuple[str, ...] = ()
    link: OfferLink | None = None


class SendAgain(Effect):
    """Send a message once more, just as it was composed under the key ``of``, to the address ``to``."""

    kind: Literal["send_again"] = "send_again"
    of: str
    message: str
    to: str


class Requote(Effect):
    """Find out what the next term would cost: the price list and the terms of the day.

    ``index`` names the price index that moves it, since a day: both its values are asked for.
    """

    kind: Literal["requote"] = "requote"
    index: str | None = None
    since: date | None = None


class AskRates(Effect):
    """Ask the tax service for the rates of these places, from the day of the effect on."""

    kind: Literal["ask_rates"] = "ask_rates"
    places: tuple[Place, ...]


class CountFleet(Effect):
    """Count the devices of a fleet as these terms ask, on a local date."""

    kind: Literal["count_fleet"] = "count_fleet"
    fleet: FleetId
    terms: FleetTerms
    on: date


AnyEffect = Annotated[
    IssueInvoice
    | IssueCollective
    | Collect
    | WriteOff
    | IssueCredit
    | Refund
    | BringForward
    | ReleaseCoupon
    | OpenCaseEffect
    | MoveCase
    | CloseCase
    | CommentCase
    | ReopenCase
    | EscalateCase
    | MakeDocument
    | SendMessage
    | SendAgain
    | Requote
    | AskRates
    | CountFleet,
    Field(discriminator="kind"),
]


OutcomeKind = Literal["done", "paid", "pending", "declined", "refused", "bounced"]


class Outcome(Carried):
    """What the world answered to an effect.

    ``refused`` is a business no that is final, with its reason; ``bounced`` says that a message went to an address,
    ``reference``, that does not take it; the payment words answer billing effects;
    ``prices``, ``terms`` and ``index`` (its value then and now) answer a Requote, ``census`` a CountFleet,
    ``rates`` an AskRates.
    """

    kind: OutcomeKind = "done"
    reference: str | None = None
    reason: str | None = None
    prices: dict[str, Prices] | None = None
    terms: Terms | None = None
    index: tuple[Decimal, Decimal] | None = None
    census: Census | None = None
    rates: tuple[TaxRate, ...] | None = None

    @property
    def plain(self) -> bool:
        """Whether it says how it went, and nothing that was asked for."""
        return self == Outcome(kind=self.kind, reference=self.reference, reason=self.reason)
