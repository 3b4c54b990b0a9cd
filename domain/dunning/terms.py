"""The terms of dunning."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from domain.values import Carried, Rule

Act = Literal["retry", "remind", "suspend", "end", "write_off"]


class DunningStep(Carried):
    """One step, so many days after the decline, or after the last day to pay of an invoice on account."""

    after_days: Annotated[int, Field(ge=0, le=730)]
    do: Act = Field(
        description="`retry`: collect again, where a payment was declined. `remind`: write. `suspend`: service pauses "
        "until it is paid. `end`: the contract ends on that day. `write_off`: the amount is given up."
    )


class DunningTerms(Carried):
    """What happens to invoices for service that are not paid."""

    rule: Rule
    steps: tuple[DunningStep, ...] = Field(min_length=1)
    hopeless: tuple[str, ...] = Field(
        default=("stolen_card", "lost_card", "expired_card", "fraudulent"),
        description="Reasons of a decline after which the same means of payment is not tried again.",
    )

    @field_validator("steps")
    @classmethod
    def _rising(cls, steps: tuple[DunningStep, ...]) -> tuple[DunningStep, ...]:
        days = [step.after_days for step in steps]
        if days != sorted(days):
            msg = "list the steps in the order of their days"
            raise ValueError(msg)
        return steps
