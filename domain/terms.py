"""The terms of a programme: every rule that a contract obeys, as data, each with the number of its source."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import Field, ModelWrapValidatorHandler, field_validator, model_validator

from domain.breach.terms import BreachTerms
from domain.commitment.terms import CommitmentTerms
from domain.credits.terms import CreditTerms
from domain.desk import DeskTerms
from domain.dunning.terms import DunningTerms
from domain.entitlements.terms import EntitlementTerms
from domain.fleet.terms import FleetTerms
from domain.onboarding.terms import OnboardingTerms
from domain.repairs.terms import RepairTerms
from domain.replacement.terms import ReplacementTerms
from domain.requests.terms import RequestTerms
from domain.supplies.terms import SuppliesTerms
from domain.values import Amount, Carried, Country, Currency, Language, Name, Rule, SpokenLanguage, Text, Texts, Urgency

Days = Annotated[int, Field(ge=0, le=3660)]
Months = Annotated[int, Field(ge=1, le=240)]


@cache
def _zones() -> frozenset[str]:
    """The IANA zones of this machine: looked up once, terms are read with every start and run of a contract."""
    return frozenset(available_timezones())


class Issuer(Carried):
    """Who sells the service and sends the invoices."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,10}$", description="Prefix of its invoice numbers.")]
    name: Text
    address: Text
    email: Text
    phone: Text | None = None
    tax_number: Text | None = Field(
        default=None, description="As its invoices show it: the VAT or registration number."
    )
    country: Country | None = Field(default=None, description="Where it is established; e-invoices need it.")
    bank: Text | None = Field(default=None, description="Where customers on account pay, as invoices show it.")


class QuoteRequestTerms(Carried):
    """What a request for a quote must say."""

    rule: Rule
    any_of: tuple[tuple[Name, ...], ...] = Field(
        min_length=1, description="Sets of details; a request gives at least one set whole."
    )


class QuoteTerms(Carried):
    """How long an offer stands."""

    rule: Rule
    valid_days: Days = Field(description="Days from the quote's date to the last day on which it may be accepted.")
    deadline: Literal["valid_days", "day_before_start"] = Field(
        default="valid_days",
        description="Order deadline: after `valid_days`, or the day before the contract's start date. A deadline that "
        "the quote itself states goes before either.",
    )
    deadline_rule: Rule | None = None
    request: QuoteRequestTerms | None = None


class OrderForm(Carried):
    """One way in which an order may come in, and what it must say."""

    needs: tuple[Name, ...] = Field(default=(), description="Details that the form must have, for example `signed_by`.")
    declines: bool = Field(
        default=False,
        description="A no to the renewal may be said on it; where such a form is listed, a no comes on one.",
    )
    document: Name | None = Field(
        default=None,
        description="The document that goes along with each quote, for the customer to fill in and return.",
    )


class OrderForms(Carried):
    """The ways in which an order may come in."""

    rule: Rule
    forms: dict[Name, OrderForm] = Field(min_length=1)


class OrderWindow(Carried):
    """When something may be ordered that follows cover which still runs."""

    rule: Rule
    kinds: tuple[Name, ...] = Field(min_length=1, description="Kinds of cover that it follows.")
    opens_days: Days = Field(description="Days before the cover's last day from which on it may be ordered.")


class OrderDocuments(Carried):
    """What the customer is sent when the order is complete."""

    rule: Rule
    documents: tuple[Name, ...] = Field(min_length=1, description="Names of document templates, in this order.")


class CopyTerms(Carried):
    """Documents of the contract that the customer gets on request."""

    rule: Rule
    documents: tuple[Name, ...] = Field(min_length=1, description="Names of document templates.")


class Condition(Carried):
    """One fact that must hold of every device."""

    rule: Rule
    fact: Name = Field(description="A fact of the device, for example `networked`.")
    holds: bool = Field(default=True, description="Whether the fact must hold, or must not.")
    otherwise: Literal["refused", "unserviced"] = Field(
        default="refused",
        description="`refused`: the device cannot be offered. `unserviced`: it is taken, but gets no service.",
    )


