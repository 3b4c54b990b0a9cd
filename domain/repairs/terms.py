"""The terms of repairs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.values import Amount, Carried, Rule


class RepairTerms(Carried):
    """What a repair costs outside cover: labour by the hour, and parts at their price."""

    rule: Rule
    labour_per_hour: Amount = Field(description="Net, in the programme's currency.")
    sample: bool = Field(default=False, description="The source gives no amount; this one is an example.")
    quote_rule: Rule | None = Field(
        default=None,
        description="With a rule here, a repair outside cover is quoted first, and billed as the customer accepts it.",
    )
    quote_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=14, description="Days in which the customer answers such a quote; without an answer it is declined."
    )
    dispute_rule: Rule | None = Field(
        default=None, description="With a rule here, the customer may dispute the charge for a repair."
    )
