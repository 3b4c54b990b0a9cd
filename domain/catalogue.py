"""What a programme offers: services by country, printer type and model, with their prices; and its coupons."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from domain.refusal import Refusal
from domain.state import Cover, Offer, Price
from domain.supplies.state import Item
from domain.terms import Terms
from domain.values import Amount, Country, Name, Prices, Text, Texts, Value
from domain.warranty.reckoning import Warranty, warranties, whole_cover
from domain.warranty.state import Dates
from domain.warranty.terms import WarrantyTerm

Serial = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
ServiceId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


Index = dict[date, Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=4)]]
"""A price index: each value holds from its day on."""


def index_values(index: Index, then: date, now: date) -> tuple[Decimal, Decimal] | None:
    """The values of an index on two days; none where it has none yet."""
    values = [[index[day] for day in sorted(index) if day <= on] for on in (then, now)]
    return (values[0][-1], values[1][-1]) if all(values) else None


class Service(Value):
    """One service: where and for what it is offered, what it is, and what it costs, net, per period in months."""

    id: ServiceId
    countries: tuple[Country, ...] = Field(min_length=1)
    device_type: Name
    models: tuple[Text, ...] = Field(min_length=1)
    level: Name | None = Field(default=None, description="The level of the terms that it gives.")
    device_class: Name | None = Field(default=None, description="The class of fleet devices that it is sold for.")
    term_months: Annotated[int, Field(ge=1, le=240)] | None = Field(
        default=None, description="The length of term that it is sold for; none: any that the terms have."
    )
    sold_as: Name | None = Field(default=None, description="How it is sold, for example as a `package`.")
    name: Texts
    summary: Texts
    details: Texts
    prices: Prices = Field(default_factory=dict, description="Empty: it is free of charge.")
    sample: bool = Field(default=False, description="The source gives no price; these are examples.")


class Supply(Value):
    """A supply that is ordered for a device: its price is net, for one; ``supply`` says which of the device's it is."""

    sku: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
    name: Texts
    models: tuple[Text, ...] = Field(min_length=1)
    supply: Name = Field(description="Which supply of the device it is, for example `black`.")
    kind: Literal["standard", "high_capacity"] = "standard"
    price: Amount
    eligible: bool = Field(default=True, description="Whether ordering it counts for the cover.")
    sample: bool = Field(default=False, description="The source gives no price; this one is an example.")


def item_of(supply: Supply, terms: Terms, language: str, quantity: int) -> Item:
    """So many of a supply, at the catalogue's price."""
    text = terms.text(supply.name, language)
    return Item(sku=supply.sku, text=text, quantity=quantity, price=supply.price, eligible=supply.eligible)


class Catalogue(Value):
    """Everything that a programme offers."""

    services: tuple[Service, ...] = Field(min_length=1)
    supplies: tuple[Supply, ...] = ()
    indices: dict[Name, Index] = Field(
        default_factory=dict, description="Price indices by name, for renewals that follow one."
    )
    warranties: tuple[WarrantyTerm, ...] = Field(
        default=(), description="The terms of warranty that devices come with: of one kind, the first that fits counts."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [service.id for service in self.services]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"services {', '.join(twice)} are listed twice; give each its own id")
        named = [term.id for term in self.warranties]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"warranties {', '.join(twice)} are listed twice; give each its own id")
        return self

    def fitting(self, *, country: str | None, device_type: str | None, model: str | None) -> tuple[Service, ...]:
        """The services that fit the answers; an answer that is not given fits all."""
        return tuple(
            service
            for service in self.services
            if (country is None or country in service.countries)
            and (device_type is None or device_type == service.device_type)
            and (model is None or model in service.models)
        )

    def sold_as(self, *, level: str | None, device_class: str | None, term_months: int | None) -> tuple[Service, ...]:
        """The services of a level, for a class of devices and a length of term; what is not asked for fits all."""
        return tuple(
            service
            for service in self.services
            if level in {None, service.level}
            and device_class in {None, service.device_class}
            and term_months in {None, service.term_months}
        )

    def service(self, service_id: str) -> Service | None:
        """The service with that id, if there is one."""
        return next((service for service in self.services if service.id == service_id), None)

    def price_list(self) -> tuple[Price, ...]:
        """What each service costs for each model that it is offered for."""
        return tuple(
            Price(service=service.id, model=model, prices=service.prices)
            for service in self.services
            for model in service.models
        )


class Coupon(Value):
    """A coupon: a percentage or an amount off a line's first billed periods, within its days and its number of uses."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9-]{3,30}$")]
    service: ServiceId | None = Field(default=None, description="The one service that it is for; none: any.")
    kind: Literal["percent", "amount"]
    value: Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=4)]
    periods: Annotated[int, Field(ge=1, le=120)] = 1
    valid_from: date
    valid_until: date
    max_uses: Annotated[int, Field(ge=1, le=1_000_000)]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.valid_until < self.valid_from:
            raise ValueError("`valid_until` lies before `valid_from`")
        if self.kind == "percent" and self.value > Decimal(100):
            raise ValueError("a percentage is at most 100")
        return self


class Device(Value):
    """A device as its maker or seller knows it: its cover, its facts (`networked`), its days of use and support.

    ``cover`` is what is known of the device itself; by ``dates`` terms of warranty reckon what is not.
    """

    serial: Serial
    model: Text
    device_type: Name
    country: Country
    cover: tuple[Cover, ...] = ()
    facts: dict[Name, bool] = Field(default_factory=dict)
    dates: Dates = Field(default_factory=dict)
    in_use_since: date | None = None
    support_ends: date | None = None

    @property
    def known_dates(self) -> Dates:
        """Its dates; the day since when it is in use stands for that of its installation, where this is not given."""
        in_use: Dates = {"installed_on": self.in_use_since} if self.in_use_since else {}
        return in_use | self.dates


def check_known(terms: Terms, device: Device, found: Iterable[Warranty]) -> None:
    """Refuse a device whose warranty must be waited for, and whose end nobody knows."""
    for warranty in found:
        if warranty.last_day is None and warranty.kind in terms.waits_for():
            raise Refusal(
                warranty.rule,
                f"the {warranty.kind.replace('_', ' ')} of {device.serial} is {warranty.says}",
                allowed_when=f"the device's dates say {' or '.join(f'`{fact}`' for fact in warranty.missing)}, or its "
                "cover has a last day",
                field=f"offers.{device.serial}.dates",
            )


def offer_of(catalogue: Catalogue, service: Service, terms: Terms, device: Device, language: str, **more: Any) -> Offer:
    """A service for a device, at the catalogue's price; ``more`` gives the line's id and its quantity.

    Refuses a device whose warranty is waited for, as long as its end is not known.
    """
    check_known(terms, device, warranties(catalogue.warranties, device))
    return Offer(
        service=service.id,
        text=terms.text(service.name, language),
        serial=device.serial,
        model=device.model,
        prices=service.prices,
        level=service.level,
        device_class=service.device_class,
        sold_as=service.sold_as,
        cover=whole_cover(catalogue.warranties, device),
        facts=device.facts,
        in_use_since=device.in_use_since,
        support_ends=device.support_ends,
        **more,
    )


def term_of(services: Iterable[Service]) -> int | None:
    """The length of term that services are sold for; none where they leave it open. Raises ValueError for several."""
    lengths = {service.term_months for service in services if service.term_months}
    if len(lengths) > 1:
        raise ValueError(f"services for terms of {', '.join(map(str, sorted(lengths)))} months cannot be combined")
    return next(iter(lengths), None)