class WithinCover(Carried):
    """That a device must still be under cover of some kind when it is ordered."""

    rule: Rule
    kinds: tuple[Name, ...] = Field(min_length=1)


class EligibilityTerms(Carried):
    """Which devices may be offered."""

    conditions: tuple[Condition, ...] = ()
    within: WithinCover | None = None
    support_rule: Rule | None = Field(
        default=None, description="With a rule here, a device whose maker's support ends before the start is refused."
    )


class ReenrolmentTerms(Carried):
    """How a contract that lapsed or ran out is taken up again, by a new quote."""

    rule: Rule
    fee: Name | None = Field(default=None, description="The one-time fee, by its name under `fees`.")
    free_with: Name | None = Field(
        default=None, description="A fact of every device that spares the fee, for example `new_licence`."
    )
    conditions: tuple[Condition, ...] = Field(default=(), description="What must hold of every device, besides.")
    future_start: bool = Field(default=True, description="The start date must lie in the future.")
    inspection: bool = Field(
        default=False, description="Service starts only when every device has passed an inspection."
    )


class OrderTerms(Carried):
    """What makes an order complete."""

    rule: Rule
    registration: bool = Field(default=False, description="The first order needs a customer account.")
    payment: Literal["on_order", "on_account"] = Field(
        default="on_order",
        description="`on_order`: nothing starts until payment clears. `on_account`: invoices follow.",
    )
    payment_rule: Rule
    payment_hours: Annotated[int, Field(ge=1, le=24 * 90)] = Field(
        default=48, description="Hours after the order in which payment must clear; then the order is void."
    )
    due_days: Days = Field(
        default=30, description="Days from an invoice's date in which a customer on account pays it."
    )
    forms: OrderForms | None = None
    windows: dict[Name, OrderWindow] = Field(
        default_factory=dict, description="By how a service is sold (`sold_as` in the catalogue)."
    )
    documents: OrderDocuments | None = None

    def due_on(self, day: date) -> date:
        """The last day to pay what is invoiced on account on a day."""
        return day + timedelta(days=self.due_days)


class StartTerms(Carried):
    """When service starts: the day after the last day of cover that the device still has."""

    rule: Rule
    after: tuple[Name, ...] = Field(
        default=(),
        description="Kinds of cover that must have ended, for example `warranty`; empty: none is waited for.",
    )
    corrected: Literal["refused", "credited"] = Field(
        default="refused",
        description="What a correction of that cover does to service that has started and was billed. `refused`: "
        "nothing moves. `credited`: what is billed begins the day after it, and days before are given back, from the "
        "period on that was billed last.",
    )


class LapsedCover(Carried):
    """What a device must pass whose cover ended long before the order."""

    rule: Rule
    months: Months = Field(description="Months since the end of cover from which this applies; on the day counts.")
    fee: Name | None = Field(default=None, description="The one-time fee, by its name under `fees`.")
    inspection: bool = Field(default=False, description="Service starts only when an inspection passes.")


class ConsolidatedTerms(Carried):
    """One invoice for what all contracts of a customer, with the same issuer and currency, bill until a day."""

    rule: Rule
    day: Annotated[int, Field(ge=1, le=31)] = Field(
        default=31, description="The cut-off day of every month; a month without such a day has its last."
    )


class BillingTerms(Carried):
    """In which rhythm service is billed, and from when."""

    rule: Rule
    periods: tuple[Months, ...] = Field(min_length=1, description="Lengths of billing period on offer, in months.")
    mode: Literal["in_advance", "in_arrears"] = Field(
        default="in_advance",
        description="`in_advance`: a period is billed on its first day. `in_arrears`: on the day after its last one, "
        "for the days that were served; at an end, what was served until then.",
    )
    consolidated: ConsolidatedTerms | None = Field(
        default=None,
        description="Consolidated invoices, for customers on account: bills wait for the cut-off day and go out under "
        "one number. Needs `order.payment: on_account`.",
    )
    mailed: bool = Field(
        default=False,
        description="Each invoice and credit note goes to the customer by mail when it is issued. Otherwise its paper "
        "is there for whoever asks. Does not go with `consolidated`.",
    )
    daily_bound: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=12,
        description="Safety: as many bills over something a contract makes by itself on one day for each of its lines. "
        "One that would make more is in an illegal state: it is parked, nothing of it goes on, and a person is asked.",
    )
    invoice_date_rule: Rule | None = Field(
        default=None, description="With a rule here, the customer may ask for another day for the first invoice."
    )
    covered: Literal["on_activation", "first_of_next_month"] = Field(
        default="on_activation",
        description="First billed day where cover was in force at order: the day of activation, or the first day of "
        "the calendar month after the month in which the cover ends.",
    )


