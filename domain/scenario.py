"""A contract's life as a readable file: given, when, then, with dates and amounts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol, Self
from zoneinfo import ZoneInfo

from pydantic import Field, TypeAdapter, field_validator, model_validator

from domain.calendar import DAY, instant
from domain.commands import AnyCommand, At, Quote
from domain.fleet.state import Census
from domain.money import rounded
from domain.refusal import Refusal
from domain.simulator import Life, World
from domain.state import Contact, Cover, Customer, Offer
from domain.supplies.state import Item
from domain.terms import Terms
from domain.values import Name, Rule, Text, Value
from domain.view import Entry
from domain.warranty.state import Dates

_COMMANDS: TypeAdapter[Any] = TypeAdapter(AnyCommand)
_EXPECTED = re.compile(r"^(?P<on>\d{4}-\d{2}-\d{2}) (?P<kind>[a-z_]+)(?: (?P<amount>-?\d+(?:\.\d+)?))?$")


class GivenOffer(Value):
    """One service for one device; its price and text are the catalogue's."""

    id: str
    service: str
    serial: str
    model: str | None = None
    quantity: int = 1
    cover: tuple[Cover, ...] = ()
    facts: dict[Name, bool] = Field(default_factory=dict)
    dates: Dates = Field(default_factory=dict)
    in_use_since: date | None = None
    support_ends: date | None = None


class Shop(Protocol):
    """The catalogue, as a scenario needs it: services and supplies with their price and text."""

    def offer(self, item: GivenOffer) -> Offer:
        """What a device is offered."""

    def item(self, sku: str, quantity: int) -> Item:
        """So many of a supply."""


class Given(Value):
    """What is offered to whom."""

    customer: Customer
    period: int = 0
    offers: tuple[GivenOffer, ...] = Field(min_length=1)
    reseller: str | None = None
    start_on: date | None = None
    order_by: date | None = None
    term_months: int | None = None
    reenrols: str | None = None
    fleet: Census | None = None
    contacts: tuple[Contact, ...] = ()


class Refused(Value):
    """The refusal that is expected: its rule, and the first date on which the command may be given."""

    rule: Rule
    since: date | None = Field(default=None, alias="from")


class When(Value):
    """One command, given at a local date and time."""

    at: datetime
    do: Name
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    refused: Refused | None = None


