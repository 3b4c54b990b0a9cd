"""The warranty of a device, reckoned from its dates; where a fact is missing, which one: never a guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Protocol

from domain.calendar import DAY, last_day_of
from domain.state import Cover
from domain.values import Carried, Name, Rule, Texts
from domain.warranty.state import Basis, DateName, Dates
from domain.warranty.terms import CountedFrom, Given, Registration, WarrantyTerm

WORDS: dict[DateName, str] = {
    "installed_on": "installation",
    "purchased_on": "purchase",
    "manufactured_on": "manufacture",
    "shipped_on": "shipment",
    "registered_on": "registration",
    "transferred_on": "transfer",
    "exchanged_on": "exchange",
}


class Described(Protocol):
    """A device, as far as terms of warranty look at it."""

    @property
    def model(self) -> str:
        """Its model."""

    @property
    def device_type(self) -> str:
        """Its type, or in a fleet its kind."""

    @property
    def country(self) -> str:
        """Where it is."""

    @property
    def cover(self) -> tuple[Cover, ...]:
        """The last days that are known of itself."""

    @property
    def known_dates(self) -> Dates:
        """What is known of it by its day."""


class Warranty(Carried):
    """One kind of warranty of a device, with the term that it rests on.

    ``last_day`` is included, and empty while a fact is missing; ``missing`` names the facts, any of which would say or
    change it. ``stated`` where the last day is known of the device itself, and is not reckoned.
    """

    kind: Name
    term: Name
    name: Texts
    rule: Rule
    first: date | None = None
    last_day: date | None = None
    stated: bool = False
    fact: DateName | None = None
    fact_on: date | None = None
    missing: tuple[DateName, ...] = ()
    says: str
    parts: bool
    labour: bool
    where: str
    response_days: int | None = None
    excludes: tuple[Texts, ...] = ()
    transferable: bool

    @property
    def cover(self) -> Cover | None:
        """It as a cover of the device; none while its end is not known."""
        if self.last_day is None:
            return None
        if self.stated or self.first is None or self.fact is None or self.fact_on is None:
            return Cover(kind=self.kind, last_day=self.last_day)
        basis = Basis(term=self.term, rule=self.rule, fact=self.fact, on=self.fact_on, first=self.first)
        return Cover(kind=self.kind, last_day=self.last_day, basis=basis)


def warranties(terms: Iterable[WarrantyTerm], device: Described) -> tuple[Warranty, ...]:
    """The warranties that a device has by these terms: of each kind the first term that fits it."""
    found: dict[str, Warranty] = {}
    for term in _fitting(terms, device):
        if term.kind in found:
            continue
        stated = next((cover.last_day for cover in device.cover if cover.kind == term.kind), None)
        found[term.kind] = _stated(term, stated) if stated else _reckoned(term, device.known_dates)
    return tuple(found.values())


def _fitting(terms: Iterable[WarrantyTerm], device: Described) -> Iterable[WarrantyTerm]:
    described = {"model": device.model, "device_type": device.device_type, "country": device.country}
    return (term for term in terms if term.fits(**described))


def whole_cover(terms: Iterable[WarrantyTerm], device: Described) -> tuple[Cover, ...]:
    """Every cover of a device whose end is known: as stated of itself, and as reckoned by the terms."""
    stated = {cover.kind for cover in device.cover}
    reckoned = (found.cover for found in warranties(terms, device) if found.kind not in stated)
    return (*device.cover, *(cover for cover in reckoned if cover))


def inherited(terms: Iterable[WarrantyTerm], device: Described, on: date) -> tuple[Cover, ...]:
    """What a device has of the stated cover of another one whose place it takes on a day, by the same terms."""
    by_kind = {found.kind: found for found in reversed(tuple(_fitting(terms, device)))}
    return tuple(_handed_on(cover, by_kind.get(cover.kind), on) for cover in device.cover)


def _handed_on(cover: Cover, term: WarrantyTerm | None, on: date) -> Cover:
    if term is None:
        return cover
    _, last_day, _ = _exchanged(term, cover.last_day, cover.last_day, {"exchanged_on": on}, "")
    return Cover(kind=cover.kind, last_day=last_day)


def _warranty(term: WarrantyTerm, says: str, **known: object) -> Warranty:
    told = {"kind": term.kind, "term": term.id, "name": term.name, "rule": term.rule, "says": says}
    given: Given = term.gives
    rest = {"excludes": term.excludes, "transferable": term.transferable}
    return Warranty.model_validate(told | given.model_dump() | rest | known)


def _stated(term: WarrantyTerm, last_day: date) -> Warranty:
    return _warranty(term, f"until {last_day}, as stated of the device itself", last_day=last_day, stated=True)


def _reckoned(term: WarrantyTerm, dates: Mapping[DateName, date]) -> Warranty:
    start = _start(term, dates)
    if start is None:
        facts = tuple(item.fact for item in term.counted_from)
        needed = " or ".join(f"the {WORDS[fact]} date" for fact in facts)
        return _warranty(term, f"unknown until {needed} is given", missing=facts)
    counted, first = start
    since = f"{term.months} months from {WORDS[counted.fact]} on {dates[counted.fact]}"
    if counted.plus_days:
        since += f" and {counted.plus_days} days"
    last_day, why, missing = _registered(term, first, dates)
    first, last_day, why = _exchanged(term, first, last_day, dates, why)
    last_day, why = _transferred(term, last_day, dates, why)
    says = f"{since}: until {last_day}" + (f", {why}" if why else "")
    fact = {"fact": counted.fact, "fact_on": dates[counted.fact]}
    return _warranty(term, says, first=first, last_day=last_day, missing=missing, **fact)


def _start(term: WarrantyTerm, dates: Mapping[DateName, date]) -> tuple[CountedFrom, date] | None:
    known = [
        (item, dates[item.fact] + timedelta(days=item.plus_days)) for item in term.counted_from if item.fact in dates
    ]
    if not known:
        return None
    return known[0] if term.choose == "first_known" else min(known, key=lambda item: item[1])


def _registered(
    term: WarrantyTerm, first: date, dates: Mapping[DateName, date]
) -> tuple[date, str, tuple[DateName, ...]]:
    """The last day, with what registration has to do with it; registering is missing where it was not done."""
    last_day, rule = last_day_of(first, term.months), term.registration
    if rule is None:
        return last_day, "", ()
    until, done = first + timedelta(days=rule.within_days), dates.get("registered_on")
    if done and done <= until:
        return last_day, "", ()
    without = _unregistered(rule, first, until)
    if done:
        return min(last_day, without), f"as it was registered after {until}", ()
    return min(last_day, without), f"unless it is registered by {until}: then until {last_day}", ("registered_on",)


def _unregistered(rule: Registration, first: date, until: date) -> date:
    return last_day_of(first, rule.otherwise_months) if rule.otherwise_months else until


def _exchanged(
    term: WarrantyTerm, first: date, last_day: date, dates: Mapping[DateName, date], why: str
) -> tuple[date, date, str]:
    """What a device has in the place of another one, whose dates it bears."""
    on, rule = dates.get("exchanged_on"), term.exchange
    if on is None or on > last_day:
        return first, last_day, why
    if rule.gives == "whole":
        return on, last_day_of(on, term.months), f"anew from the exchange on {on}"
    least = on + timedelta(days=rule.at_least_days) - DAY
    if least > last_day:
        return first, least, f"{rule.at_least_days} days from the exchange on {on}"
    return first, last_day, why


def _transferred(term: WarrantyTerm, last_day: date, dates: Mapping[DateName, date], why: str) -> tuple[date, str]:
    """A warranty that does not go over to a new owner ends before it."""
    on = dates.get("transferred_on")
    if term.transferable or on is None or on > last_day:
        return last_day, why
    return on - DAY, f"as it does not go over to the owner since {on}"
