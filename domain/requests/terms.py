"""The terms of a request that people decide."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from domain.values import Carried, Name, Rule, Texts


class RequestTerms(Carried):
    """One kind of request: what it must say, its steps in their order, and of which the customer is written."""

    rule: Rule
    text: Texts
    needs: tuple[Name, ...] = Field(default=(), description="Details that it must give, for example `to_country`.")
    steps: dict[Name, Texts] = Field(
        min_length=1, description="Its steps in order, each with its name for the customer; none can be left out."
    )
    tell: tuple[Name, ...] = Field(default=(), description="Steps of which the customer is written.")
    place: Name | None = Field(
        default=None, description="The detail that says where the device stands once the last step is done."
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        unknown = [name for name in self.tell if name not in self.steps]
        if unknown:
            msg = f"`tell` names `{unknown[0]}`, which is not one of `steps`"
            raise ValueError(msg)
        if self.place and self.place not in self.needs:
            msg = f"`place` names `{self.place}`, which is not one of `needs`"
            raise ValueError(msg)
        return self
