"""The terms of a request that people decide."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from domain.values import Carried, Name, Rule, Texts


class Step(Carried):
    """One step of a request, and its name for the customer."""

    step: Name
    text: Texts


class RequestTerms(Carried):
    """One kind of request: what it must say, its steps in their order, and of which the customer is written."""

    rule: Rule
    text: Texts
    needs: tuple[Name, ...] = Field(default=(), description="Details that it must give, for example `to_country`.")
    steps: tuple[Step, ...] = Field(min_length=1, description="Its steps in their order; none can be left out.")
    tell: tuple[Name, ...] = Field(default=(), description="Steps of which the customer is written.")
    place: Name | None = Field(
        default=None, description="The detail that says where the device stands once the last step is done."
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        names = self.names()
        if len(set(names)) < len(names):
            msg = "each of `steps` needs a name of its own"
            raise ValueError(msg)
        unknown = [name for name in self.tell if name not in names]
        if unknown:
            msg = f"`tell` names `{unknown[0]}`, which is not one of `steps`"
            raise ValueError(msg)
        if self.place and self.place not in self.needs:
            msg = f"`place` names `{self.place}`, which is not one of `needs`"
            raise ValueError(msg)
        return self

    def names(self) -> list[str]:
        """The names of its steps, in their order."""
        return [step.step for step in self.steps]

    def text_of(self, name: str | None) -> Texts | None:
        """A step's name for the customer; none for a step that there is not."""
        return next((step.text for step in self.steps if step.step == name), None)
