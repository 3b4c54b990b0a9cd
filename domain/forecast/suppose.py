"""What may be supposed of a portfolio's future, as data: what customers answer, and what would be other than it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, ValidationError, model_validator

from domain.catalogue import Catalogue, ServiceId
from domain.commands import At, Cancel, Resume, Suspend
from domain.money import percent_of
from domain.terms import Terms
from domain.values import Text, Value

Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=9, decimal_places=8)]
Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{1,9}$")]
Stance = Literal["renews", "declines", "silent"]
STANCES: tuple[Stance, ...] = ("renews", "declines", "silent")
_PARTS = 2**64


class SupposedError(ValueError):
    """Something that cannot be supposed: where it stands, and why."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


class Answers(Value):
    """What customers do, by assumption: the share of them that renews and that declines; the others say nothing.

    Which ones is drawn from a contract's number and ``seed``: the same each time, and a larger share holds a smaller.
    """

    renew: Share = Field(default=Decimal(0), description="The share that says yes to each renewal quote: 0 to 1.")
    decline: Share = Field(default=Decimal(0), description="The share that says no to each renewal quote: 0 to 1.")
    after_days: Annotated[int, Field(ge=0, le=365)] = Field(
        default=14, description="Days after the renewal quote on which they answer, at the hour of notices."
    )
    seed: Annotated[int, Field(ge=0, le=2**32)] = 0
    on_account: Literal["paid", "unpaid"] = Field(
        default="paid", description="Whether customers on account pay their invoices, or never do."
    )

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.renew + self.decline > 1:
            raise ValueError("`renew` and `decline` together are at most 1")
        return self

    @property
    def drawn(self) -> bool:
        """Whether it differs from customer to customer."""
        return {self.renew, self.decline} - {Decimal(0), Decimal(1)} != set()

    def of_all(self) -> Stance:
        """What every customer does where nothing is drawn."""
        return "renews" if self.renew else "declines" if self.decline else "silent"

    def stance(self, number: str) -> Stance:
        """What the customer of a contract does."""
        draw = int.from_bytes(sha256(f"{self.seed}/{number}".encode()).digest()[:8])
        if draw < self.renew * _PARTS:
            return "renews"
        # No is drawn from the other end, so that a larger share of yes moves nobody from no to silence.
        return "declines" if draw >= (1 - self.decline) * _PARTS else "silent"


class PriceMove(Value):
    """List prices that are moved by so many percent: of some services, or of all."""

    percent: Annotated[Decimal, Field(gt=-100, le=1000, max_digits=8, decimal_places=4)]
    services: tuple[ServiceId, ...] = Field(default=(), description="Their ids; left out: all of the programme's.")


class SupposedProgramme(Value):
    """What would be other in a programme."""

    terms: dict[str, Any] = Field(
        default_factory=dict,
        description="A patch of its terms: mappings are merged, all else replaces, null removes.",
    )
    reach: Literal["renewal", "now"] = Field(
        default="renewal",
        description="Whom the patched terms reach: a contract at its next renewal quote, as a new version would, or "
        "every contract at once.",
    )
    prices: tuple[PriceMove, ...] = Field(
        default=(), max_length=10, description="Moves of the price list, one after the other."
    )
    withdrawn: tuple[ServiceId, ...] = Field(
        default=(), max_length=1000, description="Services that leave the price list."
    )


class SupposedCommand(Value):
    """What every customer of the selection would ask for at an instant; those that may not are refused and counted."""

    at: AwareDatetime
    do: Literal["cancel", "suspend", "resume"]
    reason: Text = "supposed"

    def given(self) -> At:
        """The command, and when it is given."""
        name = f"supposed-{self.do}-{self.at:%Y%m%dT%H%M%S}"
        match self.do:
            case "cancel":
                return At(at=self.at, command=Cancel(id=name, reason=self.reason))
            case "suspend":
                return At(at=self.at, command=Suspend(id=name, reason=self.reason))
            case _:
                return At(at=self.at, command=Resume(id=name))


class WhatIf(Value):
    """A future that differs from what is agreed; what is left out stays as it is."""

    title: Text | None = None
    programmes: dict[Code, SupposedProgramme] = Field(default_factory=dict, max_length=50)
    support_ends: dict[Text, date] = Field(
        default_factory=dict, max_length=1000, description="By model: the last day of its maker's support."
    )
    answers: Answers | None = Field(default=None, description="Left out: the same as without any what-if.")
    commands: tuple[SupposedCommand, ...] = Field(default=(), max_length=20)


def patched(terms: Terms, patch: dict[str, Any], where: str) -> Terms:
    """Terms with a patch merged in. Raises SupposedError for a field that there is not, or a value that cannot be."""
    merged = _merged(terms.model_dump(mode="json"), patch)
    try:
        found = Terms.model_validate(merged)
    except ValidationError as error:
        problem = error.errors()[0]
        path = ".".join(str(part) for part in problem["loc"])
        raise SupposedError(f"{where}.{path}" if path else where, problem["msg"]) from error
    unknown = next(_unknown(found, patch, where), None)
    if unknown:
        raise unknown
    for name in ("code", "version", "currency", "time_zone"):
        if getattr(found, name) != getattr(terms, name):
            raise SupposedError(f"{where}.{name}", "this cannot be supposed to be another: it says what contracts are")
    return found


def _merged(value: Any, patch: Any) -> Any:
    if not isinstance(patch, dict) or not isinstance(value, dict):
        return patch
    kept = {key: _merged(value[key], patch[key]) if key in patch else value[key] for key in value}
    return kept | {key: part for key, part in patch.items() if key not in value}


def _unknown(found: Any, patch: Any, where: str) -> Iterator[SupposedError]:
    """The fields of a patch that the terms do not have: models that histories keep would pass over them."""
    if isinstance(found, BaseModel) and isinstance(patch, dict):
        fields = list(type(found).model_fields)
        for key, value in patch.items():
            if key in fields:
                yield from _unknown(getattr(found, key), value, f"{where}.{key}")
            else:
                close = get_close_matches(str(key), fields, n=1) or [f"one of {', '.join(fields)}"]
                yield SupposedError(f"{where}.{key}", f"there is no such field; is it {close[0]}?")
    elif isinstance(found, dict) and isinstance(patch, dict):
        for key in patch.keys() & found.keys():
            yield from _unknown(found[key], patch[key], f"{where}.{key}")
    elif isinstance(found, tuple) and isinstance(patch, list):
        for index, (item, value) in enumerate(zip(found, patch, strict=False)):
            yield from _unknown(item, value, f"{where}.{index}")


def repriced(catalogue: Catalogue, supposed: SupposedProgramme, currency: str, where: str) -> Catalogue:
    """The catalogue with its prices moved and services withdrawn. Raises SupposedError for one that it lacks."""
    known = {service.id for service in catalogue.services}
    named = [
        ("withdrawn", supposed.withdrawn),
        *((f"prices.{n}.services", m.services) for n, m in enumerate(supposed.prices)),
    ]
    for field, names in named:
        for name in names:
            if name not in known:
                close = get_close_matches(name, known, n=3) or sorted(known)[:5]
                raise SupposedError(f"{where}.{field}", f"there is no service {name}; is it {' or '.join(close)}?")
    services = []
    for service in catalogue.services:
        prices = service.prices
        for move in supposed.prices:
            if not move.services or service.id in move.services:
                prices = {months: price + percent_of(price, move.percent, currency) for months, price in prices.items()}
        services.append(service.model_copy(update={"prices": prices}))
    return catalogue.model_copy(
        update={"services": tuple(service for service in services if service.id not in supposed.withdrawn)}
    )
