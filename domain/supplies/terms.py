"""The terms of cover that supplies keep alive."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.values import Carried, Rule

Percent = Annotated[int, Field(ge=0, le=100)]


class Thresholds(Carried):
    """The levels of a supply, in percent, at which its owner is told."""

    low: Percent = 20
    near_empty: Percent = 5


class Levels(Carried):
    """Two alerts for each cartridge, at these levels."""

    rule: Rule
    thresholds: Thresholds = Thresholds()
    by_model: dict[str, Thresholds] = Field(default_factory=dict, description="Other levels for some models.")


class Continuity(Carried):
    """How long an order of supplies keeps the cover alive."""

    rule: Rule
    months: Annotated[int, Field(ge=1, le=120)] = Field(default=12, description="Months from the last order.")
    by_model: dict[str, int] = Field(default_factory=dict, description="Other lengths for some models, in months.")
    warn_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=30, description="Days before the window's last day on which the customer is warned."
    )


class Limit(Carried):
    """When cover ends at the latest: at an age of the device, or with its maker's support."""

    rule: Rule
    max_age_months: Annotated[int, Field(ge=1, le=600)] = 60


class Shipping(Carried):
    """Within how many hours an order must have shipped; one that has not opens a ticket."""

    rule: Rule
    within_hours: Annotated[int, Field(ge=1, le=24 * 60)] = 24


class SuppliesTerms(Carried):
    """Cover that starts with supplies ordered through the programme, and lasts as long as they are."""

    rule: Rule
    orders_to_start: Annotated[int, Field(ge=1, le=100)] = Field(
        default=2, description="Eligible supplies ordered for a device that start its cover."
    )
    continuity: Continuity
    foreign_rule: Rule = Field(description="The rule by which a supply from elsewhere forfeits the cover at once.")
    limit: Limit
    levels: Levels
    shipping: Shipping