class Expected(Value):
    """One line of the expected timeline: ``amount`` is gross, a credit has a minus."""

    on: date
    kind: str
    amount: Decimal | None = None

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read `2027-02-28 period_billed 58.80`."""
        found = _EXPECTED.match(line)
        if found is None:
            raise ValueError(f"`{line}` is not `YYYY-MM-DD kind` or `YYYY-MM-DD kind amount`")
        return cls.model_validate(found.groupdict())

    def __str__(self) -> str:
        """The line as it stands in the file."""
        return f"{self.on} {self.kind}" + ("" if self.amount is None else f" {self.amount}")


class Scenario(Value):
    """A life: what is given, what people do and when, and the whole timeline that follows."""

    title: Text
    story: Text
    starts: datetime
    given: Given
    when: tuple[When, ...] = ()
    until: date
    then: tuple[Expected, ...] = ()

    @field_validator("then", mode="before")
    @classmethod
    def _parsed(cls, lines: Any) -> Any:
        return [Expected.parse(line) if isinstance(line, str) else line for line in lines]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        times = [self.starts, *(item.at for item in self.when)]
        if times != sorted(times):
            raise ValueError("`when` must be in the order of time, and not before `starts`")
        return self

    def quote(self, number: str, terms: Terms, offers: tuple[Offer, ...], term_months: int | None = None) -> Quote:
        """The quote that begins this life."""
        return Quote(
            id="quote",
            by="scenario",
            number=number,
            terms=terms,
            customer=self.given.customer,
            period=self.given.period,
            offers=offers,
            reseller=self.given.reseller,
            start_on=self.given.start_on,
            order_by=self.given.order_by,
            term_months=self.given.term_months or term_months,
            reenrols=self.given.reenrols,
            fleet=self.given.fleet,
            contacts=self.given.contacts,
        )

    def begins_at(self, terms: Terms) -> datetime:
        """The UTC instant of the quote."""
        return local(self.starts, terms)

    def ends_at(self, terms: Terms) -> datetime:
        """The UTC instant at which the last day of the story is over."""
        return instant(self.until + DAY, terms.time_zone)

    def commands(self, terms: Terms, shop: Shop, number: str) -> Iterator[tuple[When, At]]:
        """Every step of contract ``number`` with its command and UTC instant; the shop knows the prices."""
        for index, step in enumerate(self.when):
            body = {
                "kind": step.do,
                "id": f"step-{index + 1}",
                "by": "scenario",
                **numbered(_priced(self, step, shop), number),
            }
            if step.do == "checkout":
                body.setdefault("registered", True)
            yield step, At(at=local(step.at, terms), command=_COMMANDS.validate_python(body))


def numbered(body: dict[str, Any], number: str) -> dict[str, Any]:
    """A step's words with the contract's number in the place of `{number}`: cases are named after it."""
    return {
        name: value.replace("{number}", number) if isinstance(value, str) else value for name, value in body.items()
    }


def given_offers(step: When) -> list[GivenOffer]:
    """The devices that a step brings in, each with the service that it gets."""
    match step.do:
        case "revise":
            return [GivenOffer.model_validate(item) for item in step.with_["offers"]]
        case "add_line":
            named = {name: value for name, value in step.with_.items() if name in GivenOffer.model_fields}
            return [GivenOffer.model_validate(named)]
        case _:
            return []


def _priced(scenario: Scenario, step: When, shop: Shop) -> dict[str, Any]:
    """A step's words as the command's fields: services stand with their price and text."""
    body = dict(step.with_)
    offers = [shop.offer(item).model_dump() for item in given_offers(step)]
    match step.do:
        case "revise":
            body["offers"] = offers
        case "add_line":
            kept = {name: value for name, value in body.items() if name not in GivenOffer.model_fields}
            return kept | {"offer": offers[0]}
        case "change" if "service" in body:
            line = next(item for item in scenario.given.offers if item.id == str(body["line"]))
            other = shop.offer(line.model_copy(update={"service": body["service"]}))
            body |= {"text": other.text, "prices": other.prices, "level": other.level}
        case "order_supply":
            items = [shop.item(item["sku"], item.get("quantity", 1)).model_dump() for item in body["items"]]
            body["items"] = items
    return body


def local(moment: datetime, terms: Terms) -> datetime:
    """A scenario's local time as a UTC instant."""
    return moment.replace(tzinfo=ZoneInfo(terms.time_zone)).astimezone(UTC)


def play(scenario: Scenario, quote: Quote, world: World, shop: Shop) -> tuple[Life, list[str]]:
    """Live the scenario through: the life, and every difference from what it expects, in words."""
    terms = quote.terms
    life = Life.begin(quote, scenario.begins_at(terms), world)
    wrong: list[str] = []
    for step, given in scenario.commands(terms, shop, quote.number):
        try:
            life.give(given.command, given.at)
        except Refusal as refusal:
            wrong += _refusal_differs(step, refusal)
        else:
            if step.refused:
                wrong.append(f"{step.at} {step.do}: it was taken, and should have been refused by {step.refused.rule}")
    life.live_until(scenario.ends_at(terms))
    return life, wrong + timeline_differs(scenario, life.entries)


def _refusal_differs(step: When, refusal: Refusal) -> list[str]:
    if step.refused is None:
        return [f"{step.at} {step.do}: refused, {refusal}"]
    since = refusal.allowed_from.date() if isinstance(refusal.allowed_from, datetime) else refusal.allowed_from
    if (refusal.rule, since) != (step.refused.rule, step.refused.since):
        return [f"{step.at} {step.do}: refused by {refusal.rule} from {since}, expected {step.refused}"]
    return []


def timeline(entries: list[Entry]) -> list[Expected]:
    """A trail as the lines of a scenario's timeline; what the interpreter adds of its own is left out."""
    return [
        Expected(
            on=item.on,
            kind=item.kind,
            amount=None if item.amount is None else rounded(item.amount, item.currency or ""),
        )
        for item in entries
        if not item.kind.startswith("operations.")
    ]


def timeline_differs(scenario: Scenario, entries: list[Entry]) -> list[str]:
    """Every line in which a trail differs from the scenario's timeline, as in a diff."""
    expected = [str(line) for line in scenario.then]
    found = [str(line) for line in timeline(entries)]
    if expected == found:
        return []
    return list(difflib.unified_diff(expected, found, "expected", "happened", lineterm="", n=1))
