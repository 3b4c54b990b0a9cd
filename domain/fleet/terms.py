"""What a programme asks of a fleet: which devices count, how many there must be, how often they are counted."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.values import Carried, Name, Rule

Minimum = Annotated[dict[Name, Annotated[int, Field(ge=1, le=1_000_000)]], Field(min_length=1)]


class FleetTerms(Carried):
    """A contract for a whole installed base: one line for a class of devices, its quantity their number."""

    rule: Rule
    audit_rule: Rule
    excluded_rule: Rule = Field(description="By which a device without valid cover of its own gets no service.")
    kinds: dict[Name, Name] = Field(min_length=1, description="Eligible kinds of device, each with its class.")
    with_device: tuple[Name, ...] = Field(
        default=(), description="Kinds that come along with another device: served, neither counted nor refused."
    )
    covered_by: tuple[Name, ...] = Field(
        min_length=1, description="Kinds of cover of which a device needs one that is valid, to be counted and served."
    )
    minimums: dict[Name, Annotated[tuple[Minimum, ...], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="The fewest devices of each class, by service level; where several are listed, one is enough.",
    )
    whole_base: bool = Field(
        default=True, description="Every eligible device of the installed base must be in; a part of it is refused."
    )
    audit_months: Annotated[int, Field(ge=1, le=240)] | None = Field(
        default=None, description="Months between counts of a running contract's fleet, from activation; none: no such."
    )

    @model_validator(mode="after")
    def _classes_exist(self) -> Self:
        needed = {name for ways in self.minimums.values() for way in ways for name in way}
        if unknown := sorted(needed - set(self.kinds.values())):
            msg = f"classes {', '.join(unknown)} are needed under `minimums`, but no kind under `kinds` counts in them"
            raise ValueError(msg)
        if both := sorted(set(self.with_device) & set(self.kinds)):
            msg = f"{', '.join(both)}: a kind is listed under `kinds` or under `with_device`, not under both"
            raise ValueError(msg)
        return self
