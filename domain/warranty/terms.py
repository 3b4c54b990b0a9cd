"""The terms of warranty that a maker gives with its devices, as a catalogue lists them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from domain.values import Country, Name, Rule, Text, Texts, Value
from domain.warranty.state import DateName

Days = Annotated[int, Field(ge=0, le=3660)]
Months = Annotated[int, Field(ge=1, le=600)]


class CountedFrom(Value):
    """A fact from which a warranty counts: its day, or so many days after it."""

    fact: DateName = Field(description="A date of the device.")
    plus_days: Days = Field(default=0, description="Days after it on which the warranty begins.")


class Given(Value):
    """What a warranty gives while it holds."""

    parts: bool = Field(default=True, description="Parts at no charge.")
    labour: bool = Field(default=True, description="Labour at no charge.")
    where: Literal["on_site", "depot", "carry_in", "exchange"] = Field(
        default="depot", description="Where the device is repaired; `exchange`: another one is sent for it."
    )
    response_days: Annotated[int, Field(ge=0, le=365)] | None = Field(
        default=None, description="Working days in which somebody comes, or the device is taken in."
    )


class Registration(Value):
    """That a warranty depends on the device being registered."""

    within_days: Days = Field(description="Days after the warranty's first one in which it must be registered.")
    otherwise_months: Months | None = Field(
        default=None, description="How long it lasts without; none: it ends with the last day for registering."
    )


class Exchange(Value):
    """What a device has that took the place of another one under warranty."""

    gives: Literal["remainder", "whole"] = Field(
        default="remainder", description="What was left to the other one, or a whole warranty from its own first day."
    )
    at_least_days: Days = Field(default=0, description="It has so many days at least, from its own first one.")


class WarrantyTerm(Value):
    """A term of warranty: for which devices, how long, from which fact, and what it gives and leaves out.

    Of the terms of one kind that fit a device, the first counts. A last day that is known of the device itself goes
    before what is reckoned.
    """

    id: Name = Field(description="By which answers and contracts name it.")
    rule: Rule
    kind: Name = Field(default="warranty", description="The kind of cover that it is; `start.after` waits for kinds.")
    name: Texts = Field(description="What customers know it by, by language.")
    models: tuple[Text, ...] = Field(default=(), description="Empty: all models.")
    device_types: tuple[Name, ...] = Field(default=(), description="Empty: all types; in a fleet, kinds of device.")
    countries: tuple[Country, ...] = Field(default=(), description="Empty: everywhere.")
    months: Months = Field(description="How long it lasts.")
    counted_from: tuple[CountedFrom, ...] = Field(min_length=1, description="Facts, the best one first.")
    choose: Literal["first_known", "earliest"] = Field(
        default="first_known", description="Which of several facts counts: the first that is known, or the earliest."
    )
    gives: Given = Given()
    excludes: tuple[Texts, ...] = Field(default=(), description="What it does not cover, by language.")
    transferable: bool = Field(
        default=True, description="Whether it goes over to a new owner; otherwise it ends before `transferred_on`."
    )
    registration: Registration | None = None
    exchange: Exchange = Exchange()
    sample: bool = Field(default=False, description="The source does not say it; this is an example.")

    def fits(self, *, model: str, device_type: str, country: str) -> bool:
        """Whether it is given with such a device."""
        return (
            (not self.models or model in self.models)
            and (not self.device_types or device_type in self.device_types)
            and (not self.countries or country in self.countries)
        )