class Fee(Carried):
    """A one-time amount, net of tax, in the programme's currency."""

    rule: Rule
    amount: Amount
    text: Texts
    sample: bool = Field(default=False, description="The source gives no amount; this one is an example.")


class Band(Carried):
    """What a cancellation does, up to a month of the contract's life counted from activation."""

    until_month: Months | None = Field(default=None, description="Last month that the band holds; none: for ever.")
    effect: Literal["at_once", "after_notice", "end_of_month", "end_of_period", "end_of_term", "refused"] = Field(
        description="`after_notice`: so many months after notice is given. `end_of_month`: the end of the band's own "
        "last month. `end_of_term`: of this term, or where notice for it is too late, of the next. `refused`: not "
        "before the next band."
    )
    notice_months: Months | None = Field(default=None, description="Months of notice, for `after_notice`.")
    fee: Name | None = Field(default=None, description="The one-time fee, by its name under `fees`.")

    @model_validator(mode="after")
    def _needs_month(self) -> Self:
        if self.effect in {"end_of_month", "refused"} and self.until_month is None:
            msg = f"effect `{self.effect}` needs `until_month`: it is counted to the end of that month"
            raise ValueError(msg)
        if (self.effect == "after_notice") != (self.notice_months is not None):
            msg = "`notice_months` and the effect `after_notice` go together"
            raise ValueError(msg)
        return self


class LeavingReason(Carried):
    """A coded reason to leave: what must be said with it, and a rule of its own for when it takes effect."""

    rule: Rule
    needs: tuple[Name, ...] = Field(default=(), description="Details that must be given, for example `return_date`.")
    band: Band | None = Field(default=None, description="What leaving for this reason does, whatever the month.")


class NoticeTerms(Carried):
    """What makes a notice count, whoever gives it."""

    rule: Rule
    needs: tuple[Name, ...] = Field(
        default=(), description="Details that a customer's notice must have, for example `signed_by`: its written form."
    )
    received_days: Days = Field(
        default=0,
        description="Days for which a notice may be entered after it came in; the day on which it came in counts.",
    )
    undelivered_rule: Rule | None = Field(
        default=None, description="Why a person is asked about a message that could not be delivered."
    )
    undelivered_hours: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None,
        description="Desk hours for that person's decision; without a number here the `desk`'s `answer_hours`. A "
        "renewal that comes by itself waits for it.",
    )


class ProviderTermination(Carried):
    """How the provider leaves."""

    rule: Rule
    after_months: Annotated[int, Field(ge=0, le=240)] = Field(
        default=0, description="Months that a line must have been in service before notice may be given."
    )
    notice_months: Months


class CancellationTerms(Carried):
    """How a customer leaves."""

    rule: Rule
    counted_from: Literal["contract", "line"] = Field(
        default="contract", description="Whose activation the bands' months are counted from; `line`: each its own."
    )
    bands: tuple[Band, ...] = Field(min_length=1)
    reasons: dict[Name, LeavingReason] = Field(
        default_factory=dict, description="Coded reasons; where there are any, others need no code."
    )
    provider: ProviderTermination | None = None
    fee_before_start: Name | None = Field(
        default=None,
        description="What leaving costs between the order and the start of service, by its name under `fees`.",
    )
    credit_unused: bool = Field(default=True, description="Paid days after the last day of service are credited.")

    @field_validator("bands")
    @classmethod
    def _ascending(cls, bands: tuple[Band, ...]) -> tuple[Band, ...]:
        months = [band.until_month for band in bands[:-1]]
        if None in months or bands[-1].until_month is not None:
            msg = "every band but the last needs `until_month`, and the last has none"
            raise ValueError(msg)
        if months != sorted({month for month in months if month is not None}):
            msg = "the bands' `until_month` must rise from band to band"
            raise ValueError(msg)
        return bands


