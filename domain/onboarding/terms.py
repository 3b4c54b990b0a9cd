"""The terms of onboarding."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.values import Carried, Rule


class OnboardingTerms(Carried):
    """That a customer is taken on before service starts; the term runs from the day on which that is done."""

    rule: Rule
    within_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=30, description="Days from the complete order in which it must be done, the last one included."
    )
    warn_days: Annotated[int, Field(ge=0, le=365)] = Field(
        default=5, description="Days before that last day on which a ticket is opened if it is not done."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.warn_days >= self.within_days:
            msg = "`warn_days` must be less than `within_days`: the warning comes after the order"
            raise ValueError(msg)
        return self
