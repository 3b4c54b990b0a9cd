"""The terms of a programme: every rule that a contract obeys, as data, each with the number of its source."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import Field, field_validator, model_validator

from domain.fleet.terms import FleetTerms
from domain.values import Amount, Carried, Country, Currency, Language, Name, Rule, Text

Days = Annotated[int, Field(ge=0, le=3660)]
Months = Annotated[int, Field(ge=1, le=240)]
Texts = dict[Language, Text]


class Issuer(Carried):
    """Who sells the service and sends the invoices."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,10}$", description="Prefix of its invoice numbers.")]
    name: Text
    address: Text
    email: Text
    phone: Text | None = None
    tax_number: Text | None = None


class QuoteTerms(Carried):
    """How long an offer stands."""

    rule: Rule
    valid_days: Days = Field(description="Days from the quote's date to the last day on which it may be accepted.")


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


class StartTerms(Carried):
    """When service starts: the day after the last day of cover that the device still has."""

    rule: Rule
    after: tuple[Name, ...] = Field(
        default=(),
        description="Kinds of cover that must have ended, for example `warranty`; empty: none is waited for.",
    )


class LapsedCover(Carried):
    """What a device must pass whose cover ended long before the order."""

    rule: Rule
    months: Months = Field(description="Months since the end of cover from which this applies; on the day counts.")
    fee: Name | None = Field(default=None, description="The one-time fee, by its name under `fees`.")
    inspection: bool = Field(default=False, description="Service starts only when an inspection passes.")


class BillingTerms(Carried):
    """In which rhythm service is billed, and from when."""

    rule: Rule
    periods: tuple[Months, ...] = Field(min_length=1, description="Lengths of billing period on offer, in months.")
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
    effect: Literal["at_once", "end_of_month", "end_of_period", "end_of_term", "refused"] = Field(
        description="`end_of_month`: the end of the band's own last month. `refused`: not before the next band."
    )
    fee: Name | None = Field(default=None, description="The one-time fee, by its name under `fees`.")

    @model_validator(mode="after")
    def _needs_month(self) -> Self:
        if self.effect in {"end_of_month", "refused"} and self.until_month is None:
            msg = f"effect `{self.effect}` needs `until_month`: it is counted to the end of that month"
            raise ValueError(msg)
        return self


class CancellationTerms(Carried):
    """How a customer leaves."""

    rule: Rule
    bands: tuple[Band, ...] = Field(min_length=1)
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


class Uplift(Carried):
    """How the renewed term is priced."""

    policy: Literal["same", "list", "uplift"] = Field(
        default="list", description="The same prices, the price list of the day, or the same raised by `percent`."
    )
    percent: Decimal = Decimal(0)


class RenewalTerms(Carried):
    """How a term goes over into the next one."""

    rule: Rule
    mode: Literal["tacit", "on_acceptance"] = Field(
        description="`tacit`: the contract goes on unless somebody says no. `on_acceptance`: it ends unless renewed."
    )
    quote_days: Days = Field(
        default=90, description="Days before the term's last day on which the renewal quote goes out."
    )
    price: Uplift = Uplift()
    reminder_rule: Rule
    reminder_days: tuple[Annotated[int, Field(ge=-365, le=365)], ...] = Field(
        default=(60, 30, 7, -1), description="Days before the term's last day; -1 is the day after it."
    )

    @field_validator("reminder_days")
    @classmethod
    def _falling(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if list(days) != sorted(set(days), reverse=True):
            msg = "list each reminder once, the earliest (largest number of days) first"
            raise ValueError(msg)
        return days


class ChangeTerms(Carried):
    """What a customer may change; it takes effect at the next period boundary."""

    rule: Rule
    what: tuple[Literal["service", "period"], ...]


class SuspensionTerms(Carried):
    """What a pause of the service does to the money."""

    rule: Rule
    credit: bool = Field(default=True, description="Whole days without service are not charged.")


class SupportTerms(Carried):
    """How a call for help is worked on: one case, one stage after the other."""

    rule: Rule
    stages: tuple[Name, ...] = Field(min_length=1)


class CouponTerms(Carried):
    """That the programme takes coupons; each takes effect on one line."""

    rule: Rule


class TaxRate(Carried):
    """The rate of one jurisdiction from a day on, in percent of the net amount."""

    country: Country
    region: Annotated[str, Field(pattern=r"^[A-Z]{2,3}$")] | None = None
    since: date
    name: Text
    percent: Annotated[Decimal, Field(ge=0, le=100)]


class TaxTerms(Carried):
    """The rates that the programme's invoices need."""

    rule: Rule
    rates: tuple[TaxRate, ...]


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
    start: StartTerms
    lapsed_cover: LapsedCover | None = None
    billing: BillingTerms
    fees: dict[Name, Fee] = Field(default_factory=dict)
    order_fees: tuple[Name, ...] = Field(default=(), description="Fees billed once, when the order is placed.")
    term: TermTerms
    cancellation: CancellationTerms
    renewal: RenewalTerms
    change: ChangeTerms | None = None
    suspension: SuspensionTerms | None = None
    support: SupportTerms | None = None
    fleet: FleetTerms | None = None
    coupons: CouponTerms | None = None
    tax: TaxTerms

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            msg = f"`{zone}` is not an IANA time zone; write one like Europe/Paris"
            raise ValueError(msg)
        return zone

    @model_validator(mode="after")
    def _fees_exist(self) -> Self:
        leaving = self.cancellation
        named = [*self.order_fees, leaving.fee_before_start, *(band.fee for band in leaving.bands)]
        if self.lapsed_cover:
            named.append(self.lapsed_cover.fee)
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

    def text(self, texts: Texts, language: str) -> str:
        """The text in a language, else in the programme's first language, else in any."""
        return texts.get(language) or texts.get(self.languages[0]) or next(iter(texts.values()))

    def rate(self, country: str, on: date, region: str | None = None) -> TaxRate | None:
        """The tax rate of a jurisdiction on a day: a region's own before its country's; none where there is none."""
        fitting = [
            rate
            for rate in self.tax.rates
            if rate.country == country and rate.region in {None, region} and rate.since <= on
        ]
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