class TermTerms(Carried):
    """How long one term runs, counted from activation."""

    rule: Rule
    months: Months
    choices: tuple[Months, ...] = Field(
        default=(), description="Lengths that a quote may choose, in months; none: always `months`."
    )


class Uplift(Carried):
    """How the renewed term is priced."""

    policy: Literal["same", "list", "uplift", "index"] = Field(
        default="list",
        description="The same prices, the price list of the day, the same raised by `percent`, or the same moved as "
        "the price index `index` of the catalogue moved since the prices were agreed.",
    )
    percent: Decimal = Decimal(0)
    index: Name | None = None
    rule: Rule | None = None

    @model_validator(mode="after")
    def _named_index(self) -> Self:
        if (self.policy == "index") != (self.index is not None):
            msg = "`index` and the policy `index` go together: name the price index of the catalogue"
            raise ValueError(msg)
        return self


class LateRenewal(Carried):
    """How a contract that ran out, because nobody answered, is renewed after its end."""

    rule: Rule
    days: Annotated[int, Field(ge=1, le=366)] = Field(
        description="Days after the term's last day, the last one included, on which a yes is still taken."
    )
    begins: Literal["without_gap", "on_acceptance"] = Field(
        description="`without_gap`: the new term begins the day after the old one, as if there had been no end. "
        "`on_acceptance`: it begins on the day of the yes, and the days between stay without service."
    )


