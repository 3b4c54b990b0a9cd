"""What a programme offers: services by country, printer type and model, with their prices; and its coupons."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from domain.state import Cover, Price
from domain.terms import Texts
from domain.values import Country, Name, Prices, Text, Value

Serial = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
ServiceId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class Service(Value):
    """One service: where and for what it is offered, what it is, and what it costs, net, per period in months."""

    id: ServiceId
    countries: tuple[Country, ...] = Field(min_length=1)
    printer_type: Name
    models: tuple[Text, ...] = Field(min_length=1)
    name: Texts
    summary: Texts
    details: Texts
    prices: Prices = Field(min_length=1)
    sample: bool = Field(default=False, description="The source gives no price; these are examples.")
    level: Name | None = Field(default=None, description="The service level that it is.")
    device_class: Name | None = Field(default=None, description="The class of a fleet's devices that it is for.")


class Catalogue(Value):
    """Everything that a programme offers."""

    services: tuple[Service, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [service.id for service in self.services]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"services {', '.join(twice)} are listed twice; give each its own id")
        return self

    def fitting(self, *, country: str | None, printer_type: str | None, model: str | None) -> tuple[Service, ...]:
        """The services that fit the answers; an answer that is not given fits all."""
        return tuple(
            service
            for service in self.services
            if (country is None or country in service.countries)
            and (printer_type is None or printer_type == service.printer_type)
            and (model is None or model in service.models)
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
    """A device as its maker or seller knows it, with the cover that it has."""

    serial: Serial
    model: Text
    printer_type: Name
    country: Country
    cover: tuple[Cover, ...] = ()