class RenewalTerms(Carried):
    """How a term goes over into the next one."""

    rule: Rule
    mode: Literal["tacit", "on_acceptance"] = Field(
        description="`tacit`: the contract goes on unless somebody says no. `on_acceptance`: it ends unless renewed."
    )
    quote_days: Days = Field(
        default=90, description="Days before the term's last day on which the renewal quote goes out."
    )
    request_days: Days | None = Field(
        default=None,
        description="Days before the term's last day from which the renewal quote may be asked for ahead of "
        "`quote_days`; without a number here, throughout the term.",
    )
    quote_rule: Rule | None = Field(
        default=None, description="With a rule here the renewal quote is guaranteed: what hinders it raises an alarm."
    )
    best_effort: tuple[Name, ...] = Field(
        default=(),
        description="Kinds of sale (`sold_as`) whose renewal quote is best effort instead: what hinders it is noted.",
    )
    notice_days: Days = Field(
        default=0, description="Days before the term's last day by which the renewal must be answered."
    )
    notice_rule: Rule | None = None
    grace_days: Days = Field(default=0, description="Days after that deadline on which an answer is still taken.")
    grace_rule: Rule | None = None
    late: LateRenewal | None = None
    coterm_rule: Rule | None = Field(
        default=None,
        description="With a rule here the yes may name an earlier last day for the next term, for example that of "
        "another contract; it is charged to the day.",
    )
    commits: Literal["at_end", "when_notice_closes"] = Field(
        default="at_end",
        description="When a tacit renewal is certain: as the next term begins, or the day after the last possible day "
        "for a no, of which the customer is told.",
    )
    price: Uplift = Uplift()
    reminder_rule: Rule
    reminder_days: tuple[Annotated[int, Field(ge=-365, le=365)], ...] = Field(
        default=(60, 30, 7, -1), description="Days before the term's last day; -1 is the day after it."
    )

    @model_validator(mode="after")
    def _only_what_ends_is_late(self) -> Self:
        if self.late and self.mode == "tacit":
            msg = "`late` is for the mode `on_acceptance`: a tacit renewal leaves no end that one could be late for"
            raise ValueError(msg)
        return self

    @field_validator("reminder_days")
    @classmethod
    def _falling(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if list(days) != sorted(set(days), reverse=True):
            msg = "list each reminder once, the earliest (largest number of days) first"
            raise ValueError(msg)
        return days


class ChangeTerms(Carried):
    """What a customer may change."""

    rule: Rule
    what: tuple[Literal["service", "period", "quantity", "lines"], ...] = Field(
        description="`lines`: devices and services may be added while the contract runs."
    )
    effect: Literal["next_period", "at_once"] = Field(
        default="next_period",
        description="When another service takes effect: at the next period boundary, or on the day, to the day.",
    )


class SuspensionTerms(Carried):
    """What a pause of the service does to the money."""

    rule: Rule
    credit: bool = Field(default=True, description="Whole days without service are not charged.")
    extend: bool = Field(
        default=False,
        description="Whole days without service are added to the running period and to the term instead: bills, "
        "renewal and reminders move along, and nothing is credited.",
    )


class Instructions(Carried):
    """What the customer is told when a case comes to a stage."""

    rule: Rule
    text: Texts


class SupportLevel(Carried):
    """How calls for help are worked on at one level."""

    rule: Rule
    stages: tuple[Name, ...] = Field(min_length=1)


class SpokenHelp(Carried):
    """The languages in which help is given, and those in which it is given outside desk hours too."""

    rule: Rule
    languages: tuple[SpokenLanguage, ...] = Field(min_length=1)
    at_any_hour: tuple[SpokenLanguage, ...] = Field(
        default=(), description="Where there is a `desk`, help in the other languages waits for its hours."
    )


class EscalationTerms(Carried):
    """What happens to a call for help that is not answered: it presses before its time is over, and more after it."""

    rule: Rule
    before_hours: Annotated[int, Field(ge=1, le=1000)] = Field(
        description="Desk hours before `desk.answer_hours` are over at which an unanswered call is escalated."
    )
    urgency: Urgency = Field(
        default="high", description="How much the case presses from then on; `urgent` once its time is over."
    )


class SupportTerms(Carried):
    """How a call for help is worked on: one case, one stage after the other."""

    rule: Rule
    stages: tuple[Name, ...] = Field(min_length=1)
    levels: dict[Name, SupportLevel] = Field(
        default_factory=dict, description="Stages of their own, by the `level` of the device's service."
    )
    instructions: dict[Name, Instructions] = Field(
        default_factory=dict, description="By the stage to which they belong, for example `mail_in`."
    )
    acknowledged: bool = Field(default=False, description="The customer is written the case's number.")
    callers_rule: Rule | None = Field(
        default=None, description="With a rule here, only contacts that the contract names may open a case."
    )
    spoken: SpokenHelp | None = None
    escalation: EscalationTerms | None = Field(default=None, description="Needs `desk.answer_hours`.")


class CouponTerms(Carried):
    """That the programme takes coupons; each takes effect on one line."""

    rule: Rule


class TaxPart(Carried):
    """One of several taxes on the same amount, in percent of the net amount."""

    name: Text
    percent: Annotated[Decimal, Field(ge=0, le=100)]


class TaxRate(Carried):
    """The rate of one jurisdiction from a day on, in percent of the net amount."""

    country: Country
    region: Annotated[str, Field(pattern=r"^[A-Z]{2,3}$")] | None = None
    since: date
    name: Text
    percent: Annotated[Decimal, Field(ge=0, le=100)]
    parts: tuple[TaxPart, ...] = Field(
        default=(),
        description="The taxes that it is made of, where there are several: each is rounded, named on the paper and "
        "booked by itself. Their percents add up to `percent`.",
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.parts and sum(part.percent for part in self.parts) != self.percent:
            msg = f"the `parts` of {self.name} must add up to its {self.percent} percent"
            raise ValueError(msg)
        return self


class Place(Carried):
    """A jurisdiction: a country, or one of its regions."""

    country: Country
    region: Annotated[str, Field(pattern=r"^[A-Z]{2,3}$")] | None = None


class Elsewhere(Carried):
    """The rate of every country that has none of its own, in percent of the net amount."""

    name: Text
    percent: Annotated[Decimal, Field(ge=0, le=100)]


class ReverseCharge(Carried):
    """That a business in another country of the EU owes the tax itself; it is known by its VAT number."""

    rule: Rule
    name: Text


class TaxTerms(Carried):
    """The rates that the programme's invoices need."""

    rule: Rule
    reverse_charge: ReverseCharge | None = Field(
        default=None, description="Needs the issuer's `country`, whose rate everybody else in the EU pays."
    )
    source: Literal["terms", "service"] = Field(
        default="terms",
        description="Whence rates come: from `rates` here, or from the tax service, which each contract asks and keeps "
        "the answers of.",
    )
    refresh_days: Annotated[int, Field(ge=1, le=366)] = Field(
        default=30, description="Days after which a running contract asks the tax service again."
    )
    rates: tuple[TaxRate, ...] = ()
    elsewhere: Elsewhere | None = Field(
        default=None, description="Where no rate is listed; left out: nothing is offered there."
    )

    @model_validator(mode="after")
    def _service_knows_all(self) -> Self:
        if self.source == "service" and (self.rates or self.elsewhere):
            msg = "with `source: service` there are no `rates` and no `elsewhere` here: the service says every rate"
            raise ValueError(msg)
        return self


class Terms(Carried):
    """One version of a programme: immutable once a contract lives under it."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{1,9}$")]
    version: Annotated[int, Field(ge=1)]
    title: Texts
    issuer: Issuer
    currency: Currency
    time_zone: str = Field(description="IANA name: where the contract's dates are counted.")
    languages: tuple[Language, ...] = Field(
        min_length=1, description="The first is used where a customer's has no text."
    )
    countries: tuple[Country, ...] = Field(min_length=1)
    notices_at: time = Field(default=time(9), description="Local time of day at which reminders and quotes go out.")
    rules: dict[Rule, Text] = Field(description="What each cited rule says, in a sentence.")
    quote: QuoteTerms
    order: OrderTerms
    onboarding: OnboardingTerms | None = None
    start: StartTerms
    lapsed_cover: LapsedCover | None = None
    billing: BillingTerms | None = Field(default=None, description="Left out: the service is free of charge.")
    dunning: DunningTerms | None = Field(
        default=None, description="Left out: a declined payment waits for a person, and nothing else happens."
    )
    credits: CreditTerms | None = Field(
        default=None, description="Left out: what was paid and is credited stays in the customer's favour."
    )
    replacement: ReplacementTerms | None = Field(
        default=None, description="Left out: a device may be exchanged under its line, and no document is made anew."
    )
    eligibility: EligibilityTerms | None = None
    reenrolment: ReenrolmentTerms | None = None
    fees: dict[Name, Fee] = Field(default_factory=dict)
    order_fees: tuple[Name, ...] = Field(default=(), description="Fees billed once, when the order is placed.")
    term: TermTerms | None = Field(default=None, description="Left out: the contract runs until somebody ends it.")
    minimum_commitment: CommitmentTerms | None = Field(
        default=None, description="Needs `term`. Left out: there is no least amount."
    )
    cancellation: CancellationTerms
    notice: NoticeTerms | None = Field(
        default=None, description="Left out: a notice counts from the day on which it is entered, in any form."
    )
    renewal: RenewalTerms | None = None
    change: ChangeTerms | None = None
    suspension: SuspensionTerms | None = None
    entitlements: EntitlementTerms | None = None
    requests: dict[Name, RequestTerms] = Field(
        default_factory=dict, description="Requests that people decide step by step, by their name."
    )
    breach: BreachTerms | None = None
    repairs: RepairTerms | None = Field(
        default=None, description="Left out: help is refused for what is not covered, instead of billed."
    )
    supplies: SuppliesTerms | None = None
    support: SupportTerms | None = None
    copies: CopyTerms | None = None
    desk: DeskTerms | None = None
    fleet: FleetTerms | None = None
    coupons: CouponTerms | None = None
    tax: TaxTerms

    @model_validator(mode="after")
    def _escalates_in_time(self) -> Self:
        escalation = self.support.escalation if self.support else None
        hours = self.desk.answer_hours if self.desk else None
        if escalation and (hours is None or escalation.before_hours >= hours):
            msg = (
                "`support.escalation.before_hours` must be less than `desk.answer_hours`: it is counted back from there"
            )
            raise ValueError(msg)
        return self

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in _zones():
            msg = f"`{zone}` is not an IANA time zone; write one like Europe/Paris"
            raise ValueError(msg)
        return zone

    @model_validator(mode="after")
    def _terms_renew(self) -> Self:
        if (self.term is None) != (self.renewal is None):
            msg = "`term` and `renewal` go together: a term has an end, and `renewal` says what follows it"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _commitment_has_a_term(self) -> Self:
        if self.minimum_commitment and (self.term is None or self.billing is None):
            msg = "`minimum_commitment` needs `term` and `billing`: it is counted over what a term's service is billed"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _consolidated_is_on_account(self) -> Self:
        if self.billing and self.billing.consolidated and self.order.payment != "on_account":
            msg = "`billing.consolidated` needs `order.payment: on_account`: what is paid at once cannot wait"
            raise ValueError(msg)
        if self.billing and self.billing.consolidated and self.billing.mailed:
            msg = "`billing.mailed` does not go with `billing.consolidated`: such bills are no invoices"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _seller_stands_somewhere(self) -> Self:
        if self.tax.reverse_charge and self.issuer.country is None:
            msg = "`tax.reverse_charge` needs `issuer.country`: it is for customers in other countries"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _fees_exist(self) -> Self:
        leaving = self.cancellation
        named = [*self.order_fees, leaving.fee_before_start, *(band.fee for band in leaving.bands)]
        if self.lapsed_cover:
            named.append(self.lapsed_cover.fee)
        if self.reenrolment:
            named.append(self.reenrolment.fee)
        missing = sorted({name for name in named if name and name not in self.fees})
        if missing:
            msg = f"fees {', '.join(missing)} are used but not listed under `fees`; add them there"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _rules_explained(self) -> Self:
        missing = sorted(set(_cited(self)) - set(self.rules))
        if missing:
            msg = f"rules {', '.join(missing)} are cited but not explained under `rules`; add a sentence for each"
            raise ValueError(msg)
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _checked_once(cls, value: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
        """Terms that are terms already were checked when they were made; every contract is made of them anew."""
        return value if isinstance(value, cls) else check(value)

    def waits_for(self) -> frozenset[str]:
        """The kinds of cover whose end says whether, when or by when something may be ordered or starts."""
        within = self.eligibility.within.kinds if self.eligibility and self.eligibility.within else ()
        windows = (kind for window in self.order.windows.values() for kind in window.kinds)
        return frozenset((*self.start.after, *within, *windows))

    def text(self, texts: Texts, language: str) -> str:
        """The text in a language, else in the programme's first language, else in any."""
        return texts.get(language) or texts.get(self.languages[0]) or next(iter(texts.values()))

    def rate(
        self, country: str, on: date, region: str | None = None, known: tuple[TaxRate, ...] = ()
    ) -> TaxRate | None:
        """The tax rate of a jurisdiction on a day: a region's own before its country's; none where there is none.

        ``known`` is what the tax service said, where the rates come from it.
        """
        fitting = [
            rate
            for rate in (known if self.tax.source == "service" else self.tax.rates)
            if rate.country == country and rate.region in {None, region} and rate.since <= on
        ]
        other = self.tax.elsewhere
        if not fitting and other:
            return TaxRate(country=country, since=on, name=other.name, percent=other.percent)
        return max(fitting, key=lambda rate: (rate.region is not None, rate.since), default=None)


def _cited(part: object) -> list[str]:
    """Every rule number that some part of the terms cites."""
    found: list[str] = []
    if isinstance(part, Carried):
        for name in type(part).model_fields:
            value = getattr(part, name)
            if isinstance(value, str) and (name == "rule" or name.endswith("_rule")):
                found.append(value)
            elif name != "rules":
                found += _cited(value)
    elif isinstance(part, dict):
        found += [rule for value in part.values() for rule in _cited(value)]
    elif isinstance(part, tuple):
        found += [rule for value in part for rule in _cited(value)]
    return found
